# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's part that writes ``kdump.json``, the record of one save."""

from __future__ import annotations

import typing as t

RECORD: t.Final = r"""
# --- the record --------------------------------------------------------------------------------------------------

printable() {
    tr -cd '\040-\176'
}

string() {
    if [ -n "$1" ]; then
        printf '"%s"' "$(printf '%s' "$1" | printable | sed 's/[\\"]/\\&/g')"
    else
        printf null
    fi
}

files() {
    separator=''
    for name in "$log_name" "$core_name" "$core_name.incomplete"; do
        [ -f "$folder/$name" ] || continue
        printf '%s"%s":%s' "$separator" "$name" "$(size "$folder/$name")"
        separator=,
    done
    printf '%s' "$sent"
}

# What became of the target at hand, as far as it is known.
attempt() {
    now
    printf '{"target":%s,"failure":%s,"reason":%s,"started":%s,"ended":%s}' \
        "$(string "${described:-local:UUID=$uuid,${fstype:-auto},${path:-/}}")" "$(string "${failure:-$earlier}")" \
        "$(string "${reason:-$earlier_reason}")" "${attempted:-$started}" "$uptime"
}

document_target() {
    document_filesystem
}

document_filesystem() {
    printf '{"kind":"local","uuid":%s,"label":%s,"fstype":%s,"path":"%s"}' \
        "$(string "$uuid")" "$(string "$label")" "$(string "$fstype")" "${path:-/}"
}

record() {
    # The last line that is whole: the watcher goes on writing.
    total=null used=null
    while read -r known_total known_used; do
        total=$known_total used=$known_used
    done <"$temporary/memory"
    now
    cat <<RECORD
{"schema":{"name":"linux.kdump/record","version":1},
"id":"$id","nonce":$(string "$nonce"),
"status":"$([ -n "$core_saved" ] && echo saved || echo failed)","failure":$(string "${failure:-$earlier}"),
"kernel":{"capture":$(string "$(uname -r)"),"crashed":$(string "$crashed")},
"date":"$(date -u +%Y-%m-%dT%H:%M:%SZ)",
"uptime":{"start":$started,"end":$uptime},
"steps":[$steps],
"files":{$(files)},
"removed":{$removed},
"memory":{"total_kib":$total,"peak_used_kib":$used},
"tools":{"makedumpfile":$(string "$makedumpfile_version")},
"collector":$(string "$(collector)"),
"target":$(document_target),
"targets":[$tried${tried:+,}$(attempt)],
"final":"$(final_action)"$more}
RECORD
}

save_record() {
    "$record_saver"
}

write_record() {
    rm -f "$folder/.reserve"
    if record >"$folder/kdump.json.part" && chmod 600 "$folder"/* &&
        limited "$limit_sync" sync "$folder/kdump.json.part" &&
        mv "$folder/kdump.json.part" "$folder/kdump.json" && limited "$limit_sync" sync "$folder"; then
        say "record-saved $path/$id/kdump.json"
    else
        fail fail-record "$path/$id/kdump.json cannot be written"
    fi
}
"""
