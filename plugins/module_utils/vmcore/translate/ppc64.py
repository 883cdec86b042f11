# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ppc64 and ppc64le: memory and kernel image lie in one piece from PAGE_OFFSET; radix tables tell of the rest."""

from __future__ import annotations

import struct
import typing as t

from ..findings import unreadable
from ..vmcoreinfo import VmcoreInfo
from .paged import Headers, Level, PagedMemory, Physical, Window

#: arch/powerpc/include/asm/page.h: PAGE_OFFSET, and book3s/64/radix.h: RADIX_KERN_VIRT_START, where that ends.
_PAGE_OFFSET: t.Final = 0xC000_0000_0000_0000
_VIRTUAL_START: t.Final = 0xC008_0000_0000_0000
#: arch/powerpc/include/asm/book3s/64/pgtable.h: _PAGE_PRESENT, _PAGE_PTE, PTE_RPN_MASK (53 bits), PMD_MASKED_BITS.
_PRESENT: t.Final = 1 << 63
_IS_PAGE: t.Final = 1 << 62
_PAGE_ADDRESS: t.Final = (1 << 53) - 1 & -1 << 12
_TABLE_ADDRESS: t.Final = (1 << 64) - 1 & ~0xC000_0000_0000_00FF
#: The entry of a table ends in the size of the table it leads to (radix.h: RADIX_PMD_VAL_BITS and others).
_NEXT_SIZE: t.Final = 0x1F
#: book3s/64/radix-4k.h, radix-64k.h: RADIX_PGD_INDEX_SIZE, _PUD_, _PMD_, _PTE_, by PAGE_SHIFT.
_LEVELS: t.Final = {
    12: (Level(39, 13), Level(30, 9), Level(21, 9), Level(12, 9)),
    16: (Level(39, 13), Level(30, 9), Level(21, 9), Level(16, 5)),
}


class Ppc64Memory(PagedMemory):
    """The memory of a ppc64 kernel with the radix MMU; with the hash MMU, only what the linear map holds.

    The hash MMU's own tables, which the hypervisor keeps, are in no dump.
    """

    #: asm/pgtable-be-types.h: entries are big-endian in kernels of both byte orders, as the processor reads them.
    entry = struct.Struct(">Q")

    def __init__(self, physical: Physical, info: VmcoreInfo, headers: Headers | None = None) -> None:
        super().__init__(physical, info, headers)
        self.levels = _LEVELS[16 if info.page_shift() == 16 else 12]
        self._following = {level.shift: after.bits for level, after in zip(self.levels, self.levels[1:])}
        # Exported since 6.7.
        self._radix: bool | None = bool(info.number("RADIX_MMU")) if "NUMBER(RADIX_MMU)" in info else None
        self.windows = (Window("linear map", _PAGE_OFFSET, _VIRTUAL_START, 0),)

    def walk(self, address: int) -> tuple[int, int]:
        if _PAGE_OFFSET <= address < _VIRTUAL_START:
            return address - _PAGE_OFFSET, _VIRTUAL_START - address
        if self._radix is None:
            # Radix tables hold the linear map too, which begins in the first entry; the tables of a kernel that uses
            # the hash MMU hold vmalloc() and I/O only.
            self._radix = bool(self.entry.unpack(self.physical(self.root(), self.entry.size))[0] & _PRESENT)
        if not self._radix:
            raise unreadable("mmu-hash", address=hex(address))
        return super().walk(address)

    def step(self, entry: int, shift: int, address: int) -> tuple[int, bool] | None:
        if not entry & _PRESENT:
            return None
        if entry & _IS_PAGE:
            return entry & _PAGE_ADDRESS, True
        if entry & _NEXT_SIZE != self._following.get(shift):
            return None
        return entry & _TABLE_ADDRESS, False
