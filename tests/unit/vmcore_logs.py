# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer's side of the two older generations of the kernel log, and a memory to read any log from.

Both follow kernel/printk.c: of Linux 2.6.32 the ring of characters, of 3.5 to 5.9 the buffer of records. Like Ring of
vmcore_ring they can be placed in any machine, and tell in VMCOREINFO where they are.
"""

from __future__ import annotations

import struct
import typing as t
from dataclasses import dataclass, field

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.abi import Abi
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import unreadable

from .vmcore_ring import NONCE, PANIC_LINES, RELEASE, Said

#: Where in the kernel image the variables and the buffer are.
POINTER, LENGTH, FIRST, LAST, LOGGED, BUFFER = 0x1000, 0x1010, 0x1020, 0x1030, 0x1040, 0x10000
FLAT = 0x81000000
PAGE = 4096


class Place(t.Protocol):
    """A machine that a log can be placed in."""

    kernel: int

    def image(self, offset: int) -> int:
        """The physical address of something in the kernel image."""

    def put(self, physical: int, data: bytes) -> None:
        """Store bytes."""


class Log(t.Protocol):
    """The writer's side of any generation."""

    bits: int
    order: str

    def place(self, machine: t.Any) -> None:
        """Put it into a machine's memory."""

    def lines(self, machine: t.Any) -> list[str]:
        """What VMCOREINFO tells of it."""


