# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lockless log ring of Linux 5.10 and later (kernel/printk/printk_ringbuffer.c), read from a dead kernel.

Three arrays make the ring: descriptors (state and place of the text), infos (sequence number, time, level) and the
text. A descriptor's number, its "id", ever grows; its slot is the id modulo the number of slots.
"""

from __future__ import annotations

import struct
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import unreadable
from ..translate.memory import Memory
from ..vmcoreinfo import VmcoreInfo

_WORD: t.Final = struct.Struct("<Q")
_HALF: t.Final = struct.Struct("<I")
_QUARTER: t.Final = struct.Struct("<H")
_WORD_MASK: t.Final = (1 << 64) - 1
#: The two top bits of a descriptor's state word hold its state, the others its id.
_STATE_SHIFT: t.Final = 62
_ID_MASK: t.Final = (1 << _STATE_SHIFT) - 1
#: A record is whole in these two states; in the others (0, 3) it is being written, or was overwritten.
_COMMITTED, _FINALIZED = 1, 2
#: Logical positions that stand for no data: an empty line, or text that found no room.
_EMPTY_LINE: t.Final = 3
#: Slots right behind the head may belong to writers that the crash stopped between two steps.
_IN_FLIGHT: t.Final = 64
#: log_buf_len=32M makes 2^20 records; more than the largest sane ring is a lie in the dump.
_MAX_COUNT_BITS: t.Final = 20
_MAX_SIZE_BITS: t.Final = 28
_WINDOW: t.Final = 1 << 16
_USER_CALLER: t.Final = 1 << 31


@dataclass(frozen=True)
class LogRecord:
    """One message of the kernel log."""

    seq: int
    ts_nsec: int
    level: int
    facility: int
    caller: str
    text: str

    @property
    def from_kernel(self) -> bool:
        """False for what a process wrote to /dev/kmsg: that always carries a facility."""
        return self.facility == 0

    def as_dict(self) -> dict[str, t.Any]:
        """The record as the verdict document holds it."""
        return {
            "seq": self.seq,
            "ts": self.ts_nsec / 1e9,
            "level": self.level,
            "caller": self.caller,
            "text": self.text,
        }


@dataclass(frozen=True)
class Walk:
    """What a walk over the ring found."""

    records: tuple[LogRecord, ...]
    lost: int
    gaps: int
    damage: tuple[str, ...]


class _Window:
    """An array in the dead kernel's memory, read in pieces of 64 KiB as a walk goes along."""

    def __init__(self, memory: Memory, address: int, size: int) -> None:
        self._memory = memory
        self._address = address
        self._size = size
        self._number = -1
        self._piece = b""

    def read(self, offset: int, length: int) -> bytes:
        out = b""
        while len(out) < length:
            number, start = divmod(offset + len(out), _WINDOW)
            out += self._load(number)[start : start + length - len(out)]
        return out

    def _load(self, number: int) -> bytes:
        if number != self._number:
            start = number * _WINDOW
            self._piece = self._memory.read(self._address + start, min(_WINDOW, self._size - start))
            self._number = number
        return self._piece


@dataclass(frozen=True)
class _Shape:
    """Where the members are that a walk needs, from VMCOREINFO."""

    desc: int
    state: int
    begin: int
    next: int
    info: int
    seq: int
    ts_nsec: int
    text_len: int
    caller: int


class _DamagedError(ValueError):
    """One record cannot be believed."""


