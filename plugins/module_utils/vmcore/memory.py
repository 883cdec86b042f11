# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual memory of the crashed kernel, through its own page tables: one class an architecture."""

from __future__ import annotations

import struct
import typing as t
from collections.abc import Callable

from .container import UTSNAME_SIZE, Container, Utsname, parse_utsname
from .findings import UnreadableError, unreadable
from .vmcoreinfo import VmcoreInfo


class Memory(t.Protocol):
    """Something that reads the crashed kernel's memory by virtual address."""

    def read(self, address: int, length: int) -> bytes:
        """Exactly ``length`` bytes."""


_WORD: t.Final = struct.Struct("<Q")
_PAGE: t.Final = 1 << 12
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
_CACHED: t.Final = 1 << 16


class X86Memory:
    """x86_64: page tables of four or five levels, from swapper_pg_dir, which lies in the kernel image."""

    def __init__(self, physical: Callable[[int, int], bytes], info: VmcoreInfo) -> None:
        self._physical = physical
        name = next((root for root in _ROOTS if f"SYMBOL({root})" in info), _ROOTS[0])
        self._root = info.symbol(name) - _IMAGE + info.number("phys_base", 0)
        self._mask = _ADDRESS_BITS & ~info.number("sme_mask", 0)
        self._shifts = _SHIFTS if info.number("pgtable_l5_enabled", 0) else _SHIFTS[1:]
        self._cache: dict[int, tuple[int, int]] = {}

    def read(self, address: int, length: int) -> bytes:
        """Memory by virtual address; neighbouring pages need not be neighbours in the machine."""
        out = bytearray()
        while len(out) < length:
            physical, room = self.translate(address + len(out))
            out += self._physical(physical, min(room, length - len(out)))
        return bytes(out)

    def translate(self, address: int) -> tuple[int, int]:
        """The physical address, and how many bytes from there on belong to the same page."""
        number, offset = divmod(address, _PAGE)
        found = self._cache.get(number)
        if found is None:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            found = self._cache[number] = self._walk(number * _PAGE)
        return found[0] + offset, found[1] - offset

    def _walk(self, address: int) -> tuple[int, int]:
        top = address >> (self._shifts[0] + 8)
        if top not in (0, (1 << (64 - self._shifts[0] - 8)) - 1):
            raise unreadable("address-unmapped", address=hex(address))
        table = self._root
        for shift in self._shifts:
            (entry,) = _WORD.unpack(self._physical(table + (address >> shift & 511) * _WORD.size, _WORD.size))
            if not entry & _PRESENT:
                raise unreadable("address-unmapped", address=hex(address))
            table = entry & self._mask
            if entry & _LARGE and shift in _LARGE_SHIFTS:
                break
        size = 1 << shift
        return (table & -size) + (address & (size - 1)), size - (address & (size - 1))


#: Whose memory can be read; the keys are uname's names of machines.
ARCHITECTURES: t.Final[dict[str, Callable[[Callable[[int, int], bytes], VmcoreInfo], Memory]]] = {"x86_64": X86Memory}


def open_memory(container: Container, info: VmcoreInfo) -> Memory:
    """The memory of the dump's kernel."""
    architecture = ARCHITECTURES.get(container.machine or "")
    if architecture is None:
        raise unreadable("machine-unsupported", machine=container.machine, known=", ".join(ARCHITECTURES))
    return architecture(container.read_physical, info)


def read_utsname(memory: Memory, info: VmcoreInfo) -> Utsname | None:
    """Release and host name as the kernel itself held them; None where the dump does not tell."""
    try:
        return parse_utsname(memory.read(info.symbol("init_uts_ns") + info.offset("uts_namespace.name"), UTSNAME_SIZE))
    except UnreadableError:
        return None
