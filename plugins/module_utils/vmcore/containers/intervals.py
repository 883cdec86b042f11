# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a file holds an address, where ranges may overlap and a later one overrides an earlier one.

Millions of ranges fit: they are kept in arrays, and put in order without a sort of them all.
"""

from __future__ import annotations

import bisect
import heapq
import typing as t
from array import array
from collections.abc import Iterable, Iterator


class Piece(t.NamedTuple):
    """Addresses from ``start`` to before ``end`` are in the file from offset ``where`` on."""

    start: int
    end: int
    where: int


class ScatteredError(ValueError):
    """The ranges are in so wild an order that no honest writer made them."""


#: start, length, where, order: one more range of a run whose starts ascend.
_Run = tuple["array[int]", "array[int]", "array[int]", "array[int]"]
#: Writers of dumps write two or three streams by turns, each in order, and go back to the headers at the end.
_MAX_RUNS: t.Final = 4096


class Ranges:
    """Ranges in the order in which they were written; they make one IntervalMap."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        #: The last start of each run, negated, so that they ascend.
        self._tails: list[int] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, start: int, end: int, where: int) -> None:
        """One more range; it overrides those before it."""
        if end <= start:
            return
        # The run that ends nearest before it: so there are no more runs than it takes.
        place = bisect.bisect_left(self._tails, -start)
        if place == len(self._runs):
            if place == _MAX_RUNS:
                raise ScatteredError
            self._runs.append((array("Q"), array("Q"), array("Q"), array("Q")))
            self._tails.append(0)
        self._tails[place] = -start
        for column, value in zip(self._runs[place], (start, end - start, where, self._count)):
            column.append(value)
        self._count += 1

    def disjoint(self) -> Iterator[tuple[int, int, int]]:
        """The same map without overlaps, in the order of addresses: start, end, where."""
        shadows = _Shadows()
        low = 0
        # Nearly all ranges end before the next begins: those need no more than this comparison.
        alone: tuple[int, int, int, int] | None = None
        for start, length, where, order in heapq.merge(*(zip(*run) for run in self._runs)):
            if alone and alone[1] <= start:
                yield alone[:3]
            elif alone:
                shadows.add(*alone)
                low = alone[0]
            alone = None
            if shadows:
                yield from shadows.until(low, start)
            low = start
            if shadows:
                shadows.add(start, start + length, where, order)
            else:
                alone = (start, start + length, where, order)
        if alone:
            yield alone[:3]
        yield from shadows.until(low, None)


class _Shadows:
    """The ranges that hold the current address, without those that a later one hides to their end."""

    def __init__(self) -> None:
        # In ascending order, and so with descending ends: the last one is seen now.
        self._orders: list[int] = []
        self._ranges: list[tuple[int, int, int]] = []

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def add(self, start: int, end: int, where: int, order: int) -> None:
        place = bisect.bisect_left(self._orders, order)
        if place < len(self._ranges) and self._ranges[place][1] >= end:
            return
        first = place
        while first > 0 and self._ranges[first - 1][1] <= end:
            first -= 1
        self._orders[first:place] = [order]
        self._ranges[first:place] = [(start, end, where)]

    def until(self, low: int, high: int | None) -> Iterator[tuple[int, int, int]]:
        """What is seen from one address to before another."""
        while self._ranges and (high is None or low < high):
            start, end, where = self._ranges[-1]
            if end <= low:
                self._orders.pop()
                self._ranges.pop()
                continue
            stop = end if high is None else min(end, high)
            yield low, stop, where + low - start
            low = stop


class IntervalMap:
    """Finds the piece that holds an address, in logarithmic time."""

    def __init__(self, pieces: Iterable[tuple[int, int, int]] | Ranges) -> None:
        self._starts = array("Q")
        self._lengths = array("Q")
        self._wheres = array("Q")
        end = joined = 0
        for start, stop, where in _ranges(pieces).disjoint():
            if start == end and where == joined and self._starts:
                self._lengths[-1] += stop - start
            else:
                self._starts.append(start)
                self._lengths.append(stop - start)
                self._wheres.append(where)
            end, joined = stop, where + stop - start

    def _piece(self, position: int) -> Piece:
        start = self._starts[position]
        return Piece(start, start + self._lengths[position], self._wheres[position])

    @property
    def end(self) -> int:
        """The first address after all pieces."""
        return self._starts[-1] + self._lengths[-1] if self._starts else 0

    def extents(self) -> Iterator[tuple[int, int]]:
        """Start and end of each piece, in order."""
        return ((start, start + length) for start, length in zip(self._starts, self._lengths))

    def find(self, address: int) -> Piece | None:
        """The piece that holds the address."""
        position = bisect.bisect_right(self._starts, address) - 1
        if position < 0 or address >= self._starts[position] + self._lengths[position]:
            return None
        return self._piece(position)

    def following(self, address: int) -> int:
        """Where the next piece after the address starts; the end where there is none."""
        position = bisect.bisect_right(self._starts, address)
        return self._starts[position] if position < len(self._starts) else self.end


def _ranges(pieces: Iterable[tuple[int, int, int]] | Ranges) -> Ranges:
    if isinstance(pieces, Ranges):
        return pieces
    ranges = Ranges()
    for start, end, where in pieces:
        ranges.add(start, end, where)
    return ranges
