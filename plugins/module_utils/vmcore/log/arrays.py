# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays in the dead kernel's memory, read in large pieces; a missing page costs only what lies on it."""

from __future__ import annotations

import operator
import typing as t
from collections.abc import Callable, Iterator

from ..abi import Abi
from ..findings import UnreadableError, unreadable
from ..translate.memory import Memory
from .records import DamagedError

_AHEAD: t.Final = 1 << 16
#: So many structures are read at a time.
_CHUNK: t.Final = 512
#: After so many reads that failed, nobody looks for what is still there between missing pages.
_MAX_FAILED: t.Final = 2000
_SIZES: t.Final = {"Q": 8, "I": 4, "H": 2, "B": 1}

Values = tuple[int, ...]


class Members:
    """Takes some members out of every structure of an array: pairs of an offset and a letter of the module struct."""

    def __init__(self, abi: Abi, size: int, *members: tuple[int, str]) -> None:
        self.size = size
        ranked = sorted(range(len(members)), key=lambda number: members[number])
        at, letters = 0, ""
        for number in ranked:
            offset, letter = members[number]
            if offset < at:
                raise unreadable("vmcoreinfo-lacks", key="offsets of the kernel log")
            letters += f"{offset - at}x{letter}"
            at = offset + _SIZES[letter]
        if at > size:
            raise unreadable("vmcoreinfo-lacks", key="size of the records of the kernel log")
        self._layout = abi.layout(f"{letters}{size - at}x")
        self._pick: Callable[[Values], Values] = operator.itemgetter(*map(ranked.index, range(len(members))))

    def of(self, data: bytes) -> Values:
        """The members of one structure."""
        return self._pick(self._layout.unpack(data))

    def of_each(self, data: bytes) -> Iterator[Values]:
        """Those of one structure after another."""
        return map(self._pick, self._layout.iter_unpack(data))


class Window:
    """Bytes at an address, read ahead as a walk goes along."""

    def __init__(self, memory: Memory, address: int, size: int) -> None:
        self._memory = memory
        self._address = address
        self._size = size
        self._start = 0
        self._piece = b""
        self._ahead = _AHEAD
        #: The first read that failed.
        self.error: UnreadableError | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Some bytes of the array; a DamagedError where the dump does not hold them."""
        at = offset - self._start
        if at < 0 or at + length > len(self._piece):
            self._load(offset, length)
            at = 0
        return self._piece[at : at + length]

    def _load(self, offset: int, length: int) -> None:
        if not 0 <= offset <= self._size - length:
            raise DamagedError(f"it has no bytes {offset} to {offset + length}")
        while True:
            ahead = max(min(self._ahead, self._size - offset), length)
            try:
                self._piece = self._memory.read(self._address + offset, ahead)
            except UnreadableError as error:
                # Close to what is missing, small steps get everything that is still there.
                self._ahead = max(self._ahead // 4, 1)
                self.error = self.error or error
                if ahead == length:
                    self._piece = b""
                    # Its cause is kept in self.error.
                    raise DamagedError(f"{length} bytes at {self._address + offset:#x} are not in the dump") from None
            else:
                self._start = offset
                self._ahead = min(self._ahead * 2, _AHEAD)
                return


class Slots:
    """An array of structures that is used as a ring."""

    def __init__(self, memory: Memory, address: int, members: Members) -> None:
        self._memory = memory
        self._address = address
        self._members = members
        self._failed = 0
        #: The first read that failed.
        self.error: UnreadableError | None = None

    def values(self, first: int, count: int) -> Iterator[Values | None]:
        """The members of some neighbouring structures; None for one that the dump does not hold."""
        for start in range(first, first + count, _CHUNK):
            yield from self._chunk(start, min(_CHUNK, first + count - start))

    def _chunk(self, first: int, count: int) -> Iterator[Values | None]:
        size = self._members.size
        try:
            data = self._memory.read(self._address + first * size, count * size)
        except UnreadableError as error:
            self.error = self.error or error
            self._failed += 1
            if count == 1 or self._failed > _MAX_FAILED:
                yield from [None] * count
                return
            yield from self._chunk(first, count // 2)
            yield from self._chunk(first + count // 2, count - count // 2)
        else:
            yield from self._members.of_each(data)
