# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's part that saves the kernel log and the vmcore."""

from __future__ import annotations

import typing as t

COLLECT: t.Final = r"""
# --- saving ------------------------------------------------------------------------------------------------------

save_log() {
    now
    began_log=$uptime
    limited "$limit_log" "$makedumpfile" --dump-dmesg "$proc/vmcore" "$folder/dmesg.txt"
    rc=$?
    if [ "$rc" -ne 0 ]; then
        blame "$rc" "$began_log" "$limit_log" fail-log
        fail "$tag" "the kernel log: status $rc: $(last_words)"
        return "$rc"
    fi
    limited "$limit_sync" sync "$folder/dmesg.txt" "$folder"
    rc=$?
    nonce=$(grep -o 'linux\.kdump: drill nonce=[0-9a-f]*' "$folder/dmesg.txt" | tail -n 1)
    nonce=${nonce##*=}
    [ "${#nonce}" -eq 32 ] || nonce=''
    say "log-saved $(size "$folder/dmesg.txt") bytes${nonce:+, drill nonce $nonce}"
    return "$rc"
}

save_core() {
    set --
    while read -r word; do
        set -- "$@" "$word"
    done <"$etc/collector"
    now
    began_core=$uptime
    limited "$limit_core" "$makedumpfile" "$@" "$proc/vmcore" "$folder/vmcore.incomplete"
    rc=$?
    if [ "$rc" -eq 0 ]; then
        now
        began_core=$uptime
        limited "$limit_sync" sync "$folder/vmcore.incomplete"
        rc=$?
        blame_limit=$limit_sync
    else
        blame_limit=$limit_core
    fi
    if [ "$rc" -ne 0 ]; then
        blame "$rc" "$began_core" "$blame_limit" fail-core
        fail "$tag" "the vmcore: status $rc: $(last_words)"
        [ "$tag" != fail-space ] || remove_incomplete
        return "$rc"
    fi
    mv "$folder/vmcore.incomplete" "$folder/vmcore" && limited "$limit_sync" sync "$folder"
    rc=$?
    if [ "$rc" -ne 0 ]; then
        fail fail-core "the vmcore cannot be given its name: $(last_words)"
        return "$rc"
    fi
    core_saved=1
    say "core-saved $(size "$folder/vmcore") bytes"
}

remove_incomplete() {
    [ -f "$folder/vmcore.incomplete" ] || return 0
    removed="\"vmcore.incomplete\":$(size "$folder/vmcore.incomplete")"
    rm -f "$folder/vmcore.incomplete"
    say "note-removed the incomplete vmcore, so that the machine does not come back to a full disk"
}

size() {
    stat -c %s "$1"
}
"""
