# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a console tells of one crash, and tables of several: pure, every line comes with the seconds of its arrival."""

from __future__ import annotations

import re
import statistics
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: The moments of a crash in their order, and what each is called in the table. All are counted from the panic.
MOMENTS: t.Final = {
    "capture": "capture kernel's first line",
    "saving": "saving starts",
    "saved": "vmcore saved",
    "reboot": "capture kernel reboots",
    "kernel": "next kernel's first line",
    "ssh": "ssh answers",
}
#: What is waited for: the last moment that the console shows.
LAST_ON_CONSOLE: t.Final = "kernel"

_PANIC: t.Final = re.compile(r"Kernel panic - not syncing")
_BANNER: t.Final = re.compile(r"Linux version \d")
_REBOOT: t.Final = re.compile(r"reboot: Restarting system")


@dataclass(frozen=True)
class Contender:
    """One way to save a crash, and how its console says so."""

    name: str
    saving: re.Pattern[str]
    saved: re.Pattern[str]

    def signs(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """What to look for, in this order."""
        return (
            ("panic", _PANIC), ("capture", _BANNER), ("saving", self.saving), ("saved", self.saved),
            ("reboot", _REBOOT), ("kernel", _BANNER),
        )  # fmt: skip


OURS: t.Final = Contender(
    "linux.kdump",
    saving=re.compile(r"linux\.kdump: \[[ \d.]+\] target-ready"),
    saved=re.compile(r"linux\.kdump: \[[ \d.]+\] core-saved"),
)
PEER: t.Final = Contender(
    "kdump-tools",
    saving=re.compile(r"kdump-tools.*: running makedumpfile"),
    saved=re.compile(r"kdump-tools.*: saved vmcore in "),
)


@dataclass
class Stopwatch:
    """One crash of a contender."""

    contender: Contender
    times: dict[str, float] = field(default_factory=dict)

    def line(self, seconds: float, text: str) -> None:
        """A line of the console. Moments come in order; what is missed is skipped when a later one is seen."""
        signs = self.contender.signs()
        names = [name for name, _sign in signs]
        reached = max((names.index(name) for name in self.times if name in names), default=-1)
        for name, sign in signs[reached + 1 :]:
            if sign.search(text):
                self.times[name] = seconds
                return
            if reached < 0 or name == "capture":
                return  # nothing counts before the panic, and no first line is that of a later kernel

    @property
    def done(self) -> bool:
        """The console has told all that it can."""
        return LAST_ON_CONSOLE in self.times

    def since_panic(self) -> dict[str, float]:
        """Seconds from the panic to each moment that was seen."""
        start = self.times.get("panic")
        return {} if start is None else {name: self.times[name] - start for name in MOMENTS if name in self.times}


def table(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Medians side by side and their ratio, with the range of the runs; for two contenders, ours first."""
    first, second = runs
    lines = [f"| from the panic to | {first}, s | {second}, s | ratio |", "| --- | --- | --- | --- |"]
    for moment, words in MOMENTS.items():
        times = [[run[moment] for run in runs[name] if moment in run] for name in (first, second)]
        lines.append(f"| {words} | {_shown(times[0])} | {_shown(times[1])} | {_ratio(*times)} |")
    return "\n".join(lines)


def _shown(times: Sequence[float]) -> str:
    if not times:
        return "not seen"
    return f"{statistics.median(times):.2f} ({min(times):.2f} to {max(times):.2f})"


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    return f"{statistics.median(theirs) / statistics.median(ours):.1f}" if ours and theirs else ""
