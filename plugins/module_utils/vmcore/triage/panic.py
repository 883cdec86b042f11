# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the kernel died, from its log: class and reason, CPU, task, taint, call trace, and a signature to compare by."""

from __future__ import annotations

import hashlib
import re
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ...proof.text import printable
from ..log.records import LogRecord
from .context import Context, is_context, read_context, read_modules
from .frames import Frame, read_frames, telling_names
from .reasons import CONSEQUENCES, class_of_headline, class_of_panic, reported_before

#: Not the line that ends a panic where nothing is loaded: "---[ end Kernel panic - not syncing: ... ]---".
_PANIC: t.Final = re.compile(r"(?<!end )Kernel panic - not syncing: (?P<reason>.+)")
#: What die() prints on every architecture, in its first line or right after it: which oops since boot it is.
_DIE: t.Final = re.compile(r"\[#\d{1,9}\]")
#: How many lines the headline of a report may be before that line: arm64 describes the fault in between.
_HEADLINES_APART: t.Final = 24
#: How many lines the report of a watchdog may be before the panic: other tasks and CPUs are shown in between.
_REPORTS_APART: t.Final = 4000
#: As much of a line as is looked at: real ones are shorter, and the patterns must stay quick on any other.
_LINE: t.Final = 1100
#: A report ends well before; what follows it in the log is not looked at.
_REPORT: t.Final = 500
_VARIABLE: t.Final = re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}\b|\d+|\S+\.[chS]:|\[.*?\]")
#: More frames would tell apart the ways that lead to one bug.
_SIGNATURE_FRAMES: t.Final = 5
_SYSRQ: t.Final = "sysrq_handle_crash"


class Line(t.NamedTuple):
    """One line of the kernel's own; a record may hold several."""

    text: str
    caller: str | None
    ts_nsec: int | None


class _Anchor(t.NamedTuple):
    """Where the report of the crash begins."""

    position: int
    kind: str
    reason: str


@dataclass(frozen=True)
class Panic:
    """What the log says about the crash; what it does not say is None."""

    kind: str
    reason: str
    context: Context
    frames: tuple[Frame, ...]
    modules: tuple[str, ...] | None = None
    uptime: float | None = None

    @property
    def signature(self) -> str:
        """16 hex digits, the same for the same bug on any host: of the class and the names of the top frames."""
        names = telling_names(self.frames, _SIGNATURE_FRAMES)
        # A crash that left no trace is known by its words alone, without their numbers.
        key = names or (" ".join(_VARIABLE.sub("N", self.reason).split()),)
        return hashlib.sha256("\n".join([self.kind, *key]).encode("utf-8", "replace")).hexdigest()[:16]


def kernel_lines(records: Sequence[LogRecord]) -> list[Line]:
    """What the kernel itself said, line by line. What processes wrote is not believed."""
    return [
        Line(text[:_LINE], record.caller, record.ts_nsec)
        for record in records
        if record.from_kernel
        for text in (record.text.split("\n") if "\n" in record.text else (record.text,))
    ]


def find_panic(records: Sequence[LogRecord]) -> Panic | None:
    """The last crash in the log."""
    lines = kernel_lines(records)
    anchor = _anchor(lines)
    if anchor is None:
        return None
    first = lines[anchor.position]
    # Other CPUs may talk in between; the dying one keeps its number.
    report = [line.text for line in lines[anchor.position :] if line.caller == first.caller][:_REPORT]
    frames = read_frames(report)
    return Panic(
        kind="sysrq" if any(frame.name == _SYSRQ for frame in frames) else anchor.kind,
        reason=printable(anchor.reason),
        context=read_context(report),
        frames=frames,
        modules=read_modules(report),
        uptime=None if first.ts_nsec is None else first.ts_nsec / 1e9,
    )


def _anchor(lines: list[Line]) -> _Anchor | None:
    panic = next((at for at in range(len(lines) - 1, -1, -1) if _PANIC.search(lines[at].text)), None)
    if panic is None:
        return _died(lines, len(lines))
    match = _PANIC.search(lines[panic].text)
    reason = match["reason"] if match else ""
    found = _Anchor(panic, class_of_panic(reason), reason)
    if CONSEQUENCES.match(reason):
        return _died(lines, panic) or found
    return (_reported(lines, found) if reported_before(found.kind) else None) or found


def _died(lines: list[Line], end: int) -> _Anchor | None:
    """The last report of die() before a line: from its headline on, which is not always the line with its number."""
    last = next((at for at in range(end - 1, -1, -1) if _DIE.search(lines[at].text)), None)
    if last is None:
        return None
    found = _Anchor(last, class_of_headline(lines[last].text) or "die", lines[last].text)
    for at in range(last - 1, max(last - _HEADLINES_APART, -1), -1):
        text, caller = lines[at].text, lines[at].caller
        if caller != lines[last].caller:
            continue
        if is_context(text) or "end trace" in text:
            break
        kind = class_of_headline(text)
        if kind:
            found = _Anchor(at, kind, text)
    return found


def _reported(lines: list[Line], panic: _Anchor) -> _Anchor | None:
    """The last report of what the panic is about."""
    for at in range(panic.position - 1, max(panic.position - _REPORTS_APART, -1), -1):
        text = lines[at].text
        if class_of_headline(text) == panic.kind:
            return _Anchor(at, panic.kind, text)
    return None
