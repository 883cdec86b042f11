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
    for name in dmesg.txt vmcore vmcore.incomplete; do
        [ -f "$folder/$name" ] || continue
        printf '%s"%s":%s' "$separator" "$name" "$(size "$folder/$name")"
        separator=,
    done
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
"status":"$([ -n "$core_saved" ] && echo saved || echo failed)","failure":$(string "$failure"),
"kernel":{"capture":$(string "$(uname -r)"),"crashed":$(string "$crashed")},
"date":"$(date -u +%Y-%m-%dT%H:%M:%SZ)",
"uptime":{"start":$started,"end":$uptime},
"steps":[$steps],
"files":{$(files)},
"removed":{$removed},
"memory":{"total_kib":$total,"peak_used_kib":$used},
"tools":{"makedumpfile":$(string "$makedumpfile_version")},
"collector":$(string "makedumpfile $(tr '\n' ' ' <"$etc/collector" | sed 's/ $//')"),
"target":{"uuid":"$uuid","fstype":$(string "$fstype"),"path":"${path:-/}"},
"final":"$final"}
RECORD
}

save_record() {
    rm -f "$folder/.reserve"
    if record >"$folder/kdump.json.part" && limited "$limit_sync" sync "$folder/kdump.json.part" &&
        mv "$folder/kdump.json.part" "$folder/kdump.json" && limited "$limit_sync" sync "$folder"; then
        say "record-saved $path/$id/kdump.json"
    else
        fail fail-record "$path/$id/kdump.json cannot be written"
    fi
}
"""
