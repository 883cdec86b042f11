# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer's side of the kernel log's lockless ring, for machines of any width and byte order."""

from __future__ import annotations

import struct
import typing as t
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    from .vmcores import Machine

RELEASE = "6.1.0-99-test-amd64"
NONCE = "0123456789abcdef0123456789abcdef"

#: Offsets of members, chosen here: a reader must take them from VMCOREINFO. DESC is that of 64-bit machines.
DESC = {"state": 0, "begin": 8, "next": 16, "size": 24}
DESC32 = {"state": 0, "begin": 4, "next": 8, "size": 12}
INFO = {"seq": 0, "ts": 8, "len": 16, "caller": 20, "size": 88}
#: Where in the kernel image the parts of the ring are.
POINTER, HEAD, TEXT_RING, TEXTS, DESCS = 0x1000, 0x2000, 0x2040, 0x10000, 0x50010

PANIC_LINES = (
    ("sysrq: Trigger a crash", 6),
    ("Kernel panic - not syncing: sysrq triggered crash", 0),
    ("CPU: 1 PID: 412 Comm: my shell Kdump: loaded Tainted: G           OE      6.1.0-99-test-amd64 #1  Debian", 4),
    ("Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-debian-1.16.2-1 04/01/2014", 4),
    ("Call Trace:", 4),
    (" <TASK>", 4),
    (" dump_stack_lvl+0x44/0x5c", 4),
    (" panic+0x118/0x2f4", 4),
    (" ? _printk+0x68/0x83", 4),
    (" sysrq_handle_crash+0x16/0x20", 4),
    (" __handle_sysrq.cold+0x44/0x11c", 4),
    (" </TASK>", 4),
    ("Kernel Offset: 0x1000000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)", 0),
)


@dataclass(frozen=True)
class Said:
    """A record as a reader should find it."""

    seq: int
    text: bytes
    level: int = 6
    facility: int = 0
    caller: int = 412
    ts: int = 1_000_000_000