@dataclass
class Flat:
    """A machine without page tables, and a memory to read it: what is where is what its addresses say."""

    log: Log
    size: int = 1 << 20
    #: Pages that are not in the dump.
    missing: set[int] = field(default_factory=set)
    reads: int = 0

    def __post_init__(self) -> None:
        self.kernel = FLAT
        self.scattered_place = FLAT + (self.size >> 1) + 8
        self.abi = Abi(self.log.bits, self.log.order)
        self.memory = bytearray(self.size)
        self.log.place(self)

    @property
    def vmcoreinfo(self) -> dict[str, str]:
        """The lines, by key."""
        return dict(line.split("=", 1) for line in self.log.lines(self))

    def image(self, offset: int) -> int:
        return offset

    def put(self, physical: int, data: bytes) -> None:
        self.memory[physical : physical + len(data)] = data

    def scatter(self, virtual: int, data: bytes) -> None:
        self.put(virtual - FLAT, data)

    def read(self, address: int, length: int) -> bytes:
        at = address - FLAT
        self.reads += 1
        if not 0 <= at <= self.size - length:
            raise unreadable("address-unmapped", address=hex(address))
        if self.missing.intersection(range(at // PAGE, (at + length - 1) // PAGE + 1)):
            raise unreadable("address-absent", space="virtual", address=hex(address))
        return bytes(self.memory[at : at + length])


@dataclass
class Characters:
    """The ring of characters. What is said goes through printk(), which puts level and time before each line."""

    size: int = 1 << 12
    times: bool = True
    #: Characters that were logged before; the counter has 32 bits and goes round.
    before: int = 0
    bits: int = 64
    order: str = "<"

    def __post_init__(self) -> None:
        self.ring = bytearray(self.size)
        self.end = self.before
        self.stream = b""
        self._new_line = True

    def printk(self, text: bytes, level: int = 6, ts: int = 1_000_000_000, facility: int = 0) -> None:
        """Log some characters; without a line feed at the end, the next printk() goes on with the line."""
        for byte in text:
            if self._new_line:
                self._emit(b"<%d>" % (facility << 3 | level))
                if self.times:
                    seconds, rest = divmod(ts, 10**9)
                    self._emit(b"[%5d.%06d] " % (seconds, rest // 1000))
            self._emit(bytes([byte]))
            self._new_line = byte == 10

    def say(self, text: bytes | str, level: int = 6, *, facility: int = 0, ts: int = 1_000_000_000, **_: int) -> None:
        """Log a line."""
        data = text.encode() if isinstance(text, str) else text
        self.printk(data + b"\n", level, ts, facility)

    def _emit(self, data: bytes) -> None:
        self.stream += data
        for byte in data:
            self.ring[self.end % self.size] = byte
            self.end = self.end + 1 & 0xFFFFFFFF

    @property
    def kept(self) -> bytes:
        """What a reader must find."""
        return self.stream[-self.size :]

    def place(self, machine: Place) -> None:
        word = "Q" if self.bits == 64 else "I"
        machine.put(machine.image(POINTER), struct.pack(f"{self.order}{word}", machine.kernel + BUFFER))
        machine.put(machine.image(LENGTH), struct.pack(f"{self.order}i", self.size))
        machine.put(machine.image(LAST), struct.pack(f"{self.order}I", self.end))
        # As dmesg -c leaves it.
        machine.put(machine.image(LOGGED), struct.pack(f"{self.order}I", 0))
        machine.put(machine.image(BUFFER), bytes(self.ring))

    def lines(self, machine: Place) -> list[str]:
        places = {"log_buf": POINTER, "log_end": LAST, "log_buf_len": LENGTH, "logged_chars": LOGGED}
        return [f"SYMBOL({name})={machine.kernel + offset:x}" for name, offset in places.items()]


@dataclass
class Records:
    """The buffer of records."""

    size: int = 1 << 12
    #: What VMCOREINFO calls the structure; nothing before 3.10, "log" before 3.11.
    name: str | None = "printk_log"
    #: With CONFIG_PRINTK_CALLER.
    callers: bool = False
    #: What a record is aligned to, by CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS.
    align: int = 4
    bits: int = 64
    order: str = "<"

    def __post_init__(self) -> None:
        self.buffer = bytearray(self.size)
        self.header = -(-(20 if self.callers else 16) // self.align) * self.align
        self.first = self.next = 0
        self.seq = 0
        #: Where each record is that is still there, oldest first.
        self.said: list[tuple[int, Said]] = []

    def say(self, text: bytes | str, level: int = 6, *, dictionary: bytes = b"", flags: int = 2, **facts: int) -> None:
        """Store a record; the oldest make room."""
        data = text.encode() if isinstance(text, str) else text
        size = self.header + len(data) + len(dictionary)
        size += -size % self.align
        if size + self.header > self.size // 4:
            raise ValueError("printk() would cut it")
        while not self._has_space(size):
            self._forget()
        if self.next + size + self.header > self.size:
            self.buffer[self.next : self.next + self.header] = bytes(self.header)
            self.next = 0
        said = Said(self.seq, data, level, **facts)
        self._store(said, dictionary, flags, size)
        self.said.append((self.next, said))
        self.next += size
        self.seq += 1

    def _has_space(self, size: int) -> bool:
        if self.next > self.first or not self.said:
            free = max(self.size - self.next, self.first)
        else:
            free = self.first - self.next
        return free >= size + self.header

    def _forget(self) -> None:
        self.said.pop(0)
        length = struct.unpack_from(f"{self.order}H", self.buffer, self.first + 8)[0]
        if not length:
            # What is forgotten is the record that the mark stands for.
            length, self.first = struct.unpack_from(f"{self.order}H", self.buffer, 8)[0], 0
        self.first += length

    def _store(self, said: Said, dictionary: bytes, flags: int, size: int) -> None:
        packed = said.level << 5 | flags if self.order == "<" else flags << 3 | said.level
        fields = (said.ts, size, len(said.text), len(dictionary), said.facility, packed)
        head = struct.pack(f"{self.order}QHHHBB", *fields)
        head += struct.pack(f"{self.order}I", said.caller) if self.callers else b""
        whole = head.ljust(self.header, b"\0") + said.text + dictionary
        self.buffer[self.next : self.next + size] = whole.ljust(size, b"\0")

    @property
    def readable(self) -> list[Said]:
        """What a reader must find."""
        return [said for _at, said in self.said]

    def place(self, machine: Place) -> None:
        word = "Q" if self.bits == 64 else "I"
        machine.put(machine.image(POINTER), struct.pack(f"{self.order}{word}", machine.kernel + BUFFER))
        machine.put(machine.image(LENGTH), struct.pack(f"{self.order}I", self.size))
        machine.put(machine.image(FIRST), struct.pack(f"{self.order}I", self.first))
        machine.put(machine.image(LAST), struct.pack(f"{self.order}I", self.next))
        machine.put(machine.image(BUFFER), bytes(self.buffer))

    def lines(self, machine: Place) -> list[str]:
        places = {"log_buf": POINTER, "log_buf_len": LENGTH, "log_first_idx": FIRST, "log_next_idx": LAST}
        lines = [f"SYMBOL({name})={machine.kernel + offset:x}" for name, offset in places.items()]
        offsets = {
            "ts_nsec": 0,
            "len": 8,
            "text_len": 10,
            "dict_len": 12,
            **({"caller_id": 16} if self.callers else {}),
        }
        if self.name is None:
            return lines
        told = [f"OFFSET({self.name}.{member})={offset}" for member, offset in offsets.items()]
        return [*lines, f"SIZE({self.name})={self.header}", *told]


def drill_log(log: t.Any) -> t.Any:
    """The log of a drill: boot, nonce, panic."""
    log.say(f"Linux version {RELEASE}", 5)
    log.say("Command line: crashkernel=64M", 6)
    log.say(f"linux.kdump: drill nonce={NONCE}", 4, facility=1)
    for text, level in PANIC_LINES:
        log.say(text, level)
    return log
