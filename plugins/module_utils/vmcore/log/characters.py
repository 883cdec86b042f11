# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The character ring of Linux before 3.5 (kernel/printk.c): lines, each with its level and, where asked for, its time.

Where a printk() went on with the line of the one before, the kernel itself put them together.
"""

from __future__ import annotations

import re
import struct
import typing as t
from collections import deque
from collections.abc import Iterable, Iterator

from ..findings import unreadable
from ..translate.memory import Memory
from ..vmcoreinfo import VmcoreInfo
from .arrays import Window
from .records import MAX_RECORDS, DamagedError, Newest, Stored, Walk, checked, summary

_MAX_SIZE: t.Final = 1 << 25
#: So many of the newest characters are looked at.
_MAX_KEPT: t.Final = 1 << 23
#: A printk() writes 1024 characters at most, but a line may be of several.
_MAX_LINE: t.Final = 1 << 16
#: So many characters are given up together where a page is missing.
_PIECE: t.Final = 1 << 8
#: As the kernel writes them, and not otherwise: what is only similar belongs to the text.
_LEVEL: t.Final = re.compile(rb"<(0|[1-9][0-9]{0,2})>")
_TIME: t.Final = re.compile(rb"\[( {0,4}[0-9]{1,10})\.([0-9]{6})\] ")
_TIME_WIDTH: t.Final = 5


class _Ring:
    """The ring as it was at the moment of the crash."""

    def __init__(self, memory: Memory, info: VmcoreInfo) -> None:
        self._memory = memory
        number = memory.abi.layout("I")
        self._size = self._read(info.symbol("log_buf_len"), number)
        if not 0 < self._size <= _MAX_SIZE:
            raise unreadable("log-damaged", cause=f"its buffer is {self._size} bytes large")
        # What dmesg -c cleared is still there: logged_chars, which forgets it, is not asked.
        self._end = self._read(info.symbol("log_end"), number)
        self.window = Window(memory, self._read(info.symbol("log_buf"), memory.abi.word), self._size)
        self.damage: list[str] = []

    @property
    def overwritten(self) -> bool:
        """Whether the ring went round."""
        return self._end > self._size

    def pieces(self) -> Iterator[bytes]:
        """All characters, oldest first; a line feed stands for what is not in the dump."""
        end = self._end % self._size if self.overwritten else self._end
        whole = False
        for start, stop in ((end, self._size), (0, end)) if self.overwritten else ((0, end),):
            for at in range(start, stop, _PIECE):
                try:
                    yield self.window.read(at, min(_PIECE, stop - at))
                except DamagedError as error:
                    self.damage.append(str(error))
                    yield b"\n" if whole else b""
                    whole = False
                else:
                    whole = True

    def _read(self, address: int, layout: struct.Struct) -> int:
        value: int = layout.unpack(self._memory.read(address, layout.size))[0]
        return value


def walk(memory: Memory, info: VmcoreInfo) -> Walk:
    """Every line, oldest first; the first is a part of one where the ring went round."""
    ring = _Ring(memory, info)
    older, lines = _newest(ring.pieces())
    newest = Newest()
    for seq, line in enumerate(lines, older):
        try:
            newest.add(_record(seq, line))
        except DamagedError as error:
            ring.damage.append(str(error))
    records = newest.records()
    if ring.window.error and not records:
        raise ring.window.error
    return Walk(
        generation="characters",
        records=records,
        damage=summary(ring.damage),
        overwritten=None if ring.overwritten else 0,
        unread=older + newest.unread,
    )


def _newest(pieces: Iterable[bytes]) -> tuple[int, list[bytes]]:
    """The newest lines, and how many there are before them."""
    kept: deque[bytes] = deque()
    older = length = 0
    for piece in pieces:
        kept.append(piece)
        length += len(piece)
        while length > _MAX_KEPT:
            length -= len(kept[0])
            older += kept.popleft().count(b"\n")
    lines = b"".join(kept).rsplit(b"\n", MAX_RECORDS + 1)
    if len(lines) > MAX_RECORDS + 1:
        older += lines.pop(0).count(b"\n") + 1
    # What follows the last line feed is a line only if it is more than nothing.
    return older, lines if lines[-1] else lines[:-1]


def _record(seq: int, line: bytes) -> Stored:
    """A line with what stands before its text."""
    checked(line, f"line {seq}")
    if len(line) > _MAX_LINE:
        raise DamagedError(f"line {seq} is {len(line)} bytes long")
    level = _LEVEL.match(line)
    start = level.end() if level else 0
    time = _TIME.match(line, start)
    ts_nsec = None
    # sprintf("%5lu") fills up to this width, and no further.
    if time and len(time[1]) == max(_TIME_WIDTH, len(time[1].strip())):
        ts_nsec = int(time[1]) * 10**9 + int(time[2]) * 1000
        start = time.end()
    value = int(level[1]) if level else None
    return Stored(
        seq=seq,
        ts_nsec=ts_nsec,
        level=None if value is None else value & 7,
        facility=0 if value is None else value >> 3,
        caller=None,
        text=line[start:],
    )
