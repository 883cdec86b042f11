# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aarch64: page tables of three granules and two to five levels, from swapper_pg_dir in the kernel image."""

from __future__ import annotations

import typing as t

from ..findings import unreadable
from ..vmcoreinfo import VmcoreInfo
from .paged import Headers, Level, PagedMemory, Physical, Window, unmapped

_MASK: t.Final = (1 << 64) - 1
#: arch/arm64/include/asm/pgtable-hwdef.h: PTE_VALID, and PMD_TABLE_BIT: clear in a block, set in a table and in a page.
_VALID: t.Final = 1
_TABLE: t.Final = 1 << 1
#: Levels at which an entry may map a block, by the granule's shift (Arm architecture manual, D8.3). The largest of each
#: exist with 52-bit addresses only, and no processor without these has tables that hold one.
_BLOCK_SHIFTS: t.Final = {12: (39, 30, 21), 14: (36, 25), 16: (42, 29)}
#: What CONFIG_ARM64_VA_BITS and TCR_EL1.T1SZ can be.
_LEAST_BITS, _MOST_BITS = 36, 52
#: The span of symbols that is believed to be one kernel image.
_MAX_IMAGE: t.Final = 1 << 30


class Arm64Memory(PagedMemory):
    """The memory of an aarch64 kernel."""

    def __init__(self, physical: Physical, info: VmcoreInfo, headers: Headers | None = None) -> None:
        super().__init__(physical, info, headers)
        self._granule = info.page_shift()
        if self._granule not in _BLOCK_SHIFTS:
            raise unreadable("vmcoreinfo-lacks", key="PAGESIZE")
        configured = info.number("VA_BITS")
        # Exported since 5.9. A kernel made for 52 bits also runs with fewer, and this tells how many.
        actual = 64 - info.number("TCR_EL1_T1SZ", 64 - configured)
        if not all(_LEAST_BITS <= bits <= _MOST_BITS for bits in (configured, actual)):
            raise unreadable("vmcoreinfo-lacks", key="NUMBER(VA_BITS)")
        self._bits = actual
        self.levels = _levels(self._granule, configured, actual)
        # With small granules, the entries changed with the width (FEAT_LPA2): asm/pgtable-hwdef.h, PTE_ADDR_HIGH.
        self._lpa2 = self._granule != 16 and actual > 48
        self.windows = self._windows(configured)

    def canonical(self, address: int) -> int:
        """Kernel addresses have all high bits set, but for a tag in the top byte (asm/memory.h: untagged_addr)."""
        if 0 <= address <= _MASK and address >> 55 & 1:
            address |= 0xFF << 56
        if not 0 <= _MASK - address < 1 << self._bits:
            raise unmapped(address)
        return address

    def step(self, entry: int, shift: int, address: int) -> tuple[int, bool] | None:
        is_page = shift == self._granule or not entry & _TABLE
        allowed = entry & _TABLE if shift == self._granule else entry & _TABLE or shift in _BLOCK_SHIFTS[self._granule]
        if not entry & _VALID or not allowed:
            return None
        return self._address(entry), is_page

    def _address(self, entry: int) -> int:
        """asm/pgtable-hwdef.h: PTE_ADDR_LOW, and where the bits from 48 or 50 on are (PTE_ADDR_HIGH_SHIFT)."""
        if self._lpa2:
            return entry & (1 << 50) - (1 << self._granule) | (entry & 0x300) << 42
        low = entry & (1 << 48) - (1 << self._granule)
        return low | (entry & 0xF000) << 36 if self._granule == 16 else low

    def _windows(self, configured: int) -> tuple[Window, ...]:
        """asm/memory.h: __lm_to_phys and __kimg_to_phys; the linear map was the upper half of addresses before 5.4."""
        info, symbols = self.info, self.info.image_symbols()
        start, end = min(symbols), max(symbols)
        if start >> configured - 1 & 1:
            least = min(configured, 47 if self._granule == 14 and configured == 52 else 48)  # VA_BITS_MIN
            linear = (-(1 << configured) & _MASK, -(1 << least - 1) & _MASK)
        else:
            linear = (-(1 << configured - 1) & _MASK, 1 << 64)
        voffset = info.number("kimage_voffset") & _MASK
        image = Window("kernel image", start, min(end + 1, start + _MAX_IMAGE), start - voffset & _MASK)
        return (image, Window("linear map", *linear, _signed(info.number("PHYS_OFFSET") & _MASK)))


def _signed(value: int) -> int:
    """PHYS_OFFSET is where the linear map would begin, which may lie below address 0."""
    return value - (1 << 64) if value >> 63 else value


def _levels(granule: int, configured: int, actual: int) -> tuple[Level, ...]:
    """asm/pgtable-hwdef.h: ARM64_HW_PGTABLE_LEVELS and PTRS_PER_PGD.

    A kernel made for more bits than it runs with has a root of its full size and uses the end of it, unless the root's
    level is left out altogether.
    """
    step = granule - 3
    shifts = range(granule, actual, step)[::-1]
    top = configured if len(range(granule, configured, step)) == len(shifts) else actual
    return (Level(shifts[0], top - shifts[0]), *(Level(shift, step) for shift in shifts[1:]))
