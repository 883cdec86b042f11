# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's optional part for a raw partition, and what lies on one.

The partition is found by its own header, which is put there with its owner's consent before any crash, so that nothing
else can ever be overwritten. The header is one block of `HEADER_BYTES` of text, ``name=value`` lines after a first line
that names the format, filled up with NULs. In the order of the lines::

    partuuid        what the kernel command line calls it by
    state           empty, writing, failed, complete
    id              the dump's
    record_bytes    the size of kdump.json, at block 1
    log log_bytes   the name of the kernel log's file and its size, at block 16
    core core_block core_bytes
                    the name of the vmcore, where it begins and its size

Blocks are `BLOCK_BYTES` long, counted from the start of the partition. A state other than ``complete`` says that the
vmcore is not whole; ``failed`` with a size other than 0, that so much of it is there. The vmcore is a flattened stream
of makedumpfile.

The header names what is on the disk already, from the record's first version on, so that a machine that dies while it
saves still leaves its story and its log.
"""

from __future__ import annotations

import typing as t

MAGIC: t.Final = "linux.kdump raw 1"
HEADER_BYTES: t.Final = 4096
BLOCK_BYTES: t.Final = 65536
RECORD_BLOCK: t.Final = 1
LOG_BLOCK: t.Final = 16

#: Busybox's dd does not say how many bytes it copied.
APPLETS: t.Final = ("wc",)

RAW: t.Final = r"""
# --- a raw partition ---------------------------------------------------------------------------------------------

kinds="$kinds raw"

read_raw() {
    case $fields in
        PARTUUID=?*) partuuid=${fields#PARTUUID=} ;;
        *) return 1 ;;
    esac
    matches "$partuuid" '0-9a-f-'
}

# Only what bears our header, made for this very target, is ever written to.
find_raw() {
    now
    give_up=$((${uptime%.*} + limit_target))
    while :; do
        [ -n "$devtmpfs" ] || mdev -s
        for place in "$sys"/class/block/*; do
            device=$dev/${place##*/}
            case ${place##*/} in
                ram* | loop* | sr* | fd* | zram*) continue ;;
            esac
            limited 10 head -c 4096 "$device" && is_ours && return 0
        done
        now
        [ "${uptime%.*}" -lt "$give_up" ] || return 1
        sleep 0.1
    done
}

is_ours() {
    first='' second=''
    { read -r first && read -r second; } <"$temporary/out"
    [ "$first" = 'linux.kdump raw 1' ] && [ "$second" = "partuuid=$partuuid" ]
}

# A whole dump that nobody has recovered yet gives way to a new one only where that could go nowhere else.
is_kept() {
    held=$(sed -n 's/^id=//p' "$temporary/out" | printable)
    [ "$entry" != "${targets##* }" ] && grep -q '^state=complete$' "$temporary/out"
}

open_raw() {
    if ! find_raw; then
        fail fail-target "no partition that was prepared as $partuuid appeared within $limit_target seconds"
        return 1
    fi
    if is_kept; then
        fail fail-space "$device still holds the dump $held, which was not recovered yet"
        return 1
    fi
    new_id
    record_bytes=0 log_bytes=0 core_block=0 core_bytes=0
    as_stream
    record >"$folder/kdump.json"
    if ! send record_stream "$limit_sync" kdump.json; then
        folder=''
        fail "$tag" "$device cannot be written to: $why"
        return 1
    fi
    record_bytes=$bytes
    if ! write_header writing; then
        folder=''
        fail "$tag" "$device cannot be written to: $(last_words)"
        return 1
    fi
    log_saver=save_raw_log core_saver=save_raw_core record_saver=close_raw
    say "target-ready $device $id"
}

write_header() {
    printf 'linux.kdump raw 1\n' >"$temporary/header"
    printf '%s\n' "partuuid=$partuuid" "state=$1" "id=$id" "record_bytes=$record_bytes" \
        "log=$log_name" "log_bytes=$log_bytes" \
        "core=$core_name" "core_block=$core_block" "core_bytes=$core_bytes" >>"$temporary/header"
    now
    began_header=$uptime
    limited "$limit_sync" dd if="$temporary/header" of="$device" bs=4096 count=1 conv=sync,notrunc,fsync && return 0
    blame "$?" "$began_header" "$limit_sync" fail-target
    return 1
}

put_raw() {
    case $1 in
        kdump.json) block=1 ;;
        "$log_name") block=16 ;;
        *) block=$(next_block) ;;
    esac
    teed wc_bytes | (storing "$2" dd of="$device" bs=65536 seek="$block" conv=notrunc,fsync) 2>"$temporary/said"
    rc=$?
    if [ "$rc" -eq 0 ]; then
        read -r counted <"$temporary/wc_bytes"
        outcome ok "$counted"
    elif grep -qi 'No space left on device' "$temporary/said"; then
        outcome fail-space "the partition $device is too small"
    elif [ "$rc" -eq 143 ] || [ "$rc" -eq 137 ]; then
        outcome fail-timeout "$device did not take it within $2 seconds"
    else
        outcome fail-core "$device: status $rc: $(last_said)"
    fi
}

wc_bytes() {
    wc -c
}

# The vmcore begins after the log.
next_block() {
    echo $((16 + (log_bytes + 65535) / 65536))
}

save_raw_log() {
    send_log || return
    log_bytes=$bytes
    write_header writing && return 0
    fail "$tag" "$device: $(last_words)"
    return 1
}

save_raw_core() {
    core_block=$(next_block) bytes=0
    send_core
    rc=$?
    # What of it is on the disk where the collector failed; not where the disk itself did.
    core_bytes=$bytes
    [ "$rc" -eq 0 ] || [ "$bytes" -eq 0 ] || sent="$sent${sent:+,}\"$core_name.incomplete\":$bytes"
    return "$rc"
}

close_raw() {
    send_record
    [ ! -f "$folder/kdump.json" ] || record_bytes=$(size "$folder/kdump.json")
    write_header "$([ -n "$core_saved" ] && echo complete || echo failed)" || fail fail-record "$device: $(last_words)"
}

document_raw() {
    printf '{"kind":"raw","partuuid":"%s"}' "$partuuid"
}
"""
