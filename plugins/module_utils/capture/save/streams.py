# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's optional part that makes streams of the vmcore and the log, and what such files are called.

A stream is needed where no file can be written: by a connection to a server; and where something stands between the
collector and the file: a compressor, encryption. Then makedumpfile writes its flattened format, which is made for
pipes, and the readers of this collection and crash(8) read it as it is.

What other parts of the script may use::

    log_stream      the log on standard output, once read_log has put it into this kernel's memory and found the nonce
    core_stream     the vmcore on standard output
    streamed <limit> <function> [<argument>...]
                    runs a function that ends in a stream: the tools in it are what the kernel shall kill first, each
                    ends within the limit (by "timeout", which they call themselves), what they say of errors is kept
                    for last_words, and the status is that of the last one which failed; standard output is the caller's
    $log_name $core_name
                    what the two are to be called
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

VMCORE: t.Final = "vmcore"
LOG: t.Final = "dmesg.txt"
ENCRYPTED: t.Final = ".age"

#: The filter through which makedumpfile's flattened stream comes to standard output.
_KDUMP_SOURCE: t.Final = r"""
core_source() {
    output=''
    with_collector timeout -k 5 "$limit" "$makedumpfile" -F
}
"""
#: The whole memory as it is. A raw copy needs no makedumpfile.
_RAW_SOURCE: t.Final = r"""
core_source() {
    timeout -k 5 "$limit" dd if="$proc/vmcore" bs=1M status=none
}
"""
#: Where no stream is asked for, only the copy of the vmcore changes.
RAW: t.Final = r"""
# --- saving all memory as it is ----------------------------------------------------------------------------------

write_core() {
    limited "$limit_core" dd if="$proc/vmcore" of="$1" bs=1M status=none
}

collector() {
    echo "dd bs=1M"
}
"""

_STREAMS: t.Final = r"""
# --- streams -----------------------------------------------------------------------------------------------------

core_name={core_name} log_name={log_name}

streamed() {{
    limit=$1
    shift
    (
        {{ echo 1000 >"$proc/self/oom_score_adj"; }} 2>/dev/null
        # Go asks for 32 MiB that it hardly touches.
        {{ echo 1 >"$proc/sys/vm/overcommit_memory"; }} 2>/dev/null
        set -o pipefail
        "$@"
    ) 2>"$temporary/out"
}}

read_log() {{
    limited "$limit_log" "$makedumpfile" --dump-dmesg "$proc/vmcore" "$temporary/dmesg" && find_nonce "$temporary/dmesg"
}}

log_stream() {{
    {log_pipe}
}}

core_stream() {{
    core_source{core_pipe}
}}
"""

#: With something in between, files are written by way of the streams too.
_FILES: t.Final = r"""
write_log() {{
    read_log && streamed "$limit_log" log_stream >"$1"
    read_rc=$?
    rm -f "$temporary/dmesg"
    return "$read_rc"
}}

write_core() {{
    streamed "$limit_core" core_stream >"$1"
    write_rc=$?
    case $write_rc in
        # Well, or killed.
        0 | 137 | 143) ;;
        *) explain_write ;;
    esac
    return "$write_rc"
}}

# Not every filter says why it could not write; where the disk is full, another write does.
explain_write() {{
    timeout -k 5 "$limit_sync" dd if=/dev/zero of="$folder/.probe" bs=65536 count=16 conv=fsync 2>"$temporary/probe" ||
        cat "$temporary/probe" >>"$temporary/out"
    rm -f "$folder/.probe"
}}

collector() {{
    echo "{collector}"
}}
"""


@dataclass(frozen=True)
class Filter:
    """Something that stands between the collector and the file."""

    #: How a person would call it, for the record.
    name: str
    #: What it adds to a file's name.
    suffix: str
    #: The command, as the script runs it; from standard input to standard output.
    command: str
    #: Assignments that stand before it.
    environment: str = ""


def part(*, raw: bool = False, pack: Filter | None = None, seal: Filter | None = None, files: bool = True) -> str:
    """The part for a raw or a flattened vmcore that is compressed by ``pack`` and encrypted by ``seal``.

    Without ``files`` only what asks for a stream gets one, and makedumpfile goes on writing files by itself.
    """
    chain = [stage for stage in (pack, seal) if stage is not None]
    own = "$(tr '\\n' ' ' <\"$etc/collector\" | sed 's/ $//')${rounds:+ --cyclic-buffer $rounds}"
    collected = "dd bs=1M" if raw else f"makedumpfile -F {own}"
    text = (_STREAMS + (_FILES if files else "")).format(
        core_name=core_name(pack=pack, seal=seal),
        log_name=log_name(seal=seal),
        log_pipe=f'{_bounded(seal)} <"$temporary/dmesg"' if seal else 'cat "$temporary/dmesg"',
        core_pipe="".join(f" | {_bounded(stage)}" for stage in chain),
        collector=collected + "".join(f" | {stage.name}" for stage in chain),
    )
    return text + (_RAW_SOURCE if raw else _KDUMP_SOURCE)


def core_name(*, pack: Filter | None, seal: Filter | None) -> str:
    """What the vmcore is called."""
    return VMCORE + "".join(stage.suffix for stage in (pack, seal) if stage is not None)


def log_name(*, seal: Filter | None) -> str:
    """What the log is called."""
    return LOG + (seal.suffix if seal else "")


def _bounded(stage: Filter) -> str:
    bounded = f'timeout -k 5 "$limit" {stage.command}'
    return f"{stage.environment} {bounded}" if stage.environment else bounded
