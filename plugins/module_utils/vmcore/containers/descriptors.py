# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page descriptors of a kdump file: where each page is and how it is packed.

A machine with 8 GiB of memory has two million: they are checked in columns, not one by one.
"""

from __future__ import annotations

import operator
import struct
import sys
import typing as t
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from .codecs import CODECS
from .source import CHUNK, Source

SIZE: t.Final = 24
_LAYOUT: t.Final = "QIIQ"
_STEP: t.Final = CHUNK // SIZE
#: After so many useless descriptors the rest is not looked at: a sparse file can claim any number of them.
_MAX_USELESS: t.Final = 1 << 20


class Descriptor(t.NamedTuple):
    """Where one page is in the file and how it is packed."""

    offset: int
    size: int
    flags: int
    page_flags: int


class _Columns(t.NamedTuple):
    offsets: array[int]
    sizes: array[int]
    flags: array[int]
    #: Size and flags in one number.
    packs: array[int]


@dataclass
class Survey:
    """What all descriptors together say."""

    #: Where the last page ends.
    end: int = 0
    lost: int = 0
    damaged: int = 0
    #: The place of the first damaged one.
    first: int = 0
    seen: int = 0
    #: How many pages are packed by each method, by its flag.
    methods: Counter[int] = field(default_factory=Counter)


class DescriptorTable:
    """``count`` descriptors from byte ``at`` on, of pages of ``block`` bytes."""

    def __init__(self, source: Source, at: int, count: int, *, order: str, block: int) -> None:
        self._source = source
        self._at = at
        self.count = count
        self._block = block
        self._layout = struct.Struct(order + _LAYOUT)
        self._swap = (order == "<") != (sys.byteorder == "little")
        #: Which half of the 64-bit number that they make the size is in.
        self._size_shift = 0 if order == "<" else 32
        self._end = at + count * SIZE

    def __getitem__(self, number: int) -> Descriptor:
        data = self._source.read(self._at + number * SIZE, SIZE, "a page descriptor")
        return Descriptor._make(self._layout.unpack(data))

    def place(self, number: int) -> int:
        """Where a descriptor is in the file."""
        return self._at + number * SIZE

    def __iter__(self) -> Iterator[Descriptor]:
        for _first, data in self._chunks():
            yield from map(Descriptor._make, self._layout.iter_unpack(data))

    def _chunks(self) -> Iterator[tuple[int, bytes]]:
        for first in range(0, self.count, _STEP):
            length = min(_STEP, self.count - first) * SIZE
            yield first, self._source.read(self.place(first), length, "the page descriptors")

    def survey(self) -> Survey:
        """Look at all descriptors, as far as that makes sense."""
        survey = Survey(end=self._end)
        for first, data in self._chunks():
            wide, narrow = array("Q", data), array("I", data)
            if self._swap:
                wide.byteswap()
                narrow.byteswap()
            columns = _Columns(wide[0::3], narrow[2::6], narrow[3::6], wide[1::3])
            survey.seen = first + len(columns.offsets)
            if self._all_sound(columns):
                survey.end = max(survey.end, *map(operator.add, columns.offsets, columns.sizes))
                survey.methods.update({flags: columns.flags.count(flags) for flags in set(columns.flags)})
            else:
                self._look(survey, first, columns)
            if survey.lost + survey.damaged > _MAX_USELESS:
                break
        return survey

    def _all_sound(self, columns: _Columns) -> bool:
        """Whether no descriptor of these needs a closer look; every step is one pass in C."""
        offsets, sizes, flags, _packs = columns
        if min(offsets) < self._end or max(sizes) > self._block or not CODECS.keys() >= set(flags) or 0 in sizes:
            return False
        # What is raw must be as large as a block.
        return flags.count(0) == columns.packs.count(self._block << self._size_shift)

    def _look(self, survey: Survey, first: int, columns: _Columns) -> None:
        for number, (offset, size, flags, _pack) in enumerate(zip(*columns)):
            if offset == 0:
                survey.lost += 1
            elif offset >= self._end and self._sound(size, flags):
                survey.methods[flags] += 1
                survey.end = max(survey.end, offset + size)
            else:
                survey.first = survey.first or self.place(first + number)
                survey.damaged += 1

    def _sound(self, size: int, flags: int) -> bool:
        if flags not in CODECS:
            return False
        return size == self._block if flags == 0 else 0 < size <= self._block