class _Ring:
    """The ring as it was at the moment of the crash."""

    def __init__(self, memory: Memory, info: VmcoreInfo) -> None:
        self._memory = memory
        self._shape = _shape(info)
        base = self._word(info.symbol("prb"))
        descs = base + info.offset("printk_ringbuffer.desc_ring")
        texts = base + info.offset("printk_ringbuffer.text_data_ring")
        self.count = 1 << self._bits(descs + info.offset("prb_desc_ring.count_bits"), _MAX_COUNT_BITS)
        self.size_bits = self._bits(texts + info.offset("prb_data_ring.size_bits"), _MAX_SIZE_BITS)
        counter = info.offset("atomic_long_t.counter")
        self.head = self._word(descs + info.offset("prb_desc_ring.head_id") + counter) & _ID_MASK
        self.tail = self._word(descs + info.offset("prb_desc_ring.tail_id") + counter) & _ID_MASK
        self._descs = self._array(descs + info.offset("prb_desc_ring.descs"), self.count * self._shape.desc)
        self._infos = self._array(descs + info.offset("prb_desc_ring.infos"), self.count * self._shape.info)
        self._text = self._array(texts + info.offset("prb_data_ring.data"), 1 << self.size_bits)
        self._room = 1 << self.size_bits

    def ids(self) -> Iterator[tuple[int, int]]:
        """Every id from the oldest to the newest, and how far it is from the newest."""
        length = (self.head - self.tail & _ID_MASK) + 1
        if length > self.count:
            raise unreadable("log-damaged", cause=f"it claims {length} records in {self.count} slots")
        return ((self.tail + step & _ID_MASK, length - 1 - step) for step in range(length))

    def slot(self, number: int) -> tuple[int, int, int, int]:
        """A slot's state, its id, and the logical positions of its text."""
        shape = self._shape
        data = self._descs.read(number % self.count * shape.desc, shape.desc)
        (state,) = _WORD.unpack_from(data, shape.state)
        (begin,) = _WORD.unpack_from(data, shape.begin)
        (following,) = _WORD.unpack_from(data, shape.next)
        return state >> _STATE_SHIFT, state & _ID_MASK, begin, following

    def record(self, number: int, begin: int, following: int) -> LogRecord | None:
        """The record of an id; None where its text was lost."""
        shape = self._shape
        data = self._infos.read(number % self.count * shape.info, shape.info)
        (seq,) = _WORD.unpack_from(data, shape.seq)
        if (seq ^ number) & (self.count - 1):
            raise _DamagedError(f"slot {number % self.count} holds the sequence number {seq}")
        (length,) = _QUARTER.unpack_from(data, shape.text_len)
        text = self._block(number, begin, following, length)
        if text is None:
            return None
        (ts_nsec,) = _WORD.unpack_from(data, shape.ts_nsec)
        (caller,) = _HALF.unpack_from(data, shape.caller)
        # VMCOREINFO has no key for these two: they are the bytes behind text_len.
        facility, flags = data[shape.text_len + 2], data[shape.text_len + 3]
        return LogRecord(seq, ts_nsec, flags >> 5, facility, _caller(caller), _decode(text))

    def _block(self, number: int, begin: int, following: int, length: int) -> bytes | None:
        if begin & 1 and following & 1:
            return b"" if begin == following == _EMPTY_LINE else None
        size = following - begin & _WORD_MASK
        mask = (1 << self.size_bits) - 1
        # A block may end exactly at the end of the ring: the last byte, not the one after it, tells the wrap.
        # Positions start right below the largest number, so the first wrap is also the one to zero.
        wraps = (following - 1 >> self.size_bits) - (begin >> self.size_bits) & _WORD_MASK >> self.size_bits
        start = begin & mask
        if wraps == 1:
            start, size = 0, following & mask
        if wraps not in (0, 1) or begin % _WORD.size or not _WORD.size <= size <= mask + 1:
            raise _DamagedError(f"record {number} lies at {begin:#x} to {following:#x}")
        self._take(min(size, _WORD.size + length))
        block = self._text.read(start, min(size, _WORD.size + length))
        if _WORD.unpack_from(block)[0] != number:
            raise _DamagedError(f"the text of record {number} carries another number")
        text = block[_WORD.size :]
        if b"\0" in text:
            raise _DamagedError(f"the text of record {number} holds zeros")
        return text

    def _take(self, size: int) -> None:
        """Blocks share no bytes. If forged ones could, a dump of some megabytes would unpack to more than memory."""
        self._room -= size
        if self._room < 0:
            raise unreadable("log-damaged", cause="its records claim more text than it has room for")

    def _array(self, pointer: int, size: int) -> _Window:
        return _Window(self._memory, self._word(pointer), size)

    def _word(self, address: int) -> int:
        word: int = _WORD.unpack(self._memory.read(address, _WORD.size))[0]
        return word

    def _bits(self, address: int, limit: int) -> int:
        bits: int = _HALF.unpack(self._memory.read(address, _HALF.size))[0]
        if not 3 <= bits <= limit:
            raise unreadable("log-damaged", cause=f"its size is 2 to the power of {bits}")
        return bits


def _shape(info: VmcoreInfo) -> _Shape:
    position = info.offset("prb_desc.text_blk_lpos")
    shape = _Shape(
        desc=info.size("prb_desc"),
        state=info.offset("prb_desc.state_var") + info.offset("atomic_long_t.counter"),
        begin=position + info.offset("prb_data_blk_lpos.begin"),
        next=position + info.offset("prb_data_blk_lpos.next"),
        info=info.size("printk_info"),
        seq=info.offset("printk_info.seq"),
        ts_nsec=info.offset("printk_info.ts_nsec"),
        text_len=info.offset("printk_info.text_len"),
        caller=info.offset("printk_info.caller_id"),
    )
    words = ((shape.state, shape.desc), (shape.begin, shape.desc), (shape.next, shape.desc), (shape.seq, shape.info))
    rest = ((shape.ts_nsec, shape.info), (shape.text_len - 4, shape.info), (shape.caller - 4, shape.info))
    if any(offset + _WORD.size > size for offset, size in words + rest) or max(shape.desc, shape.info) > _WINDOW:
        raise unreadable("vmcoreinfo-lacks", key="SIZE(prb_desc) or SIZE(printk_info)")
    return shape


def _caller(caller: int) -> str:
    """As the kernel prints it: C and a CPU, or T and a thread."""
    return f"C{caller & ~_USER_CALLER}" if caller & _USER_CALLER else f"T{caller}"


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def walk(memory: Memory, info: VmcoreInfo) -> Walk:
    """Every record that was committed, oldest first; what is odd is counted, not guessed."""
    ring = _Ring(memory, info)
    records: list[LogRecord] = []
    damage: list[str] = []
    lost = gaps = 0
    previous: int | None = None
    for number, from_head in ring.ids():
        state, owner, begin, following = ring.slot(number)
        if owner != number:
            if from_head >= _IN_FLIGHT:
                damage.append(f"the slot of record {number} belongs to another")
            continue
        if state not in (_COMMITTED, _FINALIZED):
            continue
        try:
            record = ring.record(number, begin, following)
        except _DamagedError as error:
            damage.append(str(error))
            continue
        if previous is not None:
            gaps += (number - previous & _ID_MASK) - 1
        previous = number
        if record is None:
            lost += 1
        else:
            records.append(record)
    return Walk(tuple(records), lost, gaps, _summary(damage))


def _summary(damage: list[str]) -> tuple[str, ...]:
    """The first damage in words, the rest as a number."""
    if len(damage) <= 1:
        return tuple(damage)
    return (f"{damage[0]}, and {len(damage) - 1} more records are damaged",)