@dataclass
class Ring:
    """The writer's side of the lockless ring. ``exact``: a block may end at the ring's end (since 6.19)."""

    count_bits: int = 6
    size_bits: int = 13
    exact: bool = False
    said: list[tuple[int, int, int, Said]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    seq: int = 0
    bits: int = 64
    order: str = "<"

    def __post_init__(self) -> None:
        self.letter = "Q" if self.bits == 64 else "I"
        self.word = self.bits // 8
        self.desc = DESC if self.bits == 64 else DESC32
        self.words, self.ids = (1 << self.bits) - 1, (1 << self.bits - 2) - 1
        self.count, self.size = 1 << self.count_bits, 1 << self.size_bits
        self.head = -(self.count + 1) & self.ids
        self.tail = self.head
        self.head_lpos = self.tail_lpos = -self.size & self.words
        self.descs = bytearray(self.count * self.desc["size"])
        self.infos = bytearray(self.count * INFO["size"])
        self.text = bytearray(self.size)
        self._desc(self.head, 3, 1, 1)

    def pack(self, *values: int) -> bytes:
        """Words of the machine."""
        return struct.pack(f"{self.order}{len(values)}{self.letter}", *values)

    def _desc(self, number: int, state: int, begin: int, following: int) -> None:
        at = number % self.count * self.desc["size"]
        self.descs[at : at + 3 * self.word] = self.pack(state << self.bits - 2 | number, begin, following)

    def _drop_oldest(self) -> None:
        number, begin, following, _said = self.said.pop(0)
        self._desc(number, 3, begin, following)
        if not begin & 1:
            self.tail_lpos = following
        self.tail = self.said[0][0] if self.said else self.head

    def say(self, text: bytes | str, level: int = 6, **facts: int) -> None:
        """Store a record; the oldest make room."""
        data = text.encode() if isinstance(text, str) else text
        size = -(-(self.word + len(data)) // self.word) * self.word
        begin = self.head_lpos
        following = begin + size & self.words
        last = following - 1 & self.words if self.exact else following
        if last >> self.size_bits != begin >> self.size_bits:
            following = (following >> self.size_bits << self.size_bits) + size & self.words
        while self.said and (following - self.tail_lpos & self.words) > self.size:
            self._drop_oldest()
        number = self._reserve()
        wrapped = last >> self.size_bits != begin >> self.size_bits
        at = 0 if wrapped else begin % self.size
        block = self.pack(number) + data
        self.text[at : at + len(block)] = block
        if wrapped:
            # The kernel leaves its mark in both places.
            self.text[begin % self.size : begin % self.size + self.word] = self.pack(number)
        self.head_lpos = following
        if not self.said or all(entry[1] & 1 for entry in self.said):
            self.tail_lpos = begin
        self._commit(number, begin, following, Said(self.seq, data, level, **facts))

    def lose(self, marker: int = 1) -> None:
        """Store a record that has no text: 1 where it found no room, 3 for an empty line."""
        number = self._reserve()
        self._commit(number, marker, marker, Said(self.seq, b""))

    def reserve(self) -> None:
        """Begin a record and never finish it."""
        number = self._reserve()
        self._desc(number, 0, 0, 0)
        self.said.append((number, 1, 1, Said(self.seq, b"")))
        self.seq += 1

    def _reserve(self) -> int:
        if len(self.said) == self.count:
            self._drop_oldest()
        self.head = self.head + 1 & self.ids
        if not self.said:
            self.tail = self.head
        return self.head

    def _commit(self, number: int, begin: int, following: int, said: Said) -> None:
        self._desc(number, 2 if said.seq % 2 else 1, begin, following)
        at = number % self.count * INFO["size"]
        # Two members share a byte: flags, 5 bits wide, and level; big-endian machines begin at the other end.
        flags = said.level << 5 if self.order == "<" else said.level
        fields = (said.seq, said.ts, len(said.text), said.facility, flags, said.caller)
        struct.pack_into(f"{self.order}QQHBBI", self.infos, at, *fields)
        self.said.append((number, begin, following, said))
        self.seq += 1

    @property
    def readable(self) -> list[Said]:
        """What a reader must find: every record whose text is there."""
        return [said for _number, begin, _next, said in self.said if begin != 1]

    def place(self, machine: Machine) -> None:
        """Put the ring into a machine's memory: the infos page by page, the rest into the kernel image."""
        infos = machine.scattered_place
        machine.put(machine.image(POINTER), self.pack(machine.kernel + HEAD))
        machine.put(machine.image(HEAD), struct.pack(f"{self.order}I", self.count_bits))
        machine.put(machine.image(HEAD) + self.word, self.pack(machine.kernel + DESCS, infos, self.head, self.tail))
        machine.put(machine.image(TEXT_RING), struct.pack(f"{self.order}I", self.size_bits))
        machine.put(machine.image(TEXT_RING) + self.word, self.pack(machine.kernel + TEXTS))
        machine.put(machine.image(TEXTS), bytes(self.text))
        machine.put(machine.image(DESCS), bytes(self.descs))
        machine.scatter(infos, bytes(self.infos))

    def lines(self, machine: Machine) -> list[str]:
        """What VMCOREINFO tells of it."""
        desc, word = self.desc, self.word
        return [
            f"SYMBOL(prb)={machine.kernel + POINTER:x}", "SIZE(printk_ringbuffer)=128",
            "OFFSET(printk_ringbuffer.desc_ring)=0",
            f"OFFSET(printk_ringbuffer.text_data_ring)={TEXT_RING - HEAD}", "OFFSET(prb_desc_ring.count_bits)=0",
            f"OFFSET(prb_desc_ring.descs)={word}", f"OFFSET(prb_desc_ring.infos)={2 * word}",
            f"OFFSET(prb_desc_ring.head_id)={3 * word}", f"OFFSET(prb_desc_ring.tail_id)={4 * word}",
            f"SIZE(prb_desc)={desc['size']}", "OFFSET(prb_desc.state_var)=0",
            f"OFFSET(prb_desc.text_blk_lpos)={desc['begin']}", "OFFSET(prb_data_blk_lpos.begin)=0",
            f"OFFSET(prb_data_blk_lpos.next)={word}", f"SIZE(printk_info)={INFO['size']}",
            "OFFSET(printk_info.seq)=0", "OFFSET(printk_info.ts_nsec)=8", "OFFSET(printk_info.text_len)=16",
            "OFFSET(printk_info.caller_id)=20", "OFFSET(prb_data_ring.size_bits)=0",
            f"OFFSET(prb_data_ring.data)={word}", "OFFSET(atomic_long_t.counter)=0",
        ]  # fmt: skip


def drill_ring(**options: t.Any) -> Ring:
    """A ring with the log of a drill: boot, nonce, panic."""
    ring = Ring(**options)
    ring.say(f"Linux version {RELEASE}", 5)
    ring.say("Command line: crashkernel=64M", 6)
    ring.say(f"linux.kdump: drill nonce={NONCE}", 4, facility=1)
    for text, level in PANIC_LINES:
        ring.say(text, level)
    return ring
