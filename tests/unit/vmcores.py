# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small machine that has crashed: its memory, with x86_64 page tables and a lockless log ring in it.

It shares no code with what it tests, so that a mistake has to be made twice.
"""

from __future__ import annotations

import struct
import typing as t
from dataclasses import dataclass, field

PAGE = 4096
BASE = 0x2000000  # physical address of the 4 MiB of memory that these machines have
SIZE = 4 << 20
IMAGE = 0xFFFFFFFF80000000
KERNEL = 0xFFFFFFFF81000000  # where the kernel image runs: the first 2 MiB
PHYS_BASE = BASE - (KERNEL - IMAGE)
SCATTERED = 0xFFFFC90000000000  # the last MiB, page by page, backwards
TABLES = BASE + 0x100000  # page tables are made from here on
RELEASE = "6.1.0-99-test-amd64"
NODENAME = "host-under-test"
CRASHTIME = 1700000000
NONCE = "0123456789abcdef0123456789abcdef"
MASK62 = (1 << 62) - 1
MASK64 = (1 << 64) - 1

#: Offsets of members, chosen here: a reader must take them from VMCOREINFO.
DESC = {"state": 0, "begin": 8, "next": 16, "size": 24}
INFO = {"seq": 0, "ts": 8, "len": 16, "caller": 20, "size": 88}

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

    def __post_init__(self) -> None:
        self.count, self.size = 1 << self.count_bits, 1 << self.size_bits
        self.head = -(self.count + 1) & MASK62
        self.tail = self.head
        self.head_lpos = self.tail_lpos = -self.size & MASK64
        self.descs = bytearray(self.count * DESC["size"])
        self.infos = bytearray(self.count * INFO["size"])
        self.text = bytearray(self.size)
        self._desc(self.head, 3, 1, 1)

    def _desc(self, number: int, state: int, begin: int, following: int) -> None:
        at = number % self.count * DESC["size"]
        struct.pack_into("<QQQ", self.descs, at, state << 62 | number, begin, following)

    def _drop_oldest(self) -> None:
        number, begin, following, _said = self.said.pop(0)
        self._desc(number, 3, begin, following)
        if not begin & 1:
            self.tail_lpos = following
        self.tail = self.said[0][0] if self.said else self.head

    def say(self, text: bytes | str, level: int = 6, **facts: int) -> None:
        """Store a record; the oldest make room."""
        data = text.encode() if isinstance(text, str) else text
        size = (8 + len(data) + 7) & ~7
        begin = self.head_lpos
        following = begin + size & MASK64
        last = following - 1 & MASK64 if self.exact else following
        if last >> self.size_bits != begin >> self.size_bits:
            following = (following >> self.size_bits << self.size_bits) + size & MASK64
        while self.said and (following - self.tail_lpos & MASK64) > self.size:
            self._drop_oldest()
        number = self._reserve()
        wrapped = last >> self.size_bits != begin >> self.size_bits
        at = 0 if wrapped else begin % self.size
        block = struct.pack("<Q", number) + data
        self.text[at : at + len(block)] = block
        if wrapped:
            # The kernel leaves its mark in both places.
            struct.pack_into("<Q", self.text, begin % self.size, number)
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
        self.head = self.head + 1 & MASK62
        if not self.said:
            self.tail = self.head
        return self.head

    def _commit(self, number: int, begin: int, following: int, said: Said) -> None:
        self._desc(number, 2 if said.seq % 2 else 1, begin, following)
        at = number % self.count * INFO["size"]
        struct.pack_into(
            "<QQHBBI", self.infos, at, said.seq, said.ts, len(said.text), said.facility, said.level << 5, said.caller
        )
        self.said.append((number, begin, following, said))
        self.seq += 1

    @property
    def readable(self) -> list[Said]:
        """What a reader must find: every record whose text is there."""
        return [said for _number, begin, _next, said in self.said if begin != 1]


def drill_ring(**options: t.Any) -> Ring:
    """A ring with the log of a drill: boot, nonce, panic."""
    ring = Ring(**options)
    ring.say(f"Linux version {RELEASE}", 5)
    ring.say("Command line: crashkernel=64M", 6)
    ring.say(f"linux.kdump: drill nonce={NONCE}", 4, facility=1)
    for text, level in PANIC_LINES:
        ring.say(text, level)
    return ring


_MAPPED: dict[bool, bytes] = {}


@dataclass
class Machine:
    """Physical memory with a kernel in it."""

    ring: Ring = field(default_factory=drill_ring)
    five_levels: bool = False
    nodename: str = NODENAME
    release: str = RELEASE
    crashtime: int | None = CRASHTIME
    cpus: int = 2
    machine: str = "x86_64"

    def __post_init__(self) -> None:
        if self.five_levels not in _MAPPED:
            self._map()
        self.memory = bytearray(_MAPPED[self.five_levels])
        self._place_ring(SCATTERED + 8)
        self.put(self.image(0x3000) + 4, utsname(self))

    def _map(self) -> None:
        """Make the page tables, once for all machines."""
        self.memory = bytearray(SIZE)
        self._next_table = TABLES
        self._root = self._table()
        self._map_large(KERNEL, BASE)
        self._map_scattered()
        _MAPPED[self.five_levels] = bytes(self.memory)

    def image(self, offset: int) -> int:
        """The physical address of something in the kernel image."""
        return BASE + offset

    def put(self, physical: int, data: bytes) -> None:
        """Store bytes."""
        self.memory[physical - BASE : physical - BASE + len(data)] = data

    def get(self, physical: int, size: int) -> bytes:
        """Load bytes."""
        return bytes(self.memory[physical - BASE : physical - BASE + size])

    def scattered(self, virtual: int) -> int:
        """The physical address behind one of the scattered pages."""
        page, offset = divmod(virtual - SCATTERED, PAGE)
        return BASE + SIZE - (page + 1) * PAGE + offset

    def _table(self) -> int:
        self._next_table += PAGE
        return self._next_table - PAGE

    def _entry(self, virtual: int, last: int) -> int:
        """The physical address of the entry for an address, making the tables above it."""
        table = self._root
        for shift in ((48,) if self.five_levels else ()) + (39, 30, 21, 12):
            at = table + (virtual >> shift & 511) * 8
            if shift == last:
                return at
            (entry,) = struct.unpack("<Q", self.get(at, 8))
            if not entry & 1:
                entry = self._table() | 0x63
                self.put(at, struct.pack("<Q", entry))
            table = entry & ~0xFFF
        raise AssertionError(last)

    def _map_large(self, virtual: int, physical: int) -> None:
        # The no-execute bit and the global bit must not disturb a reader.
        self.put(self._entry(virtual, 21), struct.pack("<Q", physical | 0x80000000000001E3))

    def _map_scattered(self) -> None:
        for page in range(256):
            virtual = SCATTERED + page * PAGE
            self.put(self._entry(virtual, 12), struct.pack("<Q", self.scattered(virtual) | 0x8000000000000163))

    def _place_ring(self, infos: int) -> None:
        ring, head = self.ring, self.image(0x2000)
        self.put(self.image(0x1000), struct.pack("<Q", KERNEL + 0x2000))
        texts, descs = KERNEL + 0x10000, KERNEL + 0x50010
        self.put(head, struct.pack("<IxxxxQQQQ", ring.count_bits, descs, infos, ring.head, ring.tail))
        self.put(head + 64, struct.pack("<IxxxxQ", ring.size_bits, texts))
        self.put(self.image(0x10000), bytes(ring.text))
        self.put(self.image(0x50010), bytes(ring.descs))
        # Page by page, 8 bytes into the first: no piece crosses from one page into the next.
        for at in range(-8, len(ring.infos), PAGE):
            start = max(at, 0)
            self.put(self.scattered(infos + start), bytes(ring.infos[start : at + PAGE]))

    @property
    def vmcoreinfo(self) -> bytes:
        """The text, with its last line lacking a newline, as kernels leave it."""
        lines = [
            f"OSRELEASE={self.release}", "BUILD-ID=00112233445566778899aabbccddeeff00112233", "PAGESIZE=4096",
            f"SYMBOL(init_uts_ns)={KERNEL + 0x3000:x}", "OFFSET(uts_namespace.name)=4",
            f"SYMBOL(swapper_pg_dir)={KERNEL + TABLES - BASE:x}", f"NUMBER(phys_base)={PHYS_BASE}",
            f"NUMBER(pgtable_l5_enabled)={int(self.five_levels)}", "NUMBER(sme_mask)=0x0",
            f"SYMBOL(prb)={KERNEL + 0x1000:x}", "OFFSET(printk_ringbuffer.desc_ring)=0",
            "OFFSET(printk_ringbuffer.text_data_ring)=64", "OFFSET(prb_desc_ring.count_bits)=0",
            "OFFSET(prb_desc_ring.descs)=8", "OFFSET(prb_desc_ring.infos)=16", "OFFSET(prb_desc_ring.head_id)=24",
            "OFFSET(prb_desc_ring.tail_id)=32", f"SIZE(prb_desc)={DESC['size']}", "OFFSET(prb_desc.state_var)=0",
            "OFFSET(prb_desc.text_blk_lpos)=8", "OFFSET(prb_data_blk_lpos.begin)=0", "OFFSET(prb_data_blk_lpos.next)=8",
            f"SIZE(printk_info)={INFO['size']}", "OFFSET(printk_info.seq)=0", "OFFSET(printk_info.ts_nsec)=8",
            "OFFSET(printk_info.text_len)=16", "OFFSET(printk_info.caller_id)=20", "OFFSET(prb_data_ring.size_bits)=0",
            "OFFSET(prb_data_ring.data)=8", "OFFSET(atomic_long_t.counter)=0", "KERNELOFFSET=0",
        ]  # fmt: skip
        return "\n".join(lines + ([] if self.crashtime is None else [f"CRASHTIME={self.crashtime}"])).encode()

    @property
    def notes(self) -> bytes:
        """One PRSTATUS a CPU, then VMCOREINFO."""
        return b"".join(note(b"CORE\0", 1, bytes(336)) for _cpu in range(self.cpus)) + note(
            b"VMCOREINFO\0", 0, self.vmcoreinfo
        )


def utsname(machine: Machine) -> bytes:
    """A ``struct new_utsname``."""
    fields = ("Linux", machine.nodename, machine.release, "#1 SMP", machine.machine, "(none)")
    return b"".join(value.encode().ljust(65, b"\0") for value in fields)


def note(name: bytes, kind: int, desc: bytes) -> bytes:
    """One ELF note."""
    head = struct.pack("<III", len(name), len(desc), kind)
    return head + name.ljust(-(-len(name) // 4) * 4, b"\0") + desc.ljust(-(-len(desc) // 4) * 4, b"\0")
