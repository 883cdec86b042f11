# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page tables of all architectures have in common, and the ways around tables that are not in the dump."""

from __future__ import annotations

import abc
import struct
import typing as t
from collections.abc import Callable, Iterator

from ..abi import Abi
from ..containers.source import CHUNK
from ..findings import Finding, UnreadableError, finding, unreadable
from ..vmcoreinfo import VmcoreInfo

#: No page of any machine is smaller.
_PAGE: t.Final = 1 << 12
#: Pages whose places are remembered: those of 64 MiB, in some megabytes.
_CACHED: t.Final = 1 << 14
#: Page tables may map one page over and over again, so they set no limit to what a read collects; this does.
_MAX_READ: t.Final = 32 << 20
#: What says that there is nothing, however the address is looked up.
_FINAL: t.Final = frozenset({"address-unmapped", "mmu-hash"})

#: Where the headers of the dump say an address is, and how much is there; None where they do not say.
Headers = Callable[[int], "tuple[int, int] | None"]


class Physical(t.Protocol):
    """What an architecture needs of a container."""

    abi: Abi

    def read_physical(self, address: int, length: int) -> bytes:
        """Memory of the crashed kernel by physical address."""


class Level(t.NamedTuple):
    """One level of page tables, by powers of two: the bytes that an entry maps, and the entries of a table."""

    shift: int
    bits: int


class Window(t.NamedTuple):
    """Addresses that a kernel maps to its memory in one piece, by a rule that needs no page tables."""

    name: str
    start: int
    end: int
    physical: int


def unmapped(address: int) -> UnreadableError:
    """The finding that there is nothing at an address."""
    return unreadable("address-unmapped", address=hex(address))


class PagedMemory(abc.ABC):
    """Memory by virtual address; a subclass knows the page tables of its architecture."""

    #: How an entry of a table is stored.
    entry: struct.Struct = struct.Struct("<Q")

    def __init__(self, physical: Physical, info: VmcoreInfo, headers: Headers | None = None) -> None:
        self.abi = physical.abi
        self.physical = physical.read_physical
        self.info = info
        self.headers = headers or (lambda _address: None)
        self.windows: tuple[Window, ...] = ()
        self.levels: tuple[Level, ...] = ()
        #: How often each way around page tables was taken.
        self.detours: dict[str, int] = {}
        self._end = 1 << physical.abi.bits
        self._root: int | None = None
        self._cache: dict[int, tuple[int, int]] = {}

    @abc.abstractmethod
    def step(self, entry: int, shift: int, address: int) -> tuple[int, bool] | None:
        """Where an entry leads to, and whether that is the page itself and not a table; None for nowhere."""

    def canonical(self, address: int) -> int:
        """The address as page tables are asked for it; an error where no table can know it."""
        if not 0 <= address < self._end:
            raise unmapped(address)
        return address

    def root(self) -> int:
        """Where the kernel's own page tables begin. They cannot be asked for that: a rule or the headers tell."""
        symbol = self.info.symbol(self.root_symbol())
        found = self._around(symbol)
        if found is None:
            raise unreadable("address-absent", space="virtual", address=hex(symbol))
        return found[1]

    def root_symbol(self) -> str:
        """What the kernel calls the root of its page tables."""
        return "swapper_pg_dir"

    def read(self, address: int, length: int) -> bytes:
        """Memory by virtual address; neighbouring pages need not be neighbours in the machine."""
        if length > _MAX_READ:
            raise unreadable("address-absent", space="virtual", address=hex(address))
        pieces: list[bytes] = []
        while length > 0:
            physical, room = self.translate(address)
            size = min(room, length, CHUNK)
            pieces.append(self.physical(physical, size))
            address, length = address + size, length - size
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def translate(self, address: int) -> tuple[int, int]:
        """The physical address, and how many bytes from there on are neighbours in the machine too."""
        address = self.canonical(address)
        number, offset = divmod(address, _PAGE)
        found = self._cache.get(number)
        if found is None:
            try:
                found = self.walk(number * _PAGE)
            except UnreadableError as error:
                return self._detour(address, error)
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[number] = found
        return found[0] + offset, found[1] - offset

    def walk(self, address: int) -> tuple[int, int]:
        """What the page tables say; there are as many steps as levels, whatever the tables hold."""
        if self._root is None:
            self._root = self.root()
        table, size = self._root, self.entry.size
        for shift, bits in self.levels:
            at = table + (address >> shift & (1 << bits) - 1) * size
            found = self.step(self.entry.unpack(self.physical(at, size))[0], shift, address)
            if found is None:
                break
            table, is_page = found
            if is_page:
                inside = address & (1 << shift) - 1
                return (table & -1 << shift) + inside, (1 << shift) - inside
        raise unmapped(address)

    def judge(self) -> Iterator[Finding]:
        """What was odd about finding memory."""
        if self.detours:
            ways = ", ".join(f"{way} ({count})" for way, count in sorted(self.detours.items()))
            yield finding("tables-missing", ways=ways)

    def _detour(self, address: int, error: UnreadableError) -> tuple[int, int]:
        """The place of an address whose page tables the dump does not hold."""
        found = None if error.finding.id in _FINAL else self._around(address)
        if found is None:
            raise error
        way, physical, room = found
        self.detours[way] = self.detours.get(way, 0) + 1
        return physical, room

    def _around(self, address: int) -> tuple[str, int, int] | None:
        """What the kernel's layout says, else what the headers of the dump say: programs made these, and some err."""
        for name, start, end, physical in self.windows:
            if start <= address < end:
                return name, physical + address - start, end - address
        told = self.headers(address)
        return None if told is None else ("program headers", *told)
