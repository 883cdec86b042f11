# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""x86_64: page tables of four or five levels, from swapper_pg_dir, which lies in the kernel image."""

from __future__ import annotations

import typing as t

from ..vmcoreinfo import VmcoreInfo
from .paged import Headers, Level, PagedMemory, Physical, Window, unmapped

#: arch/x86/include/asm/pgtable_types.h: _PAGE_PRESENT, _PAGE_PSE, and PTE_PFN_MASK where addresses have 52 bits.
_PRESENT: t.Final = 1
_LARGE: t.Final = 1 << 7
_ADDRESS: t.Final = 0x000F_FFFF_FFFF_F000
#: arch/x86/include/asm/page_64_types.h: __START_KERNEL_map, the same with and without KASLR, and the smaller
#: KERNEL_IMAGE_SIZE, for kernels that do not export theirs; from its end on there are modules.
_IMAGE: t.Final = 0xFFFF_FFFF_8000_0000
_IMAGE_SIZE: t.Final = 512 << 20
#: The root of the kernel's page tables: today's name and those before 4.17 and 4.13.
_ROOTS: t.Final = ("swapper_pg_dir", "init_top_pgt", "init_level4_pgt")
#: arch/x86/include/asm/pgtable_64_types.h: PGDIR_SHIFT with five levels, P4D_SHIFT, PUD_SHIFT, PMD_SHIFT, PAGE_SHIFT.
_LEVELS: t.Final = tuple(Level(shift, 9) for shift in (48, 39, 30, 21, 12))
#: Only entries for 1 GiB and 2 MiB may be pages themselves.
_LARGE_SHIFTS: t.Final = (30, 21)


class X86Memory(PagedMemory):
    """The memory of an x86_64 kernel."""

    def __init__(self, physical: Physical, info: VmcoreInfo, headers: Headers | None = None) -> None:
        super().__init__(physical, info, headers)
        self._mask = _ADDRESS & ~info.number("sme_mask", 0)
        self.levels = _LEVELS if info.number("pgtable_l5_enabled", 0) else _LEVELS[1:]
        size = min(max(info.number("KERNEL_IMAGE_SIZE", _IMAGE_SIZE), 0), 1 << 31)
        # Kernels before 4.10 do not export where they are. The headers may tell; else they were not moved.
        if "NUMBER(phys_base)" in info or self.headers(info.symbol(self.root_symbol())) is None:
            self.windows = (Window("kernel image", _IMAGE, _IMAGE + size, info.number("phys_base", 0)),)

    def root_symbol(self) -> str:
        return next((root for root in _ROOTS if f"SYMBOL({root})" in self.info), _ROOTS[0])

    def canonical(self, address: int) -> int:
        """The bits above those that the tables know must all be equal to the highest of these."""
        half = 1 << self.levels[0].shift + 8
        if not (0 <= address < half or (1 << 64) - half <= address < 1 << 64):
            raise unmapped(address)
        return address

    def step(self, entry: int, shift: int, address: int) -> tuple[int, bool] | None:
        if not entry & _PRESENT:
            return None
        return entry & self._mask, shift == 12 or (bool(entry & _LARGE) and shift in _LARGE_SHIFTS)
