# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verdict in a few lines for people: what the dump is worth, what crashed and where, and what to do next."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..proof.text import human_duration, printable
from .triage.frames import base_name
from .triage.helpers import is_helper

#: What each verdict means.
_VERDICTS: t.Final = {
    "ok": "The dump is complete and sound",
    "incomplete": "The dump is incomplete",
    "corrupt": "The dump is corrupt",
    "mismatch": "The dump is not the one expected",
    "unrecognised": "This is no dump that can be read here",
}
#: What each class of crash is called.
CLASSES: t.Final = {
    "oops": "an invalid memory access in the kernel",
    "bug": "a failed assertion in the kernel",
    "die": "a processor exception in the kernel",
    "soft_lockup": "a CPU that did not let go of a task",
    "hard_lockup": "a CPU that took no interrupts",
    "hung_task": "a task that waited too long",
    "rcu_stall": "a CPU that held up RCU",
    "warning": "a kernel warning, set to panic",
    "nmi": "a non-maskable interrupt",
    "mce": "a hardware error",
    "out_of_memory": "no memory left, set to panic",
    "sysrq": "a crash on request",
    "panic": "a panic",
    "unknown": "a crash of unknown cause",
}
_FRAMES: t.Final = 4
#: Findings are told worst first, and so many of them in full.
_SEVERITIES: t.Final = ("error", "warning", "info")
_FINDINGS: t.Final = 3
Document = dict[str, t.Any]


def summarise(document: Document) -> str:
    """At most six lines; one where all is well and nobody looked at the log."""
    return "\n".join([_headline(document), *_crash(document), *_findings(document)])


def _headline(document: Document) -> str:
    words = [_VERDICTS[document["verdict"]]]
    if document["release"]:
        words.append(f": Linux {printable(document['release'], limit=80)}")
        words.append(f" ({document['machine']})" if document["machine"] else "")
    if document["nodename"]:
        words.append(f" of host {printable(document['nodename'], limit=80)}")
    if document["crash_time"]:
        words.append(f", crashed at {document['crash_time']}")
    if document["uptime"] is not None:
        words.append(f" after {human_duration(document['uptime'])}")
    return "".join(words) + "."


def _crash(document: Document) -> Iterator[str]:
    panic = document["panic"]
    if panic is None:
        return
    places = [f"on CPU {panic['cpu']}" if panic["cpu"] is not None else ""]
    if panic["comm"] or panic["pid"] is not None:
        task = printable(panic["comm"] or "a task", limit=40)
        places.append(f"in {task}" + ("" if panic["pid"] is None else f" (pid {panic['pid']})"))
    places.append(f"tainted {panic['taint']}" if panic["taint"] else "")
    where = ", ".join(filter(None, places))
    what = f"Crash: {CLASSES[panic['class']]}: {printable(panic['reason'], limit=160)}"
    yield f"{what} ({where})" if where else what
    trace = _trace(panic["backtrace"])
    if trace or document["signature"]:
        known = f"signature {document['signature']}" if document["signature"] else ""
        yield "Where: " + "; ".join(filter(None, [" < ".join(trace), known]))


def _trace(backtrace: list[str]) -> list[str]:
    """The innermost functions that tell something; guesses only where there is nothing better."""
    for frames in (
        [frame for frame in backtrace if not frame.startswith("?")],
        [frame.lstrip("? ") for frame in backtrace],
    ):
        names = [base_name(frame.split("+")[0]) for frame in frames]
        telling = [printable(name, limit=60) for name in names if not is_helper(name)]
        if telling:
            return telling[:_FRAMES]
    return []


def _findings(document: Document) -> Iterator[str]:
    """Every finding says itself what to do about it."""
    found = sorted(document["findings"], key=lambda one: _SEVERITIES.index(one["severity"]))
    for number, one in enumerate(found[:_FINDINGS], 1):
        rest = len(found) - _FINDINGS
        more = f" (and {rest} more)" if number == _FINDINGS and rest > 0 else ""
        yield f"{one['severity'].capitalize()}: {one['message']}{more}"
