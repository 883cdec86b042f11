# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's optional part for targets that are no file system: everything goes there as a stream.

A kind of target that takes streams defines ``put_<kind> <name> <seconds>``, which stores standard input under a name
and writes one line into ``$temporary/put``: ``ok <bytes>``, ``exists <bytes>`` where an earlier attempt has stored it
already, ``incomplete`` where the stream itself was not whole, or a tag and a text. The small files that the dump
consists of besides are kept in this kernel's memory meanwhile.
"""

from __future__ import annotations

import typing as t

APPLETS: t.Final = ("mkfifo", "tee")

STREAM: t.Final = r"""
# --- targets that take streams -----------------------------------------------------------------------------------

# From here on this target is a stream; what its record is made of stands in a folder of this kernel's own.
as_stream() {
    folder=$temporary/dump
    mkdir -p "$folder"
    log_saver=send_log core_saver=send_core record_saver=send_record
}

# Function $1 writes a stream within $2 seconds, which is stored as $3. The bytes are in $bytes, else $tag and $why say
# what went wrong. The producer's status is on disk before the stream ends, so that whoever stores it can look.
send() {
    rm -f "$temporary/produced" "$temporary/put"
    now
    began_send=$uptime produced=1 word='' why=''
    {
        streamed "$2" "$1"
        echo "$?" >"$temporary/produced"
    } | "put_$kind" "$3" $(($2 + limit_sync))
    # Whatever was killed in between has written nothing.
    { read -r produced <"$temporary/produced"; } 2>/dev/null
    { read -r word why <"$temporary/put"; } 2>/dev/null
    case $word in
        ok)
            bytes=$why
            [ "$produced" -ne 0 ] || return 0
            ;;
        exists)
            bytes=${why%%[!0-9]*}
            return 0
            ;;
        fail-*)
            tag=$word
            return 1
            ;;
    esac
    blame "$produced" "$began_send" "$2" fail-core
    why="status $produced: $(last_words)"
    return 1
}

send_log() {
    now
    began_log=$uptime
    read_log
    rc=$?
    if [ "$rc" -ne 0 ]; then
        blame "$rc" "$began_log" "$limit_log" fail-log
        fail "$tag" "the kernel log: status $rc: $(last_words)"
    elif send log_stream "$limit_log" "$log_name"; then
        sent="\"$log_name\":$bytes"
        say "log-saved $bytes bytes${nonce:+, drill nonce $nonce}"
    else
        rc=1
        fail "$tag" "the kernel log: $why"
    fi
    rm -f "$temporary/dmesg"
    return "$rc"
}

send_core() {
    if ! send core_stream "$limit_core" "$core_name"; then
        fail "$tag" "the vmcore: $why"
        return 1
    fi
    note_saved
    sent="$sent${sent:+,}\"$core_name\":$bytes"
    say "core-saved $bytes bytes"
}

send_record() {
    # Over a connection that was just lost it would only wait once more.
    [ "$failure" != fail-network ] || [ -n "$core_saved" ] || return 1
    if record >"$folder/kdump.json" && send record_stream "$limit_sync" kdump.json; then
        say "record-saved $described $id/kdump.json"
    else
        fail fail-record "$id/kdump.json cannot be stored: $why"
    fi
}

record_stream() {
    cat "$folder/kdump.json"
}

# Runs a tool that stores a stream: as what the kernel shall kill first, under a limit of $1 seconds.
storing() {
    { echo 1000 >"$proc/self/oom_score_adj"; } 2>/dev/null
    limit=$1
    shift
    exec timeout -k 5 "$limit" "$@"
}

# Passes standard input on, to tool $1 too, whose answer is then the first word of $temporary/$1.
teed() {
    rm -f "$temporary/tee" "$temporary/$1"
    mkfifo "$temporary/tee"
    "$1" <"$temporary/tee" >"$temporary/$1" &
    tee "$temporary/tee"
    wait "$!"
}

outcome() {
    echo "$*" >"$temporary/put"
}

last_said() {
    said=$(tr '\r' '\n' <"$temporary/said" | grep -v '^ *$' | tail -n 1)
    echo "${said:-it said nothing}"
}
"""
