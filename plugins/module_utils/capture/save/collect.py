# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's part that saves the kernel log and the vmcore.

On its own it lets makedumpfile write the files of a mounted target. Where that is not enough, because something has
to be put between the collector and the file, or because there is no file but a connection, an optional part defines
some of its functions anew: see `streams`.
"""

from __future__ import annotations

import typing as t

COLLECT: t.Final = r"""
# --- saving ------------------------------------------------------------------------------------------------------

core_name=vmcore log_name=dmesg.txt
# What optional parts add to the record: members of its object, each after a comma.
more=''

# Optional parts do something here.
before_saving() { :; }
after_saving() { :; }

save_log() {
    now
    began_log=$uptime
    write_log "$folder/$log_name"
    rc=$?
    if [ "$rc" -ne 0 ]; then
        blame "$rc" "$began_log" "$limit_log" fail-log
        fail "$tag" "the kernel log: status $rc: $(last_words)"
        return "$rc"
    fi
    limited "$limit_sync" sync "$folder/$log_name" "$folder"
    rc=$?
    say "log-saved $(size "$folder/$log_name") bytes${nonce:+, drill nonce $nonce}"
    return "$rc"
}

write_log() {
    limited "$limit_log" "$makedumpfile" --dump-dmesg "$proc/vmcore" "$1" && find_nonce "$1"
}

find_nonce() {
    nonce=$(grep -o 'linux\.kdump: drill nonce=[0-9a-f]*' "$1" | tail -n 1)
    nonce=${nonce##*=}
    [ "${#nonce}" -eq 32 ] || nonce=''
}

save_core() {
    now
    began_core=$uptime
    write_core "$folder/$core_name.incomplete"
    rc=$?
    if [ "$rc" -eq 0 ]; then
        now
        began_core=$uptime
        limited "$limit_sync" sync "$folder/$core_name.incomplete"
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
    mv "$folder/$core_name.incomplete" "$folder/$core_name" && limited "$limit_sync" sync "$folder"
    rc=$?
    if [ "$rc" -ne 0 ]; then
        fail fail-core "the vmcore cannot be given its name: $(last_words)"
        return "$rc"
    fi
    note_saved
    say "core-saved $(size "$folder/$core_name") bytes"
}

# The watcher is a process of its own and sees no variable that is set after it began.
note_saved() {
    core_saved=1
    { echo >"$temporary/saved"; } 2>/dev/null
}

write_core() {
    output=$1
    with_collector limited "$limit_core" "$makedumpfile"
}

# Runs the words given, with the collector's own and the two files after them; without $output to standard output.
with_collector() {
    while read -r word; do
        set -- "$@" "$word"
    done <"$etc/collector"
    "$@" ${rounds:+--cyclic-buffer "$rounds"} "$proc/vmcore" ${output:+"$output"}
}

# makedumpfile would give its two bitmaps, a bit for each page, up to 60 % of what is free, and then dies of how little
# is left (1.7.2; seen from 32 GiB of RAM on). With less for them it goes through the memory in rounds. Where they are
# small anyway, and where the collector's own words say what they get, nothing is added.
frugal() {
    rounds='' room=0
    case " $(tr '\n' ' ' <"$etc/collector")" in
        *' --cyclic-buffer'* | *' --non-cyclic '*) return ;;
    esac
    while read -r key value _; do
        [ "$key" != MemFree: ] || room=$((value / 16))
    done <"$proc/meminfo"
    [ "$room" -ge 64 ] || room=64
    memory=$(size "$proc/vmcore" 2>/dev/null)
    # In KiB: 4096 bytes a page, 8 pages a byte, 1024 bytes.
    [ $((${memory:-0} >> 25)) -lt "$room" ] || rounds=$room
}

collector() {
    echo "makedumpfile $(tr '\n' ' ' <"$etc/collector" | sed 's/ $//')${rounds:+ --cyclic-buffer $rounds}"
}

remove_incomplete() {
    [ -f "$folder/$core_name.incomplete" ] || return 0
    removed="\"$core_name.incomplete\":$(size "$folder/$core_name.incomplete")"
    rm -f "$folder/$core_name.incomplete"
    say "note-removed the incomplete vmcore, so that the machine does not come back to a full disk"
}

size() {
    stat -c %s "$1"
}
"""
