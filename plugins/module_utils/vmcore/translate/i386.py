# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""i386: page tables of two levels, or three with PAE; memory and kernel image lie in one piece from PAGE_OFFSET."""

from __future__ import annotations

import struct
import typing as t

from ..findings import UnreadableError
from ..vmcoreinfo import VmcoreInfo
from .paged import Headers, Level, PagedMemory, Physical, Window

#: arch/x86/include/asm/pgtable_types.h: _PAGE_PRESENT, _PAGE_PSE.
_PRESENT: t.Final = 1
_LARGE: t.Final = 1 << 7
#: arch/x86/include/asm/pgtable-2level_types.h and pgtable-3level_types.h: the levels, what an entry is, and where in it
#: the address is. The four entries of PAE's root have no size bit.
_TWO_LEVELS: t.Final = (Level(22, 10), Level(12, 10))
_PAE_LEVELS: t.Final = (Level(30, 2), Level(21, 9), Level(12, 9))
_TWO_ENTRY: t.Final = struct.Struct("<I")
_TWO_ADDRESS: t.Final = 0xFFFF_F000
_PAE_ADDRESS: t.Final = 0x000F_FFFF_FFFF_F000
_LARGE_SHIFTS: t.Final = (22, 21)
#: CONFIG_PAGE_OFFSET by VMSPLIT_3G, 3G_OPT, 2G, 2G_OPT and 1G (arch/x86/Kconfig). No kernel exports it.
_PAGE_OFFSETS: t.Final = (0xC000_0000, 0xB000_0000, 0x8000_0000, 0x7800_0000, 0x4000_0000)
#: arch/x86/include/asm/page_32_types.h and pgtable_32_areas.h: at least this much behind the memory that is mapped in
#: one piece is kept for vmalloc() (__VMALLOC_RESERVE).
_RESERVED: t.Final = 128 << 20


class I386Memory(PagedMemory):
    """The memory of an i386 kernel."""

    def __init__(self, physical: Physical, info: VmcoreInfo, headers: Headers | None = None) -> None:
        super().__init__(physical, info, headers)
        self._pae = info.text("CONFIG_X86_PAE") == "y"
        self.levels = _PAE_LEVELS if self._pae else _TWO_LEVELS
        self.entry = PagedMemory.entry if self._pae else _TWO_ENTRY
        self._address = _PAE_ADDRESS if self._pae else _TWO_ADDRESS
        self.windows = self._low_memory(self._offsets()[0])

    def root(self) -> int:
        """The root at the PAGE_OFFSET with which the tables themselves map it to where it is."""
        symbol = self.info.symbol(self.root_symbol())
        told = self.headers(symbol)
        fitting = [offset for offset in self._offsets() if self._maps_itself(symbol, symbol - offset)]
        # Without the tables the headers tell, or else it is most likely the next one below the image.
        offset = (fitting or ([symbol - told[0]] if told else self._offsets()))[0]
        self.windows = self._low_memory(offset)
        return super().root()

    def step(self, entry: int, shift: int, address: int) -> tuple[int, bool] | None:
        if not entry & _PRESENT:
            return None
        return entry & self._address, shift == 12 or (bool(entry & _LARGE) and shift in _LARGE_SHIFTS)

    def _offsets(self) -> list[int]:
        """What PAGE_OFFSET can be, the likeliest first."""
        first = min(self.info.image_symbols())
        return [offset for offset in _PAGE_OFFSETS if offset <= first] or [_PAGE_OFFSETS[-1]]

    def _maps_itself(self, symbol: int, root: int) -> bool:
        self._root = root
        try:
            return self.walk(symbol)[0] == root
        except UnreadableError:
            return False
        finally:
            self._root = None

    @staticmethod
    def _low_memory(offset: int) -> tuple[Window, ...]:
        return (Window("linear map", offset, (1 << 32) - _RESERVED, 0),)
