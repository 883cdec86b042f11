# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which CPU, in which task, with which taint and which modules: what a report says besides its headline."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

#: What each letter of the taint stands for, by the number of its bit in tainted_mask (kernel/panic.c).
TAINTS: t.Final = (
    ("P", "a proprietary module"), ("F", "a module was loaded by force"), ("S", "hardware out of its specification"),
    ("R", "a module was unloaded by force"), ("M", "a machine check"), ("B", "a bad page"),
    ("U", "userspace asked for it"), ("D", "an oops before"), ("A", "an ACPI table was overridden"),
    ("W", "a warning before"), ("C", "a staging driver"), ("I", "a firmware bug was worked around"),
    ("O", "a module from outside the kernel"), ("E", "an unsigned module"), ("L", "a soft lockup before"),
    ("K", "a live patch"), ("X", "set by the distribution"), ("T", "a randomised structure layout"),
    ("N", "a test was run"), ("J", "a firmware control command"),
)  # fmt: skip
_MEANINGS: t.Final = dict(TAINTS)
_TAINT: t.Final = r"(?:Not tainted|Tainted: (?P<taint>[A-Z](?: *[A-Z])*))(?: |,|$)"
#: "UID:" is there since 6.12; kernels before 3.10 begin with "Pid:".
_CPU: t.Final = re.compile(
    r"CPU: (?P<cpu>\d{1,6}) (?:UID: \d+ )?PID: (?P<pid>\d{1,10}) Comm: (?P<comm>.+?) (?:Kdump: loaded )?" + _TAINT,
    re.ASCII,
)
_OLD: t.Final = re.compile(r"Pid: (?P<pid>\d{1,10}), comm: (?P<comm>.+?)\s+(?P<cpu>)" + _TAINT, re.ASCII)
_MODULES: t.Final = re.compile(r"^\s*Modules linked in:(?P<names>.*)$", re.ASCII)
_NAMES: t.Final = re.compile(
    r"^\s*(?:[\w-]+(?:\([A-Z+-]{1,12}\))?(?:\s+|$))*(?:\[(?:last )?unloaded: [^\]]*\]?\s*)?$", re.ASCII
)
_NAME: t.Final = re.compile(r"[\w-]+", re.ASCII)
#: A line of the list holds a thousand characters at most; this many lines hold more modules than any machine has.
_MODULE_LINES: t.Final = 40


@dataclass(frozen=True)
class Context:
    """Where the crash was; what the report does not say is None."""

    cpu: int | None = None
    pid: int | None = None
    comm: str | None = None
    taint: str | None = None


def is_context(line: str) -> bool:
    """Whether this is the line that names CPU and task."""
    return bool(_CPU.search(line) or _OLD.search(line))


def read_context(lines: Sequence[str]) -> Context:
    """Of the first line that names a CPU and a task."""
    match = next((found for line in lines if (found := _CPU.search(line) or _OLD.search(line))), None)
    if match is None:
        return Context()
    return Context(
        cpu=int(match["cpu"]) if match["cpu"] else None,
        pid=int(match["pid"]),
        comm=match["comm"],
        taint=(match["taint"] or "").replace(" ", ""),
    )


def read_modules(lines: Sequence[str]) -> tuple[str, ...] | None:
    """The modules that the first list names; None where there is no list."""
    for number, line in enumerate(lines):
        match = _MODULES.match(line)
        if match:
            texts = [match["names"]]
            # A long list goes on in further records, which begin with a space.
            for more in lines[number + 1 : number + _MODULE_LINES]:
                if not more.startswith(" ") or not _NAMES.match(more):
                    break
                texts.append(more)
            return tuple(_module_names(" ".join(texts)))
    return None


def _module_names(text: str) -> list[str]:
    words = text.split("[")[0].split()
    return [found[0] for word in words if (found := _NAME.match(word))]


def taint_letters(mask: int) -> str:
    """The letters of a tainted_mask, as the kernel prints them."""
    letters = "".join(letter for bit, (letter, _meaning) in enumerate(TAINTS) if mask >> bit & 1)
    if not letters:
        return ""
    return letters if letters.startswith("P") else f"G{letters}"


def taint_meanings(letters: str) -> list[str]:
    """What the letters stand for; G only says that no module is proprietary."""
    return [_MEANINGS[letter] for letter in letters if letter in _MEANINGS]
