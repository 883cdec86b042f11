# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small machine that has crashed: its memory, with the page tables of its architecture and a kernel log in it.

It shares no code with what it tests, so that a mistake has to be made twice.
"""

from __future__ import annotations

import struct
import typing as t
from dataclasses import dataclass

from .vmcore_kinds import IMAGE, KINDS, MASK64, Kind
from .vmcore_ring import DESC, INFO, NONCE, PANIC_LINES, RELEASE, Ring, Said, drill_ring
from .vmcore_tables import Tables

__all__ = [
    "BASE", "CRASHTIME", "DESC", "IMAGE", "INFO", "KERNEL", "KINDS", "MASK64", "NODENAME", "NONCE", "PAGE",
    "PANIC_LINES", "PHYS_BASE", "RELEASE", "SCATTERED", "SIZE", "Kind", "Machine", "Ring", "Said", "drill_ring", "note",
    "utsname",
]  # fmt: skip

PAGE = 4096
BASE = 0x2000000  # physical address of the 4 MiB of memory that these machines have
SIZE = 4 << 20
KERNEL = 0xFFFFFFFF81000000  # where the kernel image of a plain x86_64 machine runs: the first 2 MiB
PHYS_BASE = BASE - (KERNEL - IMAGE)
SCATTERED = 0xFFFFC90000000000  # the last MiB of such a machine, page by page, backwards
TABLES = 0x100000  # page tables are made from here on
TABLES_END = 0x300000
NODENAME = "host-under-test"
CRASHTIME = 1700000000

_MAPPED: dict[tuple[str, int], tuple[bytes, int, list[int]]] = {}


@dataclass
class Machine:
    """Physical memory with a kernel in it. The log is anything that has place() and lines(), a Ring by default."""

    ring: t.Any = None
    five_levels: bool = False
    nodename: str = NODENAME
    release: str = RELEASE
    crashtime: int | None = CRASHTIME
    cpus: int = 2
    machine: str = ""
    #: A key of KINDS.
    variant: str = "x86_64"
    base: int = BASE

    def __post_init__(self) -> None:
        if self.five_levels:
            self.variant = "x86_64-5level"
        self.machine = self.machine or self.kind.machine
        self.size = SIZE
        self.kernel = self.kind.linear + self.base if self.kind.kernel is None else self.kind.kernel
        if (self.variant, self.base) not in _MAPPED:
            self._map()
        memory, self.root, self.entries = _MAPPED[self.variant, self.base]
        self.memory = bytearray(memory)
        if self.ring is None:
            self.ring = drill_ring(bits=self.kind.bits, order=self.kind.order)
        self.ring.place(self)
        self.put(self.image(0x3000) + 4, utsname(self))

    @property
    def kind(self) -> Kind:
        """What kind of machine it is: width, byte order, size of a page, and so on."""
        return KINDS[self.variant]

    def image(self, offset: int) -> int:
        """The physical address of something in the kernel image."""
        return self.base + offset

    def symbol(self, physical: int) -> int:
        """The virtual address of something in the kernel image."""
        return self.kernel + physical - self.base

    def linear(self, physical: int) -> int:
        """The address of something in the linear map."""
        return self.kind.linear + physical & (1 << self.kind.bits) - 1

    def put(self, physical: int, data: bytes) -> None:
        """Store bytes."""
        self.memory[physical - self.base : physical - self.base + len(data)] = data

    def get(self, physical: int, size: int) -> bytes:
        """Load bytes."""
        return bytes(self.memory[physical - self.base : physical - self.base + size])

    def scattered(self, virtual: int) -> int:
        """The physical address behind one of the scattered pages."""
        page, offset = divmod(virtual - self.kind.scattered, self.kind.page)
        return self.base + SIZE - (page + 1) * self.kind.page + offset

    @property
    def scattered_place(self) -> int:
        """Where to put what shall lie on scattered pages, 8 bytes into the first."""
        return (self.kind.scattered if self.kind.walkable else self.kernel + 0x80000) + 8

    def scatter(self, virtual: int, data: bytes) -> None:
        """Store bytes on scattered pages, or where these cannot be read in the kernel image."""
        if not self.kind.walkable:
            self.put(virtual - self.kernel + self.base, data)
            return
        page, at = self.kind.page, 0
        while at < len(data):
            room = page - (virtual + at) % page
            self.put(self.scattered(virtual + at), data[at : at + room])
            at += room

    def _map(self) -> None:
        """Make the page tables, once for all machines of the kind."""
        kind = self.kind
        self.memory = bytearray(SIZE)
        tables = Tables(kind.paging, self.get, self.put, self.base + TABLES)
        if kind.kernel is not None:
            for at in range(0, 2 << 20, 1 << kind.image_shift):
                tables.map(self.kernel + at, self.base + at, kind.image_shift)
        step = 1 << kind.linear_shift
        for physical in range(self.base // step * step, self.base + SIZE, step) if kind.linear_shift else ():
            tables.map(self.linear(physical), physical, kind.linear_shift)
        for virtual in range(kind.scattered, kind.scattered + (1 << 20), kind.page):
            tables.map(virtual, self.scattered(virtual), kind.page.bit_length() - 1)
        if tables.end > self.base + TABLES_END:
            raise AssertionError(f"{tables.end - self.base - TABLES_END} bytes of page tables too many")
        _MAPPED[self.variant, self.base] = bytes(self.memory), tables.root, tables.entries()

    @property
    def loads(self) -> list[tuple[int, int, int]]:
        """The PT_LOADs that the kernel of such a machine makes: virtual and physical address, and size."""
        linear = (self.linear(self.base), self.base, SIZE)
        if self.kind.machine == "s390x":
            return [(self.base, self.base, SIZE)]
        return [linear] if self.kind.kernel is None else [(self.kernel, self.base, 2 << 20), linear]

    @property
    def vmcoreinfo(self) -> bytes:
        """The text, with its last line lacking a newline, as kernels leave it."""
        lines = [
            f"OSRELEASE={self.release}", "BUILD-ID=00112233445566778899aabbccddeeff00112233",
            f"PAGESIZE={self.kind.page}", f"SYMBOL(init_uts_ns)={self.kernel + 0x3000:x}",
            "OFFSET(uts_namespace.name)=4", f"SYMBOL(swapper_pg_dir)={self.symbol(self.root):x}",
            f"SYMBOL(_stext)={self.kernel:x}", f"SYMBOL(mem_section)={self.linear(self.base + 0x3F0000):x}",
            *self.ring.lines(self), *self.kind.lines(self),
        ]  # fmt: skip
        return "\n".join(lines + ([] if self.crashtime is None else [f"CRASHTIME={self.crashtime}"])).encode()

    @property
    def notes(self) -> bytes:
        """One PRSTATUS a CPU, then VMCOREINFO."""
        order, status = self.kind.order, bytes(self.kind.prstatus)
        return b"".join(note(b"CORE\0", 1, status, order) for _cpu in range(self.cpus)) + note(
            b"VMCOREINFO\0", 0, self.vmcoreinfo, order
        )


def utsname(machine: Machine) -> bytes:
    """A ``struct new_utsname``."""
    fields = ("Linux", machine.nodename, machine.release, "#1 SMP", machine.machine, "(none)")
    return b"".join(value.encode().ljust(65, b"\0") for value in fields)


def note(name: bytes, kind: int, desc: bytes, order: str = "<") -> bytes:
    """One ELF note."""
    head = struct.pack(f"{order}III", len(name), len(desc), kind)
    return head + name.ljust(-(-len(name) // 4) * 4, b"\0") + desc.ljust(-(-len(desc) // 4) * 4, b"\0")
