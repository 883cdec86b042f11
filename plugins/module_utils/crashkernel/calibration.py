# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for the smallest reservation that a capture kernel saves a good dump in.

A reservation is tried by a drill: a machine is crashed with it, and the dump that comes of it is verified. What to try
next follows from the trials so far and from nothing else, so that a search can be read back from its record.

Drills are not perfectly repeatable. A size that has failed once is never the answer, and neither is any size below it,
however often that one worked: the answer lies above every failure that was seen.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from ..errors import KdumpError
from .evaluate import amount
from .growth import MIB, recommended

#: The steps in which sizes are tried. Kernels count sizes by the page, s390x by 1 MiB (KEXEC_CRASH_MEM_ALIGN); steps of
#: 1 MiB are what people write. The base is another matter: a multiple of 16 MiB on x86 (CRASH_ALIGN), of 2 MiB on arm64
#: with its large pages, and 32 MiB on ppc64 (KDUMP_KERNELBASE).
GRANULARITY: t.Final = {"x86_64": MIB, "i386": MIB, "ppc64le": MIB, "arm64": 2 * MIB, "s390x": MIB}


class CalibrationError(KdumpError):
    """A search that cannot be made or has come to nothing."""


@dataclass(frozen=True)
class Trial:
    """One drill with one reservation."""

    size: int
    #: Whether the dump was saved and verified.
    passed: bool
    #: The drill's own word for how it ended.
    outcome: str
    detail: str = ""
    seconds: float = 0.0
    #: What the capture kernel had, and the most of it that it was seen to use.
    total_kib: t.Optional[int] = None
    peak_used_kib: t.Optional[int] = None

    def as_dict(self) -> dict[str, t.Any]:
        """The same as plain data."""
        fields = asdict(self)
        return {"size_bytes": fields.pop("size"), **fields, "seconds": round(self.seconds, 1)}


@dataclass(frozen=True)
class Bounds:
    """The sizes that may be tried, and the one to begin with; all are multiples of the granularity."""

    least: int
    most: int
    first: int
    granularity: int = MIB

    def __post_init__(self) -> None:
        if self.granularity < 1 or any(size % self.granularity for size in (self.least, self.first, self.most)):
            raise CalibrationError(
                f"Cannot search between {self.least} and {self.most} bytes in steps of {self.granularity}: "
                "all sizes must be multiples of the step. Choose others."
            )
        if not 0 < self.least <= self.first <= self.most:
            raise CalibrationError(
                f"Cannot search from {self.first} bytes between {self.least} and {self.most}: "
                "the first size must lie between the smallest and the largest. Choose others."
            )


@dataclass(frozen=True)
class Budget:
    """What a search may cost."""

    trials: int = 60
    seconds: float = 4 * 3600.0


@dataclass(frozen=True)
class Outcome:
    """What a search came to."""

    trials: tuple[Trial, ...]
    #: The smallest size that passed as often as asked for, above every failure; None where the budget ran out first.
    smallest: t.Optional[int]
    #: The same with its margin, which was tried too, unless it is above the largest size.
    recommended: t.Optional[int]
    #: What was odd: one line each.
    remarks: tuple[str, ...] = ()

    @property
    def peak_used_kib(self) -> t.Optional[int]:
        """The most memory that was seen in use at the smallest size."""
        seen = [trial.peak_used_kib for trial in self.trials if trial.passed and trial.size == self.smallest]
        return max((peak for peak in seen if peak is not None), default=None)


def search(
    probe: Callable[[int], Trial],
    bounds: Bounds,
    *,
    passes: int = 3,
    budget: t.Optional[Budget] = None,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Try sizes until the smallest good one is known, or the budget is spent."""
    if passes < 1:
        raise CalibrationError(
            f"Cannot calibrate with {passes} passes: a size must work at least once. Ask for 1 or more."
        )
    budget = budget or Budget()
    trials: list[Trial] = []
    started = clock()
    while (size := next_size(trials, bounds, passes=passes)) is not None:
        spent = clock() - started
        if len(trials) >= budget.trials or spent >= budget.seconds:
            remark = f"the budget was spent after {len(trials)} trials and {spent:.0f} seconds"
            return Outcome(tuple(trials), None, None, (remark, *oddities(trials)))
        trials.append(probe(size))
    edge = _passed_above(trials, _highest_failure(trials))[0]
    advised = recommended(edge, bounds.granularity)
    remarks = list(oddities(trials))
    if advised > bounds.most:
        above = f"it is above the largest size, {amount(bounds.most)}"
        remarks.append(f"{amount(advised)}, which has the margin, was not tried: {above}")
    return Outcome(tuple(trials), edge, advised, tuple(remarks))


def next_size(trials: Sequence[Trial], bounds: Bounds, *, passes: int) -> t.Optional[int]:
    """The size to try next; None where the answer is known. An error where nothing up to the largest size works."""
    if not trials:
        return bounds.first
    failure = _highest_failure(trials)
    floor = max(failure, bounds.least - bounds.granularity)
    good = _passed_above(trials, failure)
    if not good:
        return _larger(floor, trials, bounds)
    edge = good[0]
    if edge - floor > bounds.granularity:
        steps = (edge - floor) // bounds.granularity
        return floor + steps // 2 * bounds.granularity
    if sum(trial.size == edge for trial in trials) < passes:
        return edge
    # What hosts are going to reserve is worth a trial of its own.
    advised = recommended(edge, bounds.granularity)
    tried = any(trial.size == advised for trial in trials)
    return None if tried or advised > bounds.most else advised


def oddities(trials: Sequence[Trial]) -> tuple[str, ...]:
    """What does not fit a sharp edge, for whoever reads the result."""
    passed = {trial.size for trial in trials if trial.passed}
    failed = {trial.size for trial in trials if not trial.passed}
    remarks = [f"{amount(size)} both worked and failed" for size in sorted(passed & failed)]
    highest = max(failed, default=0)
    below = sorted(size for size in passed - failed if size < highest)
    remarks += [f"{amount(size)} worked although {amount(highest)} failed" for size in below]
    return tuple(remarks)


def _larger(floor: int, trials: Sequence[Trial], bounds: Bounds) -> int:
    """Half as much again, since nothing above the highest failure is known to work."""
    if floor >= bounds.most:
        last = next(trial for trial in reversed(trials) if trial.size == floor)
        raise CalibrationError(
            f"Cannot find a reservation that works: the largest, {amount(floor)}, ended with {last.outcome}"
            f"{': ' + last.detail if last.detail else ''}. If memory is not the cause, mend that; "
            "else allow a larger one.",
            trials=[trial.as_dict() for trial in trials],
        )
    steps = max(floor // 2 // bounds.granularity, 1)
    return min(floor + steps * bounds.granularity, bounds.most)


def _highest_failure(trials: Sequence[Trial]) -> int:
    return max((trial.size for trial in trials if not trial.passed), default=0)


def _passed_above(trials: Sequence[Trial], failure: int) -> list[int]:
    return sorted({trial.size for trial in trials if trial.passed and trial.size > failure})
