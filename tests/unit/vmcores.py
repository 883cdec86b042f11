# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes small vmcores that are true to the formats: x86_64 page tables, a lockless log ring, ELF, kdump, flattened.

It shares no code with what it tests, so that a mistake has to be made twice. As a program it writes a set of them
into a folder.
"""

from __future__ import annotations

import struct
import sys
import typing as t
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

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


def write_elf(
    machine: Machine, *, filtered: bool = False, number: int = 62, xnum: bool = False, flags: int = 0
) -> bytes:
    """An ELF core; filtered: zero pages are in memory but not in the file."""
    loads = list(_filtered(machine)) if filtered else [(BASE, SIZE, SIZE), (BASE, 2 << 20, 2 << 20)]
    section = 64 if xnum else 0
    start = 64 + section + 56 * (len(loads) + 1)
    notes = machine.notes
    at = start + len(notes)
    headers = [struct.pack("<IIQQQQQQ", 4, 0, start, 0, 0, len(notes), len(notes), 0)]
    body = [notes]
    for physical, filesz, memsz in loads:
        headers.append(struct.pack("<IIQQQQQQ", 1, 7, at, physical, physical, filesz, memsz, 0))
        body.append(machine.get(physical, filesz))
        at += filesz
    count = len(headers)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    fields = (
        4,
        number,
        1,
        0,
        64 + section,
        64 if xnum else 0,
        flags,
        64,
        56,
        0xFFFF if xnum else count,
        64,
        int(xnum),
        0,
    )
    first = struct.pack("<44xI16x", count) if xnum else b""
    return struct.pack("<16sHHIQQQIHHHHHH", ident, *fields) + first + b"".join(headers + body)


def _filtered(machine: Machine) -> Iterable[tuple[int, int, int]]:
    """Runs of pages that are not zero, each with the zero pages after it."""
    start: int | None = None
    filled = zeros = 0
    for physical in range(BASE, BASE + SIZE, PAGE):
        empty = not machine.get(physical, PAGE).strip(b"\0")
        if start is not None and not empty and zeros:
            yield start, filled, filled + zeros
            start = None
        if start is None:
            start, filled, zeros = physical, 0, 0
        filled, zeros = (filled, zeros + PAGE) if empty else (filled + PAGE, zeros)
    if start is not None:
        yield start, filled, filled + zeros


def pack_lzo(data: bytes) -> bytes:
    """LZO1X of the simplest kind: literals, and runs of one byte."""
    out, literals, at, first = bytearray(), bytearray(), 0, True
    while at < len(data):
        run = 1
        while at + run < len(data) and data[at + run] == data[at]:
            run += 1
        literals += data[at : at + 1]
        at += 1
        if run < 8:
            continue
        first = _literals(out, literals, first)
        extra = run - 1 - 2
        out += bytes([32 + extra]) if extra <= 31 else b"\x20" + _long(extra - 31)
        out += b"\0\0"
        at += run - 1
        literals = bytearray()
    if literals:
        _literals(out, literals, first)
    return bytes(out) + b"\x11\0\0"


def _literals(out: bytearray, literals: bytearray, first: bool) -> bool:
    count = len(literals)
    if not first and count < 4:
        out[-2] |= count
    elif first and count < 4:
        out.append(17 + count)
    else:
        out += bytes([count - 3]) if count <= 18 else b"\0" + _long(count - 18)
    out += literals
    return False


def _long(value: int) -> bytes:
    zeros, rest = divmod(value - 1, 255)
    return bytes(zeros) + bytes([rest + 1])


PACKERS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "raw": (0, lambda page: page),
    "zlib": (1, lambda page: zlib.compress(page, 1)),
    "lzo": (2, pack_lzo),
    "snappy": (4, lambda page: page[:100]),
    "zstd": (0x20, lambda page: page[:100]),
}


@dataclass
class KdumpOptions:
    """How a kdump file differs from a plain one."""

    codec: str = "zlib"
    version: int = 6
    status: int | None = None
    split: tuple[int, int] | None = None
    lose: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()


def write_kdump(machine: Machine, options: KdumpOptions | None = None) -> bytes:
    """A kdump-compressed file: zero pages share one place, pages that do not shrink are raw."""
    options = options or KdumpOptions()
    flag, pack = PACKERS[options.codec]
    pages = (BASE + SIZE) // PAGE
    present = [page for page in range(BASE // PAGE, pages) if page not in options.drop]
    bitmap_blocks = 2 * -(-pages // (8 * PAGE))
    notes, info = machine.notes, machine.vmcoreinfo
    sub_blocks = -(-(104 + len(notes)) // PAGE)
    notes_at = PAGE + 104
    head = _kdump_head(machine, options, (flag, sub_blocks, bitmap_blocks, pages))
    start, end = options.split or (0, 0)
    wide = options.version >= 6
    sub = struct.pack(
        "<QiiQQQQQQQQQQQ", PHYS_BASE & MASK64, 31, int(bool(options.split)), 0 if wide else start, 0 if wide else end,
        notes_at + notes.index(info), len(info), notes_at, len(notes), 0, 0, start, end, pages,
    )  # fmt: skip
    body = (sub + notes).ljust(sub_blocks * PAGE, b"\0")
    bits = bytearray(bitmap_blocks // 2 * PAGE)
    for page in present:
        bits[page // 8] |= 1 << page % 8
    window = [page for page in present if not options.split or start <= page < end]
    at = (1 + sub_blocks + bitmap_blocks) * PAGE + 24 * len(window)
    return head + body + bytes(bits) * 2 + _kdump_pages(machine, window, at, (flag, pack, options.lose))


def _kdump_head(machine: Machine, options: KdumpOptions, sizes: tuple[int, int, int, int]) -> bytes:
    flag, sub_blocks, bitmap_blocks, pages = sizes
    status = flag if options.status is None else options.status
    fields = (status, PAGE, sub_blocks, bitmap_blocks, pages, 0, 0, 0, 0, machine.cpus)
    start = struct.pack("<8si390s6x", b"KDUMP   ", options.version, utsname(machine))
    head = start + struct.pack("<qq3i6Ii", machine.crashtime or 0, 0, *fields)
    return head.ljust(PAGE, b"\0")


def _kdump_pages(
    machine: Machine, window: list[int], at: int, how: tuple[int, Callable[[bytes], bytes], tuple[int, ...]]
) -> bytes:
    flag, pack, lose = how
    descriptors, data = bytearray(), bytearray()
    shared: tuple[int, int, int] | None = None
    for page in window:
        raw = machine.get(page * PAGE, PAGE)
        empty = not raw.strip(b"\0")
        packed = pack(raw)
        place = (at + len(data), len(packed), flag) if len(packed) < PAGE else (at + len(data), PAGE, 0)
        if page in lose:
            place = (0, 0, 0)
        elif empty and shared:
            place = shared
        else:
            data += packed if place[2] else raw
            shared = place if empty else shared
        descriptors += struct.pack("<QIIQ", *place, 0)
    return bytes(descriptors + data)


def flatten(data: bytes, *, junk: bytes = b"") -> bytes:
    """As makedumpfile -F writes it: what is rewritten at the end overrides what came before."""
    head = b"makedumpfile".ljust(16, b"\0")[:12] + junk.ljust(4, b"\0")
    out = [(head + struct.pack(">qq", 1, 1)).ljust(4096, b"\0")]
    step = 50_000
    pieces = [(at, data[at : at + step]) for at in range(0, len(data), step)]
    later = pieces[0]
    pieces[0] = (0, later[1][:512] + b"\xee" * (len(later[1]) - 512))
    for at, piece in [*pieces, (512, later[1][512:])]:
        out.append(struct.pack(">qq", at, len(piece)) + piece)
    return b"".join(out) + b"\xff" * 16


def samples() -> dict[str, bytes]:
    """One good dump of each kind."""
    machine = Machine()
    kdumps = {f"kdump-{codec}": write_kdump(machine, KdumpOptions(codec)) for codec in ("raw", "zlib", "lzo")}
    plain = {"elf": write_elf(machine), "elf-filtered": write_elf(machine, filtered=True), **kdumps}
    flat = {f"flattened-{name}": flatten(plain[name]) for name in ("elf-filtered", "kdump-lzo")}
    return {**plain, **flat}


def main() -> None:
    """Write the samples, and one that is cut short."""
    folder = Path(sys.argv[1])
    for name, data in samples().items():
        folder.joinpath(name).write_bytes(data)
        folder.joinpath(f"{name}.cut").write_bytes(data[: len(data) * 2 // 3])


if __name__ == "__main__":
    main()
