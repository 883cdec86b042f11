# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's own table of symbols (kernel/kallsyms.c), read from a dead kernel without debug information.

Names are packed with a table of 256 tokens, one after the other, so that the place of a name is only known by going
over those before it. Addresses have had four layouts; which one a kernel has is found out by computing the address
of _stext each way, since VMCOREINFO tells where _stext is.
"""

from __future__ import annotations

import array
import bisect
import operator
import sys
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping

from ..findings import UnreadableError, unreadable
from ..translate.memory import Memory
from ..vmcoreinfo import VmcoreInfo

#: Kernels with every debugging option have 400 thousand, and 8 MiB of packed names.
_MAX_SYMBOLS: t.Final = 1 << 20
_MAX_NAMES: t.Final = 32 << 20
#: As many bytes of names as are unpacked in all, where each costs some more: a real table has us unpack some thousand.
_MAX_UNPACKED: t.Final = 8 << 20
_COST: t.Final = 32
_MAX_TOKENS: t.Final = 1 << 14
#: KSYM_NAME_LEN; what is packed can only be shorter.
_MAX_NAME: t.Final = 512
_CHUNK: t.Final = 1 << 16
_PAGE: t.Final = 1 << 12
_START, _END = "_stext", "_etext"
#: What VMCOREINFO also tells of most kernels: a second point makes sure that the first is not right by chance.
_SECOND: t.Final = "init_uts_ns"


class _Names(t.NamedTuple):
    """All names as they are packed, and where each starts and ends."""

    data: bytearray
    starts: array.array[int]
    ends: array.array[int]


class Symbol(t.NamedTuple):
    """A function and its extent."""

    name: str
    address: int
    size: int


def is_available(info: VmcoreInfo) -> bool:
    """Whether VMCOREINFO tells where the table is: kernels do since 6.0."""
    return "SYMBOL(kallsyms_names)" in info and f"SYMBOL({_START})" in info


class Kallsyms:
    """The table. Opening it reads a few hundred bytes; the rest is read as it is needed, and once."""

    def __init__(self, memory: Memory, info: VmcoreInfo, names: Collection[str] = ()) -> None:
        self._memory = memory
        self._info = info
        self._abi = memory.abi
        (self.count,) = self._values(info.symbol("kallsyms_num_syms"), "I", 1)
        if not 0 < self.count <= _MAX_SYMBOLS:
            raise unreadable("symbols-damaged", cause=f"it claims {self.count} symbols")
        self._tokens = self._read_tokens()
        self._names: _Names | None = None
        self._sorted: tuple[array.array[int], array.array[int] | None] | None = None
        self._room = _MAX_UNPACKED
        found = self._find({_START, _END, _SECOND, *names})
        self.layout, self._address = self._decide(found)
        #: Where the symbols asked for are; those that the table lacks are left out.
        self.addresses = {name: self._address(index) for name, index in found.items()}

    def symbol_at(self, address: int) -> Symbol | None:
        """The function that an address is in."""
        addresses, indexes = self._table()
        at = bisect.bisect_right(addresses, address) - 1
        if at < 0:
            return None
        start = addresses[at]
        end = bisect.bisect_right(addresses, start)
        if end == len(addresses):
            return None
        # Of several names for one place, the kernel takes the first.
        first = bisect.bisect_left(addresses, start)
        name = self._name(indexes[first] if indexes else first)[1:]
        return Symbol(name.decode("ascii", "replace"), start, addresses[end] - start)

    def _table(self) -> tuple[array.array[int], array.array[int] | None]:
        """Addresses in ascending order, and the number of the symbol at each where that is not its place."""
        if self._sorted is None:
            addresses = array.array("Q", map(self._address, range(self.count)))
            order: array.array[int] | None = None
            if any(map(operator.gt, addresses, addresses[1:])):
                order = array.array("I", sorted(range(self.count), key=addresses.__getitem__))
                addresses = array.array("Q", map(addresses.__getitem__, order))
            self._sorted = addresses, order
        return self._sorted

    def _decide(self, found: Mapping[str, int]) -> tuple[str, Callable[[int], int]]:
        """The layout that puts _stext where VMCOREINFO says it is."""
        if _START not in found:
            raise unreadable("symbols-damaged", cause=f"it has no {_START}")
        known = {found[name]: self._info.symbol(name) for name in (_START, _SECOND) if self._is_known(name, found)}
        for name, address in self._layouts():
            if all(address(index) == place for index, place in known.items()) and (
                _END not in found or address(found[_END]) > known[found[_START]]
            ):
                return name, address
        raise unreadable("symbols-disagree", address=hex(known[found[_START]]))

    def _is_known(self, name: str, found: Mapping[str, int]) -> bool:
        return name in found and f"SYMBOL({name})" in self._info

    def _layouts(self) -> Iterator[tuple[str, Callable[[int], int]]]:
        mask, word = (1 << self._abi.bits) - 1, "Q" if self._abi.bits == 64 else "I"
        if "SYMBOL(kallsyms_addresses)" in self._info:
            words = self._values(self._info.symbol("kallsyms_addresses"), word, self.count)
            yield "absolute", words.__getitem__
        if "SYMBOL(kallsyms_offsets)" not in self._info:
            return
        place = self._info.symbol("kallsyms_offsets")
        offsets = self._values(place, "i", self.count)
        if "SYMBOL(kallsyms_relative_base)" in self._info:
            base = self._values(self._info.symbol("kallsyms_relative_base"), word, 1)[0]
            # Until 6.15, symbols of the per-CPU area of x86_64 stood as they are, all others as negative numbers.
            yield "percpu", lambda index: offsets[index] if offsets[index] >= 0 else base - 1 - offsets[index] & mask
            yield "relative", lambda index: base + (offsets[index] & 0xFFFFFFFF) & mask
        # Since 7.0, each is the distance from where it stands itself.
        yield "self-relative", lambda index: place + 4 * index + offsets[index] & mask

    def _find(self, names: Collection[str]) -> dict[str, int]:
        """The numbers of symbols by name. A name is only unpacked where its first and last tokens fit one wanted."""
        wanted = {name.encode() for name in names}
        heads = bytes(any(name.startswith(token[1:]) for name in wanted) for token in self._tokens)
        tails = bytes(any(name.endswith(token) for name in wanted) for token in self._tokens)
        data, starts, ends = self._packed()
        found: dict[str, int] = {}
        for index, (start, end) in enumerate(zip(starts, ends)):
            if heads[data[start]] and tails[data[end - 1]]:
                name = self._name(index)[1:]
                if name in wanted:
                    found.setdefault(name.decode(), index)
        return found

    def _name(self, index: int) -> bytes:
        """A name, with the letter of its type in front."""
        data, starts, ends = self._packed()
        name = b"".join(map(self._tokens.__getitem__, data[starts[index] : ends[index]]))
        self._room -= len(name) + _COST
        if self._room < 0:
            raise unreadable("symbols-damaged", cause="its names are too long")
        return name[:_MAX_NAME]

    def _packed(self) -> _Names:
        if self._names is None:
            self._names = self._read_names()
        return self._names

    def _read_names(self) -> _Names:
        address = self._info.symbol("kallsyms_names")
        data, starts, ends = bytearray(), array.array("I"), array.array("I")
        at = known = 0
        for _index in range(self.count):
            if at + _MAX_NAME + 2 > known:
                data += self._read_page(address + known)
                known = len(data)
            length = data[at]
            at += 1
            # Since 6.1, names of more than 127 bytes have a second byte to their length.
            if length > 127:
                length = length & 127 | data[at] << 7
                at += 1
            if not 0 < length <= _MAX_NAME:
                raise unreadable("symbols-damaged", cause=f"a name in it takes {length} bytes")
            if at > _MAX_NAMES:
                raise unreadable("symbols-damaged", cause="its names take too much room")
            starts.append(at)
            at += length
            ends.append(at)
        return _Names(data, starts, ends)

    def _read_page(self, address: int) -> bytes:
        """To the end of a page. What follows the last name need not be in the dump, so zeros stand in for it."""
        length = _PAGE - address % _PAGE
        try:
            return self._memory.read(address, length)
        except UnreadableError:
            return bytes(length)

    def _read_tokens(self) -> list[bytes]:
        """What each byte of a packed name stands for."""
        index = self._values(self._info.symbol("kallsyms_token_index"), "H", 256)
        if any(map(operator.ge, index, index[1:])) or index[-1] > _MAX_TOKENS:
            raise unreadable("symbols-damaged", cause="its tokens are not in order")
        address = self._info.symbol("kallsyms_token_table")
        table = self._memory.read(address, index[-1] + 1)
        last = b""
        while b"\0" not in last and len(last) < _MAX_NAME:
            last += self._memory.read(address + index[-1] + len(last), 1)
        table = table[: index[-1]] + last
        return [table[at : table.index(b"\0", at)] if b"\0" in table[at:] else b"" for at in index]

    def _values(self, address: int, code: str, count: int) -> array.array[int]:
        values: array.array[int] = array.array(code)
        size = values.itemsize * count
        for at in range(0, size, _CHUNK):
            values.frombytes(self._memory.read(address + at, min(_CHUNK, size - at)))
        if (self._abi.order == ">") is not (sys.byteorder == "big"):
            values.byteswap()
        return values
