# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the kernel died, from its log: reason, CPU, task, taint and call trace, and a signature to compare crashes by."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..log.ring import LogRecord

_PANIC: t.Final = re.compile(r"Kernel panic - not syncing: (?P<reason>.+)")
#: How a report begins that can end in a panic, or in a crash without one (an oops jumps to the crash kernel at once).
HEADLINES: t.Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?P<reason>BUG: .+)",
        r"^(?P<reason>kernel BUG at .+)",
        r"^(?P<reason>(?:watchdog: )?BUG: (?:soft|hard) lockup.*)",
        r"^(?P<reason>NMI watchdog: Watchdog detected hard LOCKUP.*)",
        r"^(?P<reason>general protection fault.*)",
        r"^(?P<reason>Unable to handle kernel .+)",
        r"^(?P<reason>Internal error: .+)",
        r"^(?P<reason>(?:divide error|invalid opcode|stack segment|double fault|int3|alignment check): .+)",
        r"^(?P<reason>Oops: .+)",
    )
)
#: How many lines the headlines of one report may be apart.
_HEADLINES_APART: t.Final = 8
#: As much of a line as is looked at: real ones are shorter, and the patterns must stay quick on any other.
_LINE: t.Final = 1024
#: Reasons of a panic that only say that an oops came before it.
_FATAL: t.Final = re.compile(r"^Fatal exception\b")
_CPU: t.Final = re.compile(
    r"CPU: (?P<cpu>\d+) (?:UID: \d+ )?PID: (?P<pid>\d+) Comm: (?P<comm>.+?) (?:Kdump: loaded )?"
    r"(?:Not tainted|Tainted: (?P<taint>[A-Z](?: *[A-Z])*))(?: |$)"
)
_TRACE: t.Final = re.compile(r"^\s*Call Trace:")
_FRAME: t.Final = re.compile(r"^\s*(?P<unsure>\? )?(?P<name>[A-Za-z_.$][\w.$]*)\+0x[0-9a-f]+/0x[0-9a-f]+")
_POINTER: t.Final = re.compile(r"^RIP: [0-9a-f]{4}:(?P<frame>[A-Za-z_]\S*)")
#: What may stand between the frames of one trace.
_MARKER: t.Final = re.compile(
    r"^\s*</?(?:TASK|IRQ|NMI|SOFTIRQ|ENTRY_TRAMPOLINE|#\w+)>|^\s*(?:RIP|RSP|RAX|RDX|RBP|R10|R13|Code|ORIG_RAX)\b"
)
_MAX_FRAMES: t.Final = 64

#: Frames that every crash has, which tell nothing about this one.
HELPERS: t.Final = re.compile(
    r"^(?:dump_stack\w*|show_\w+|panic|__?crash_kexec|crash_kexec|machine_kexec|oops_end|die|die_\w+|__die\w*|no_context"
    r"|page_fault_oops|do_trap|do_error_trap|handle_bug|exc_\w+|asm_\w+|\w*bad_area\w*|report_bug|__warn\w*|ret_from_\w+)$"
)
_SUFFIX: t.Final = re.compile(r"\.(?:isra|constprop|part|cold|llvm|lto_priv)\b.*$")
_VARIABLE: t.Final = re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}\b|\d+")
_SIGNATURE_FRAMES: t.Final = 6


@dataclass(frozen=True)
class Panic:
    """What the log says about the crash; what it does not say is None."""

    reason: str
    cpu: int | None
    pid: int | None
    comm: str | None
    taint: str | None
    backtrace: tuple[str, ...]

    @property
    def signature(self) -> str:
        """16 hex digits, the same for the same bug on any host: of the reason and the top frames."""
        names = (_SUFFIX.sub("", frame.split("+")[0]) for frame in self.backtrace if not frame.startswith("? "))
        frames = [name for name in names if not HELPERS.match(name)][:_SIGNATURE_FRAMES]
        return hashlib.sha256("\n".join([_VARIABLE.sub("N", self.reason), *frames]).encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, t.Any]:
        """The panic as the verdict document holds it."""
        return {
            "reason": self.reason,
            "cpu": self.cpu,
            "pid": self.pid,
            "comm": self.comm,
            "taint": self.taint,
            "backtrace": list(self.backtrace),
        }


def find_panic(records: Sequence[LogRecord]) -> Panic | None:
    """The last crash in the log. What processes wrote is not believed."""
    kernel = [dataclasses.replace(record, text=record.text[:_LINE]) for record in records if record.from_kernel]
    anchor = _anchor(kernel)
    if anchor is None:
        return None
    start, reason = anchor
    # Other CPUs may talk in between; the dying one keeps its number.
    lines = [record.text for record in kernel[start:] if record.caller == kernel[start].caller]
    match = next((found for found in map(_CPU.search, lines) if found), None)
    return Panic(
        reason=reason,
        cpu=int(match["cpu"]) if match else None,
        pid=int(match["pid"]) if match else None,
        comm=match["comm"] if match else None,
        taint=(match["taint"] or "").replace(" ", "") if match else None,
        backtrace=tuple(_backtrace(lines)),
    )


def _anchor(kernel: list[LogRecord]) -> tuple[int, str] | None:
    """Where the report of the crash begins, and its reason."""
    panic: tuple[int, str] | None = None
    for position in range(len(kernel) - 1, -1, -1):
        match = _PANIC.search(kernel[position].text)
        if match:
            panic = position, match["reason"]
            break
    if panic is not None and not _FATAL.match(panic[1]):
        return panic
    limit = panic[0] if panic else len(kernel)
    return _headline(kernel[:limit]) or panic


def _headline(kernel: list[LogRecord]) -> tuple[int, str] | None:
    """The first line of the last report: its own headline, not the "Oops:" line that may follow it."""
    found: tuple[int, str] | None = None
    for position in range(len(kernel) - 1, -1, -1):
        text = kernel[position].text
        if found is not None and (found[0] - position > _HEADLINES_APART or _CPU.search(text)):
            break
        match = next((match for match in (pattern.match(text) for pattern in HEADLINES) if match), None)
        if match:
            found = position, match["reason"]
    return found


def _backtrace(lines: list[str]) -> Iterator[str]:
    """The frame that the instruction pointer names, then those of the first call trace."""
    start = next((number for number, line in enumerate(lines) if _TRACE.match(line)), len(lines))
    pointer = next((match for match in map(_POINTER.match, lines[:start]) if match), None)
    if pointer:
        yield pointer["frame"]
    for line in lines[start + 1 : start + 1 + _MAX_FRAMES]:
        frame = _FRAME.match(line)
        if frame:
            yield line.strip()
        elif not _MARKER.match(line):
            return
