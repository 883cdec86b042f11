# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page tables of all architectures have in common: pages are looked up once and remembered."""

from __future__ import annotations

import abc
import typing as t

from ..abi import Abi

_PAGE: t.Final = 1 << 12
_CACHED: t.Final = 1 << 16


class Physical(t.Protocol):
    """What an architecture needs of a container."""

    abi: Abi

    def read_physical(self, address: int, length: int) -> bytes:
        """Memory of the crashed kernel by physical address."""


class PagedMemory(abc.ABC):
    """Memory by virtual address; a subclass knows in ``walk`` where a page is."""

    def __init__(self, physical: Physical) -> None:
        self.physical = physical.read_physical
        self._cache: dict[int, tuple[int, int]] = {}

    @abc.abstractmethod
    def walk(self, address: int) -> tuple[int, int]:
        """The physical address, and how many bytes from there on are neighbours in the machine too."""

    def read(self, address: int, length: int) -> bytes:
        """Memory by virtual address; neighbouring pages need not be neighbours in the machine."""
        out = bytearray()
        while len(out) < length:
            physical, room = self.translate(address + len(out))
            out += self.physical(physical, min(room, length - len(out)))
        return bytes(out)

    def translate(self, address: int) -> tuple[int, int]:
        """The physical address, and how many bytes from there on belong to the same page."""
        number, offset = divmod(address, _PAGE)
        found = self._cache.get(number)
        if found is None:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            found = self._cache[number] = self.walk(number * _PAGE)
        return found[0] + offset, found[1] - offset
