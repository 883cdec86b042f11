# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for the smallest reservation, against machines that are only functions."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.calibration import (
    GRANULARITY,
    Bounds,
    Budget,
    CalibrationError,
    Outcome,
    Trial,
    next_size,
    search,
)
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.growth import MIB, recommended

BOUNDS = Bounds(least=8 * MIB, most=512 * MIB, first=32 * MIB)


class Machine:
    """Captures by a rule, and counts."""

    def __init__(self, works: Callable[[int, int], bool]) -> None:
        self.works = works
        self.sizes: list[int] = []

    def __call__(self, size: int) -> Trial:
        self.sizes.append(size)
        if self.works(size // MIB, self.sizes.count(size)):
            return Trial(size, True, "captured", seconds=9.5, total_kib=size >> 10, peak_used_kib=(size >> 10) - 1000)
        return Trial(size, False, "out_of_memory", "makedumpfile was killed")


def found(machine: Machine, bounds: Bounds = BOUNDS, **options: t.Any) -> Outcome:
    return search(machine, bounds, **options)


def test_the_edge_is_found_confirmed_and_tried_with_its_margin() -> None:
    machine = Machine(lambda mib, _time: mib >= 23)
    outcome = found(machine)
    assert (outcome.smallest, outcome.recommended) == (23 * MIB, 27 * MIB)
    assert [size // MIB for size in machine.sizes] == [32, 19, 25, 22, 23, 23, 23, 27]
    assert outcome.peak_used_kib == (23 << 10) - 1000
    assert outcome.remarks == ()


@given(
    edge=st.integers(1, 512), passes=st.integers(1, 4), granularity=st.sampled_from(sorted(set(GRANULARITY.values())))
)
def test_a_sharp_edge_is_always_found_in_few_trials(edge: int, passes: int, granularity: int) -> None:
    bounds = Bounds(least=8 * MIB, most=1024 * MIB, first=32 * MIB, granularity=granularity)
    machine = Machine(lambda mib, _time: mib >= edge)
    outcome = found(machine, bounds, passes=passes)
    step = granularity // MIB
    assert outcome.smallest == max(8, -(-edge // step) * step) * MIB
    assert machine.sizes.count(outcome.smallest) >= passes
    assert outcome.recommended in machine.sizes
    assert len(machine.sizes) <= 18 + passes
    assert outcome.remarks == ()


@given(st.data(), st.integers(16, 200))
def test_the_answer_is_above_every_failure_whatever_happens(data: st.DataObject, certain: int) -> None:
    """Below a size from which on all works, anything may happen."""
    machine = Machine(lambda mib, _time: mib >= certain or data.draw(st.booleans()))
    outcome = found(machine, budget=Budget(trials=1000))
    assert outcome.smallest is not None
    assert outcome.smallest <= max(certain, 8) * MIB
    failed = [trial.size for trial in outcome.trials if not trial.passed]
    assert all(size < outcome.smallest for size in failed)
    assert sum(trial.size == outcome.smallest and trial.passed for trial in outcome.trials) >= 3
    passed = {trial.size for trial in outcome.trials if trial.passed}
    odd = [size for size in passed if size <= max(failed, default=0)]
    assert len(outcome.remarks) == len(odd)


def test_a_size_that_fails_once_is_not_the_answer() -> None:
    outcome = found(Machine(lambda mib, time: mib >= 24 or (mib == 23 and time < 3)))
    assert outcome.smallest == 24 * MIB
    assert outcome.remarks == ("23M both worked and failed",)


def test_a_pass_below_a_failure_does_not_count_and_is_told() -> None:
    """At 20 it works and with the margin, at 24, it does not: two holes are as bad as one edge."""
    outcome = found(Machine(lambda mib, _time: mib >= 20 and mib != 24))
    assert outcome.smallest == 25 * MIB
    assert outcome.remarks == ("20M worked although 24M failed", "22M worked although 24M failed")


def test_what_works_at_the_smallest_size_is_enough() -> None:
    outcome = found(Machine(lambda _mib, _time: True))
    assert (outcome.smallest, outcome.recommended) == (8 * MIB, 12 * MIB)


def test_the_margin_is_not_tried_above_the_largest_size() -> None:
    """The machine may not even have that much: one such trial must not spoil the good ones."""
    machine = Machine(lambda mib, _time: 23 <= mib <= 24)
    outcome = found(machine, Bounds(least=8 * MIB, most=24 * MIB, first=24 * MIB))
    assert (outcome.smallest, outcome.recommended) == (23 * MIB, 27 * MIB)
    assert max(machine.sizes) == 24 * MIB
    assert outcome.remarks == ("27M, which has the margin, was not tried: it is above the largest size, 24M",)


def test_nothing_works_and_the_last_cause_is_told() -> None:
    machine = Machine(lambda _mib, _time: False)
    with pytest.raises(
        CalibrationError, match="the largest, 512M, ended with out_of_memory: makedumpfile was"
    ) as error:
        found(machine)
    assert machine.sizes == sorted(machine.sizes)
    assert len(t.cast("list[object]", error.value.facts["trials"])) == len(machine.sizes)


@pytest.mark.parametrize(
    ("budget", "remark"),
    [(Budget(trials=4), "spent after 4 trials and 120 seconds"), (Budget(seconds=60), "after 2 trials and 60 seconds")],
)
def test_a_budget_that_is_spent_leaves_what_was_seen(budget: Budget, remark: str) -> None:
    now = [0.0]

    def slow(size: int) -> Trial:
        now[0] += 30
        return Trial(size, size >= 23 * MIB, "captured")

    outcome = search(slow, BOUNDS, budget=budget, clock=lambda: now[0])
    assert (outcome.smallest, outcome.recommended, outcome.peak_used_kib) == (None, None, None)
    assert remark in outcome.remarks[0]
    assert len(outcome.trials) == int(now[0] / 30)


def test_the_next_size_follows_from_the_trials_alone() -> None:
    machine = Machine(lambda mib, _time: mib >= 23)
    outcome = found(machine)
    for count in range(len(outcome.trials)):
        assert next_size(outcome.trials[:count], BOUNDS, passes=3) == machine.sizes[count]
    assert next_size(outcome.trials, BOUNDS, passes=3) is None


@pytest.mark.parametrize(
    ("least", "most", "first", "granularity"),
    [(0, 64, 32, 1), (33, 64, 32, 1), (8, 31, 32, 1), (8, 64, 33, 2), (8, 64, 32, 0)],
)
def test_bounds_that_make_no_sense_are_refused(least: int, most: int, first: int, granularity: int) -> None:
    with pytest.raises(CalibrationError, match="Cannot search"):
        Bounds(least * MIB, most * MIB, first * MIB, granularity * MIB)


def test_no_passes_prove_nothing() -> None:
    with pytest.raises(CalibrationError, match="must work at least once"):
        found(Machine(lambda _mib, _time: True), passes=0)


@given(st.integers(1, 1 << 40), st.sampled_from([MIB, 2 * MIB]), st.integers(0, 1 << 30))
def test_the_margin_is_four_mib_or_a_tenth(size: int, granularity: int, extra: int) -> None:
    advised = recommended(size, granularity, extra)
    assert advised % granularity == 0
    assert advised - granularity < size + max(4 * MIB, size / 10 + 1) + extra
    assert advised >= size + max(4 * MIB, size / 10) + extra
