# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""s390x: region, segment and page tables; memory is mapped in one piece, from 0 until 6.10, and so is the kernel image.

Addresses below 8 KiB are special: each CPU sees its own lowcore there (prefixing). A dump holds absolute storage, so
what is read there is what no CPU's prefix replaced.
"""

from __future__ import annotations

import struct
import typing as t

from ..findings import UnreadableError
from ..vmcoreinfo import VmcoreInfo
from .paged import Headers, Level, PagedMemory, Physical, Window, unmapped

#: arch/s390/include/asm/pgtable.h: _REGION1_SHIFT and others, _SEGMENT_SHIFT and _PAGE_SHIFT, and the type that the
#: entries of such tables carry (_REGION_ENTRY_TYPE_R1 and others). A table of pages has none, and is never the root.
_LEVELS: t.Final = (Level(53, 11), Level(42, 11), Level(31, 11), Level(20, 11), Level(12, 8))
_TYPES: t.Final = {53: 0xC, 42: 0x8, 31: 0x4, 20: 0x0}
_TYPE_MASK: t.Final = 0xC
_INVALID: t.Final = 0x20
_PAGE_INVALID: t.Final = 0x400
#: _REGION3_ENTRY_LARGE and _SEGMENT_ENTRY_LARGE: the entry maps 2 GiB or 1 MiB.
_LARGE: t.Final = 0x400
_LARGE_SHIFTS: t.Final = (31, 20)
#: _REGION_ENTRY_ORIGIN and _SEGMENT_ENTRY_ORIGIN: tables of pages are smaller than a page.
_ORIGIN: t.Final = -1 << 12
_SEGMENT_ORIGIN: t.Final = -1 << 11
_WORD: t.Final = struct.Struct(">Q")


class S390Memory(PagedMemory):
    """The memory of an s390x kernel."""

    entry = _WORD

    def __init__(self, physical: Physical, info: VmcoreInfo, headers: Headers | None = None) -> None:
        # The headers of these dumps hold physical addresses, whatever the kernel maps where.
        super().__init__(physical, info, None)
        self.windows = self._image_window()
        identity = info.address("IDENTITYBASE", 0)
        self.windows += (Window("identity map", identity, self._high_memory(), 0),)

    def root(self) -> int:
        """The root, which also tells by its first entry how many levels there are."""
        root = super().root()
        (first,) = _WORD.unpack(self.physical(root, _WORD.size))
        self.levels = tuple(level for level in _LEVELS if _TYPES.get(level.shift, 0) <= first & _TYPE_MASK)
        return root

    def walk(self, address: int) -> tuple[int, int]:
        if self._root is None:
            self._root = self.root()
        if address >> self.levels[0].shift + self.levels[0].bits:
            raise unmapped(address)
        return super().walk(address)

    def step(self, entry: int, shift: int, address: int) -> tuple[int, bool] | None:
        if shift == 12:
            return None if entry & _PAGE_INVALID else (entry & _ORIGIN, True)
        if entry & _INVALID or entry & _TYPE_MASK != _TYPES[shift]:
            return None
        if entry & _LARGE and shift in _LARGE_SHIFTS:
            return entry & _ORIGIN, True
        if shift == 20:
            return entry & _SEGMENT_ORIGIN, False
        # Not all quarters of the next table need exist: from _REGION_ENTRY_OFFSET to _REGION_ENTRY_LENGTH they do.
        quarter = address >> shift - 2 & 3
        return (entry & _ORIGIN, False) if entry >> 6 & 3 <= quarter <= entry & 3 else None

    def _image_window(self) -> tuple[Window, ...]:
        """Since 6.10 (asm/page.h: __kaslr_offset_phys) it has a place of its own, before it was mapped as memory is."""
        offset = self.info.address("KERNELOFFSET", 0)
        physical = self.info.address("KERNELOFFPHYS", -1)
        symbols = self.info.image_symbols()
        if physical < 0:
            return (Window("kernel image", min(symbols), max(symbols) + _WORD.size, min(symbols)),)
        return (Window("kernel image", offset, max(symbols) + _WORD.size, physical),)

    def _high_memory(self) -> int:
        """The variable that holds where the identity map ends."""
        try:
            found = self._around(self.info.symbol("high_memory"))
            word: int = _WORD.unpack(self.physical(found[1] if found else 0, _WORD.size))[0]
        except UnreadableError:
            return 0
        return word
