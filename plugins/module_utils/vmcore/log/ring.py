# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lockless log ring of Linux 5.10 and later (kernel/printk/printk_ringbuffer.c), read from a dead kernel.

Three arrays make the ring: descriptors (state and place of the text), infos (sequence number, time, level) and the
text. A descriptor's number, its "id", ever grows; its slot is the id modulo the number of slots.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..findings import UnreadableError, unreadable
from ..translate.memory import Memory
from ..vmcoreinfo import VmcoreInfo
from .arrays import Members, Slots, Values, Window
from .records import MAX_RECORDS, DamagedError, Newest, Stored, Walk, checked, level_of, summary

#: The two top bits of a descriptor's state word hold its state, the others its id. A record is whole in these two
#: states; in the others (0, 3) it is being written, or was overwritten.
_COMMITTED, _FINALIZED = 1, 2
#: Logical positions that stand for no data: an empty line, or text that found no room.
_EMPTY_LINE: t.Final = 3
#: Slots right behind the head may belong to writers that the crash stopped between two steps.
_IN_FLIGHT: t.Final = 64
#: log_buf_len=256M makes 2^23 records; more than the largest sane ring is a lie in the dump.
_MAX_COUNT_BITS: t.Final = 23
_MAX_SIZE_BITS: t.Final = 28


class _Slot(t.NamedTuple):
    """What the arrays say of one id; the members in the order of _descs() and _infos()."""

    number: int
    from_head: int
    desc: Values | None
    info: Values | None


class _Texts:
    """The ring of texts: blocks of an id and a text, at positions that ever grow."""

    def __init__(self, memory: Memory, address: int, size_bits: int) -> None:
        self.window = Window(memory, address, 1 << size_bits)
        self._word = memory.abi.word
        self._words = (1 << memory.abi.bits) - 1
        self._bits = size_bits
        self._room = 1 << size_bits

    def block(self, number: int, begin: int, following: int, length: int) -> bytes | None:
        """The text of a record; None where it was lost."""
        if begin & 1 and following & 1:
            return b"" if begin == following == _EMPTY_LINE else None
        word, mask = self._word.size, (1 << self._bits) - 1
        size, start = following - begin & self._words, begin & mask
        # Since 67e1b0052f6bb8 (Linux 6.19) a block may end exactly at the end of the ring: the last byte, not the one
        # after it, tells the wrap. Positions start right below the largest number: the first wrap is that to zero.
        wraps = (following - 1 >> self._bits) - (begin >> self._bits) & self._words >> self._bits
        if wraps == 1:
            size, start = following & mask, 0
        if wraps > 1 or begin % word or following % word or not word <= size <= mask + 1:
            raise DamagedError(f"record {number} lies at {begin:#x} to {following:#x}")
        size = min(size, word + length)
        self._take(size)
        block = self.window.read(start, size)
        if self._word.unpack_from(block)[0] != number:
            raise DamagedError(f"the text of record {number} carries another number")
        return block[word:]

    def _take(self, size: int) -> None:
        """Blocks share no bytes. If forged ones could, a dump of some megabytes would unpack to more than memory."""
        self._room -= size
        if self._room < 0:
            raise unreadable("log-damaged", cause="its records claim more text than it has room for")


