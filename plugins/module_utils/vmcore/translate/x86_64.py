# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""x86_64: page tables of four or five levels, from swapper_pg_dir, which lies in the kernel image."""

from __future__ import annotations

import struct
import typing as t

from ..findings import unreadable
from ..vmcoreinfo import VmcoreInfo
from .paged import PagedMemory, Physical

_WORD: t.Final = struct.Struct("<Q")
_ADDRESS_BITS: t.Final = 0x000F_FFFF_FFFF_F000
_PRESENT: t.Final = 1
_LARGE: t.Final = 1 << 7
#: Where the kernel image is mapped, on any x86_64 kernel, with or without KASLR.
_IMAGE: t.Final = 0xFFFF_FFFF_8000_0000
#: The root of the kernel's page tables: today's name and those before 4.17 and 4.13.
_ROOTS: t.Final = ("swapper_pg_dir", "init_top_pgt", "init_level4_pgt")
#: Levels of the page tables by what one entry maps; only 1 GiB and 2 MiB entries may be pages themselves.
_SHIFTS: t.Final = (48, 39, 30, 21, 12)
_LARGE_SHIFTS: t.Final = (30, 21)


class X86Memory(PagedMemory):
    """The memory of an x86_64 kernel."""

    def __init__(self, physical: Physical, info: VmcoreInfo) -> None:
        super().__init__(physical)
        name = next((root for root in _ROOTS if f"SYMBOL({root})" in info), _ROOTS[0])
        self._root = info.symbol(name) - _IMAGE + info.number("phys_base", 0)
        self._mask = _ADDRESS_BITS & ~info.number("sme_mask", 0)
        self._shifts = _SHIFTS if info.number("pgtable_l5_enabled", 0) else _SHIFTS[1:]

    def walk(self, address: int) -> tuple[int, int]:
        top = address >> (self._shifts[0] + 8)
        if top not in (0, (1 << (64 - self._shifts[0] - 8)) - 1):
            raise unreadable("address-unmapped", address=hex(address))
        table = self._root
        for shift in self._shifts:
            (entry,) = _WORD.unpack(self.physical(table + (address >> shift & 511) * _WORD.size, _WORD.size))
            if not entry & _PRESENT:
                raise unreadable("address-unmapped", address=hex(address))
            table = entry & self._mask
            if entry & _LARGE and shift in _LARGE_SHIFTS:
                break
        size = 1 << shift
        return (table & -size) + (address & (size - 1)), size - (address & (size - 1))
