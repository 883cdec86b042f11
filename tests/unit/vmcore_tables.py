# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes page tables as the kernels of several architectures do.

Everything here follows arch/*/include/asm/pgtable*.h of Linux 6.1 (arm64's LPA2: of 6.9), and shares no code with what
it tests.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

Get = Callable[[int, int], bytes]
Put = Callable[[int, bytes], None]


@dataclass(frozen=True)
class Paging:
    """How one architecture writes its page tables."""

    #: For each level, the root first: what one entry maps and how many entries there are, as powers of two.
    levels: tuple[tuple[int, int], ...]
    layout: str
    #: The entries that lead to a table and to a page, given the shift of the level and the address.
    table: Callable[[int, int], int]
    page: Callable[[int, int], int]
    #: The entry that leads nowhere, given the shift of the level.
    empty: Callable[[int], int] = lambda _shift: 0
    #: No table is smaller than this; it is aligned to its size.
    smallest: int = 4096

    @property
    def entry(self) -> int:
        """Bytes of an entry."""
        return struct.calcsize(self.layout)


class Tables:
    """Page tables that grow in a machine's memory as pages are mapped."""

    def __init__(self, paging: Paging, get: Get, put: Put, start: int) -> None:
        self._paging, self._get, self._put = paging, get, put
        self._next = start
        self._made: dict[int, int] = {}
        self.root = self._table(0)

    def map(self, virtual: int, physical: int, last: int) -> None:
        """Map one page of 1 << last bytes."""
        self._put(self._place(virtual, last), struct.pack(self._paging.layout, self._paging.page(last, physical)))

    @property
    def end(self) -> int:
        """Behind the last table."""
        return self._next

    def entries(self) -> list[int]:
        """Where every entry is that leads somewhere."""
        size, found = self._paging.entry, []
        for at in range(self.root, self._next, size):
            (entry,) = struct.unpack(self._paging.layout, self._get(at, size))
            if entry not in {self._paging.empty(shift) for shift, _bits in self._paging.levels}:
                found.append(at)
        return found

    def _table(self, level: int) -> int:
        shift, bits = self._paging.levels[level]
        size = max(self._paging.entry << bits, self._paging.smallest)
        at = -(-self._next // size) * size
        self._next = at + size
        self._put(at, struct.pack(self._paging.layout, self._paging.empty(shift)) * (1 << bits))
        return at

    def _place(self, virtual: int, last: int) -> int:
        """The physical address of the entry for an address, making the tables above it."""
        table, paging = self.root, self._paging
        for level, (shift, bits) in enumerate(paging.levels):
            at = table + (virtual >> shift & (1 << bits) - 1) * paging.entry
            if shift == last:
                return at
            (entry,) = struct.unpack(paging.layout, self._get(at, paging.entry))
            if entry == paging.empty(shift):
                table = self._table(level + 1)
                self._put(at, struct.pack(paging.layout, paging.table(shift, table)))
                self._made[at] = table
            else:
                table = self._made[at]
        raise AssertionError(last)


def x86_64(*, levels: int = 4, sme: int = 0) -> Paging:
    """Four or five levels; ``sme`` is the bit that says that memory is encrypted."""

    def page(shift: int, physical: int) -> int:
        # No-execute, global, dirty; on large pages the size bit, and PAT where small ones have an address bit.
        return physical | sme | (0x8000000000000163 if shift == 12 else 0x80000000000011E3)

    shifts = (48, 39, 30, 21, 12) if levels == 5 else (39, 30, 21, 12)
    return Paging(tuple((shift, 9) for shift in shifts), "<Q", lambda _shift, at: at | sme | 0x63, page)


def i386(*, pae: bool) -> Paging:
    """Two levels of 32-bit entries, or three of 64-bit ones."""
    large = 0x1E3
    if pae:
        return Paging(
            ((30, 2), (21, 9), (12, 9)),
            "<Q",
            lambda shift, at: at | (1 if shift == 30 else 0x67),
            lambda shift, at: at | 1 << 63 | (0x163 if shift == 12 else large),
        )
    return Paging(
        ((22, 10), (12, 10)),
        "<I",
        lambda _shift, at: at | 0x67,
        lambda shift, at: at | (0x163 if shift == 12 else large),
    )


def radix(*, page_shift: int) -> Paging:
    """ppc64's radix tables: big-endian whatever the kernel is; a table's entry says how large the next one is."""
    last = (page_shift, 21 - page_shift)
    levels = ((39, 13), (30, 9), (21, 9), last)
    sizes = {shift: levels[number + 1][1] for number, (shift, _bits) in enumerate(levels[:-1])}
    return Paging(
        levels,
        ">Q",
        lambda shift, at: 1 << 63 | at | sizes[shift],
        lambda _shift, at: 3 << 62 | at | 0x18E,
        smallest=256,
    )


def hash_64k() -> Paging:
    """The Linux page tables of a kernel that uses the hash MMU: no processor ever reads them."""
    return Paging(
        ((44, 8), (34, 10), (24, 10), (16, 8)), ">Q", lambda _shift, at: at, lambda _shift, at: 3 << 62 | at | 0x18E
    )


def arm64(*, page_shift: int, bits: int, lpa: bool = False, lpa2: bool = False) -> Paging:
    """Tables of one page each but for the root; bits 48 to 51 of an address are kept low in an entry."""
    step = page_shift - 3
    shifts = list(range(page_shift, bits, step))[::-1]
    sizes = [bits - shifts[0], *(step for _shift in shifts[1:])]

    def address(at: int) -> int:
        if lpa:
            return at & (1 << 48) - 1 | at >> 36 & 0xF000
        return at & (1 << 50) - 1 | at >> 42 & 0x300 if lpa2 else at

    def page(shift: int, at: int) -> int:
        # Access flag, not for user programs, no-execute; shareable unless those bits hold an address.
        flags = 3 << 53 | 1 << 10 | (0 if lpa2 else 3 << 8) | (3 if shift == page_shift else 1)
        return address(at) | flags

    return Paging(
        tuple(zip(shifts, sizes)), "<Q", lambda _shift, at: address(at) | 3, page, smallest=64 if not lpa else 1 << 16
    )


def s390(*, root: int) -> Paging:
    """Region, segment and page tables; ``root`` is the shift of the highest level. Every entry names its level."""
    kinds = {53: 0xC, 42: 0x8, 31: 0x4, 20: 0}
    levels = (*((shift, 11) for shift in kinds if shift <= root), (12, 8))

    def table(shift: int, at: int) -> int:
        return at | kinds[shift] | (3 if shift > 20 else 0)

    def page(shift: int, at: int) -> int:
        return at | (0x33F if shift == 12 else kinds[shift] | 0x3703)

    return Paging(
        levels,
        ">Q",
        table,
        page,
        empty=lambda shift: 0x400 if shift == 12 else kinds[shift] | 0x20,
        smallest=2048,
    )
