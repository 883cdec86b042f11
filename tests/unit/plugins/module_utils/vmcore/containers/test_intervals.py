# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlapping ranges: the later one wins, like writes to a file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.intervals import IntervalMap, Piece

SPACE = 60
RANGES = st.lists(st.tuples(st.integers(0, SPACE), st.integers(0, 20)), max_size=12)


@given(RANGES)
def test_it_equals_writing_the_ranges_one_after_the_other(ranges: list[tuple[int, int]]) -> None:
    pieces = [Piece(start, start + length, 1000 * number) for number, (start, length) in enumerate(ranges)]
    written: dict[int, int] = {}
    for piece in pieces:
        written.update({address: piece.where + address - piece.start for address in range(piece.start, piece.end)})
    found = IntervalMap(pieces)
    for address in range(-1, SPACE + 25):
        piece_found = found.find(address)
        where = None if piece_found is None else piece_found.where + address - piece_found.start
        assert where == written.get(address)
        if piece_found is None:
            later = [start for start in written if start > address]
            assert found.following(address) == (min(later) if later else found.end)
    assert found.end == max(written, default=-1) + 1