class _Ring:
    """The ring as it was at the moment of the crash."""

    def __init__(self, memory: Memory, info: VmcoreInfo) -> None:
        self._memory = memory
        self._abi = abi = memory.abi
        self._shift = abi.bits - 2
        self._ids = (1 << self._shift) - 1
        descs, infos = _descs(memory, info), _infos(memory, info)
        base = self._word(info.symbol("prb"))
        ring = base + info.offset("printk_ringbuffer.desc_ring")
        texts = base + info.offset("printk_ringbuffer.text_data_ring")
        self.count = 1 << self._bits(ring + info.offset("prb_desc_ring.count_bits"), _MAX_COUNT_BITS)
        size_bits = self._bits(texts + info.offset("prb_data_ring.size_bits"), _MAX_SIZE_BITS)
        counter = info.offset("atomic_long_t.counter")
        self._head = self._word(ring + info.offset("prb_desc_ring.head_id") + counter) & self._ids
        tail = self._word(ring + info.offset("prb_desc_ring.tail_id") + counter) & self._ids
        self._length = (self._head - tail & self._ids) + 1
        self._descs = Slots(memory, self._word(ring + info.offset("prb_desc_ring.descs")), descs)
        self._infos = Slots(memory, self._word(ring + info.offset("prb_desc_ring.infos")), infos)
        self._texts = _Texts(memory, self._word(texts + info.offset("prb_data_ring.data")), size_bits)

    def slots(self) -> Iterator[_Slot]:
        """Every id from the oldest to the newest."""
        if self._length > self.count:
            raise unreadable("log-damaged", cause=f"it claims {self._length} records in {self.count} slots")
        left = min(self._length, MAX_RECORDS)
        while left:
            oldest = self._head - left + 1 & self._ids
            first = oldest % self.count
            count = min(left, self.count - first)
            descs, infos = self._descs.values(first, count), self._infos.values(first, count)
            for step, (desc, info) in enumerate(zip(descs, infos)):
                yield _Slot(oldest + step & self._ids, left - step - 1, desc, info)
            left -= count

    def finished(self, slot: _Slot) -> bool:
        """Whether the record was finished when the kernel died; a DamagedError where the slot cannot be its own."""
        if slot.desc is None or slot.info is None:
            raise DamagedError(f"the memory of record {slot.number} is not in the dump")
        state = slot.desc[0]
        if state & self._ids == slot.number:
            return state >> self._shift in (_COMMITTED, _FINALIZED)
        if slot.from_head >= _IN_FLIGHT:
            raise DamagedError(f"the slot of record {slot.number} belongs to another")
        return False

    def record(self, slot: _Slot) -> tuple[Stored | None, int]:
        """The record, None where its text was lost, and its number."""
        _state, begin, following = slot.desc or ()
        seq, ts_nsec, length, facility, flags, caller = slot.info or ()
        if (seq ^ slot.number) & (self.count - 1):
            raise DamagedError(f"slot {slot.number % self.count} holds the sequence number {seq}")
        text = self._texts.block(slot.number, begin, following, length)
        if text is None:
            return None, seq
        checked(text, f"record {slot.number}")
        return Stored(seq, ts_nsec, level_of(flags, self._abi.order), facility, caller, text), seq

    @property
    def unread(self) -> int:
        """The ids that slots() leaves out."""
        return max(self._length - MAX_RECORDS, 0)

    @property
    def error(self) -> UnreadableError | None:
        """The first read that failed."""
        return self._descs.error or self._infos.error or self._texts.window.error

    def _word(self, address: int) -> int:
        word: int = self._abi.word.unpack(self._memory.read(address, self._abi.word.size))[0]
        return word

    def _bits(self, address: int, limit: int) -> int:
        bits: int = self._abi.layout("I").unpack(self._memory.read(address, 4))[0]
        if not 3 <= bits <= limit:
            raise unreadable("log-damaged", cause=f"its size is 2 to the power of {bits}")
        return bits


def _descs(memory: Memory, info: VmcoreInfo) -> Members:
    """State word, begin and end of the text."""
    letter, place = memory.abi.word.format[-1], info.offset("prb_desc.text_blk_lpos")
    return Members(
        memory.abi,
        info.size("prb_desc"),
        (info.offset("prb_desc.state_var") + info.offset("atomic_long_t.counter"), letter),
        (place + info.offset("prb_data_blk_lpos.begin"), letter),
        (place + info.offset("prb_data_blk_lpos.next"), letter),
    )


def _infos(memory: Memory, info: VmcoreInfo) -> Members:
    """Sequence number, time, length of the text, facility, flags with level, and caller."""
    length = info.offset("printk_info.text_len")
    return Members(
        memory.abi,
        info.size("printk_info"),
        (info.offset("printk_info.seq"), "Q"),
        (info.offset("printk_info.ts_nsec"), "Q"),
        (length, "H"),
        # VMCOREINFO has no key for these two: they are the bytes behind text_len.
        (length + 2, "B"),
        (length + 3, "B"),
        (info.offset("printk_info.caller_id"), "I"),
    )


class _Tally:
    """What a walk found so far."""

    def __init__(self) -> None:
        self.newest = Newest()
        self.damage: list[str] = []
        self.lost = self.gaps = self._unfinished = 0
        #: How many records, which are numbered from 0, there were before the first that can be read.
        self.before: int | None = None

    def unfinished(self) -> None:
        """A record was begun. If another follows it, it is missing in the log."""
        self._unfinished += 1

    def finished(self, record: Stored | None, seq: int) -> None:
        """A record was written; None where its text found no room."""
        if self.before is None:
            self.before = max(seq - len(self.damage), 0)
        else:
            self.gaps += self._unfinished
        self._unfinished = 0
        if record is None:
            self.lost += 1
        else:
            self.newest.add(record)


def walk(memory: Memory, info: VmcoreInfo) -> Walk:
    """Every record that was committed, oldest first; what is odd is counted, not guessed."""
    ring, tally = _Ring(memory, info), _Tally()
    for slot in ring.slots():
        try:
            if ring.finished(slot):
                tally.finished(*ring.record(slot))
            else:
                tally.unfinished()
        except DamagedError as error:
            tally.damage.append(str(error))
    if tally.before is None and ring.error:
        raise ring.error
    return Walk(
        generation="lockless",
        records=tally.newest.records(),
        lost=tally.lost,
        gaps=tally.gaps,
        damage=summary(tally.damage),
        overwritten=max((tally.before or 0) - ring.unread, 0),
        unread=ring.unread + tally.newest.unread,
    )
