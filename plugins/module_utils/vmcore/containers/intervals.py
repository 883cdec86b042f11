# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a file holds an address, where ranges may overlap and a later one overrides an earlier one."""

from __future__ import annotations

import bisect
import heapq
import typing as t
from collections.abc import Iterable, Iterator, Sequence


class Piece(t.NamedTuple):
    """Addresses from ``start`` to before ``end`` are in the file from offset ``where`` on."""

    start: int
    end: int
    where: int


def disjoint(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The same map without overlaps, in the order of addresses; of two pieces the later in the sequence wins."""
    waiting = sorted((piece.start, order) for order, piece in enumerate(pieces) if piece.end > piece.start)
    edges = sorted({edge for _start, order in waiting for edge in pieces[order][:2]})
    active: list[int] = []
    position = 0
    for low, high in zip(edges, edges[1:]):
        while position < len(waiting) and waiting[position][0] <= low:
            heapq.heappush(active, -waiting[position][1])
            position += 1
        while active and pieces[-active[0]].end <= low:
            heapq.heappop(active)
        if active:
            owner = pieces[-active[0]]
            yield Piece(low, high, owner.where + low - owner.start)


class IntervalMap:
    """Finds the piece that holds an address, in logarithmic time."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = list(disjoint(list(pieces)))
        self._starts = [piece.start for piece in self._pieces]

    @property
    def end(self) -> int:
        """The first address after all pieces."""
        return self._pieces[-1].end if self._pieces else 0

    def extents(self) -> Iterator[tuple[int, int]]:
        """Start and end of each piece, in order."""
        return ((piece.start, piece.end) for piece in self._pieces)

    def find(self, address: int) -> Piece | None:
        """The piece that holds the address."""
        position = bisect.bisect_right(self._starts, address) - 1
        if position < 0 or address >= self._pieces[position].end:
            return None
        return self._pieces[position]

    def following(self, address: int) -> int:
        """Where the next piece after the address starts; the end where there is none."""
        position = bisect.bisect_right(self._starts, address)
        return self._starts[position] if position < len(self._starts) else self.end
