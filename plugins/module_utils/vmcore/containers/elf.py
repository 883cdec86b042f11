# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ELF core dumps: what /proc/vmcore exports, and what C(makedumpfile -E) writes."""

from __future__ import annotations

import struct
import typing as t
from array import array

from ..abi import Abi
from ..findings import Finding, finding, unreadable
from ..vmcoreinfo import VmcoreInfo
from .container import Utsname
from .intervals import IntervalMap
from .machines import machine_by_number
from .notes import Notes, read_notes
from .source import CHUNK, Source, read_all

SIGNATURE: t.Final = b"\x7fELF"

_ORDERS: t.Final = {1: "<", 2: ">"}
_ET_CORE: t.Final = 4
_PT_LOAD: t.Final = 1
_PT_NOTE: t.Final = 4
#: The number of segments is then in section header 0.
_PN_XNUM: t.Final = 0xFFFF
#: A section of a core holds names of sections; it is at the end of what QEMU writes.
_SHT_NOBITS: t.Final = 8
#: Members of a section header, in either class.
_TYPE, _OFFSET, _SIZE, _INFO = 1, 4, 5, 7
_MAX_SECTIONS: t.Final = 256
#: More than any machine's memory has pieces.
_MAX_SEGMENTS: t.Final = 1 << 18
#: makedumpfile's mark in e_flags: the disk was full.
_INCOMPLETE: t.Final = 1
#: /proc/vmcore rounds what it exports to whole pages; these are the sizes of pages that there are.
_PAGES: t.Final = (1 << 12, 1 << 14, 1 << 16)


class Layout(t.NamedTuple):
    """One class of ELF: the header, a program header, and sh_info in a section header."""

    bits: int
    header: str
    segment: str
    section: str
    #: Where kind, offset, vaddr, paddr, filesz and memsz are among the members of a program header.
    members: tuple[int, ...]


_CLASSES: t.Final = {
    1: Layout(32, "16sHHIIIIIHHHHHH", "IIIIIIII", "IIIIIIIIII", (0, 1, 2, 3, 4, 5)),
    2: Layout(64, "16sHHIQQQIHHHHHH", "IIQQQQQQ", "IIQQQQIIQQ", (0, 2, 3, 4, 5, 6)),
}


class Header(t.NamedTuple):
    """The header of the file."""

    ident: bytes
    type: int
    machine: int
    version: int
    entry: int
    segments_at: int
    sections_at: int
    flags: int
    header_size: int
    segment_size: int
    segment_count: int
    section_size: int
    section_count: int
    names: int


class Loads:
    """The segments that hold memory, by columns: there may be very many."""

    def __init__(self) -> None:
        self.offsets, self.virtual, self.physical = array("Q"), array("Q"), array("Q")
        self.filesz, self.memsz = array("Q"), array("Q")

    def add(self, *members: int) -> None:
        offset, _virtual, physical, filesz, memsz = members
        if filesz > memsz:
            raise unreadable("header-damaged", cause="a segment has more bytes in the file than in memory")
        if physical + memsz > 1 << 64:
            raise unreadable("header-damaged", cause="a segment ends behind all memory")
        if offset + filesz > 1 << 64:
            raise unreadable("header-damaged", cause="a segment ends behind the end of any file")
        for column, value in zip((self.offsets, self.virtual, self.physical, self.filesz, self.memsz), members):
            column.append(value)

    def data(self) -> IntervalMap:
        """What is in the file, by physical address."""
        return self._map(self.physical, self.filesz, self.offsets)

    def holes(self) -> IntervalMap:
        """What is in memory and not in the file, with what is before it, by physical address."""
        partial = [at for at in range(len(self.memsz)) if self.memsz[at] > self.filesz[at]]
        return IntervalMap(
            sorted((self.physical[at], self.physical[at] + self.memsz[at], self.physical[at]) for at in partial)
        )

    def kernel(self, bits: int) -> IntervalMap:
        """Physical by virtual address. Writers that do not know the latter leave 0 or -1, where no kernel is."""
        known = [at for at in range(len(self.memsz)) if self.virtual[at] + self.memsz[at] <= 1 << bits]
        return self._map(self.virtual, self.memsz, self.physical, known)

    def _map(
        self, starts: array[int], lengths: array[int], wheres: array[int], which: list[int] | None = None
    ) -> IntervalMap:
        order = sorted(range(len(starts)) if which is None else which, key=starts.__getitem__)
        return IntervalMap((starts[at], starts[at] + lengths[at], wheres[at]) for at in order)


class ElfCore:
    """An ELF core dump of a kernel."""

    kind = "elf"
    utsname: Utsname | None = None
    dump_level: int | None = None
    page_methods: dict[str, int] | None = None

    def __init__(self, source: Source) -> None:
        self._source = source
        self.findings: list[Finding] = []
        self._layout, self._order = self._read_ident()
        header = self._read_header()
        machine = machine_by_number(header.machine, self._order)
        self.machine: str | None = machine.name if machine else f"ELF machine {header.machine}"
        # The machine decides, not the header: 32-bit kernels dump with headers of 64 bits too.
        self.abi = machine.abi if machine else Abi(self._layout.bits, self._order)
        #: Where the notes are in the file: offset and length.
        self.notes_at: list[tuple[int, int]] = []
        self.loads = Loads()
        self._read_segments(header)
        self._take_notes(read_notes(source, self.notes_at, machine, self._order))
        self._data = self.loads.data()
        # What is in memory but not in the file was filtered out, or held zeros only; makedumpfile does not tell which.
        self._zeros = self.loads.holes()
        self._virtual: IntervalMap | None = None

    def read_physical(self, address: int, length: int) -> bytes:
        """Memory of the crashed kernel by physical address."""
        out = bytearray()
        while len(out) < length:
            at, end = address + len(out), address + length
            piece = self._data.find(at)
            if piece is not None:
                out += self._source.read(piece.where + at - piece.start, min(piece.end, end) - at, "a segment")
                continue
            hole = self._zeros.find(at)
            if hole is None:
                raise unreadable("address-absent", space="physical", address=hex(at))
            following = self._data.following(at)
            out += bytes(min(hole.end, end, following if following > at else end) - at)
        return bytes(out)

    def virtual_to_physical(self, address: int) -> tuple[int, int] | None:
        """What the virtual addresses in the program headers say."""
        if self._virtual is None:
            self._virtual = self.loads.kernel(self.abi.bits)
        piece = self._virtual.find(address)
        return None if piece is None else (piece.where + address - piece.start, piece.end - address)

    def check_pages(self) -> list[Finding]:
        """Read every byte of the file that is not a hole."""
        return read_all(self._source)

    def _read_ident(self) -> tuple[Layout, str]:
        ident = self._source.read(0, 16, "the ELF header")
        layout, order = _CLASSES.get(ident[4]), _ORDERS.get(ident[5])
        if layout is None or order is None:
            raise unreadable("header-damaged", cause=f"there is no ELF class {ident[4]} with byte order {ident[5]}")
        return layout, order

    def _read_header(self) -> Header:
        layout = struct.Struct(self._order + self._layout.header)
        header = Header._make(layout.unpack(self._source.read(0, layout.size, "the ELF header")))
        if header.type != _ET_CORE:
            raise unreadable("not-a-core", type=header.type)
        if header.flags & _INCOMPLETE:
            self.findings.append(finding("incomplete-flag"))
        return header

    def _read_sections(self, header: Header) -> tuple[int, int]:
        """How many segments there are, and where the last section ends; few cores have any section."""
        count, end = header.segment_count, 0
        layout = struct.Struct(self._order + self._layout.section)
        total = min(header.section_count, _MAX_SECTIONS) if header.sections_at else 0
        for number in range(max(total, int(bool(header.sections_at) and count == _PN_XNUM))):
            at = header.sections_at + number * layout.size
            row = layout.unpack(self._source.read(at, layout.size, f"section header {number}"))
            end = max(end, at + layout.size)
            if number == 0:
                count = row[_INFO] if count == _PN_XNUM else count
            elif row[_TYPE] != _SHT_NOBITS:
                end = max(end, row[_OFFSET] + row[_SIZE])
        return count, end

    def _read_segments(self, header: Header) -> None:
        layout = struct.Struct(self._order + self._layout.segment)
        count, sections_end = self._read_sections(header)
        if header.segment_size != layout.size or not 0 < count <= _MAX_SEGMENTS:
            raise unreadable("header-damaged", cause=f"{count} program headers of {header.segment_size} bytes")
        end = max(sections_end, header.segments_at + count * layout.size)
        step = CHUNK // layout.size
        for first in range(0, count, step):
            length = min(step, count - first) * layout.size
            data = self._source.read(header.segments_at + first * layout.size, length, "the program headers")
            for row in layout.iter_unpack(data):
                end = max(end, self._take_segment(*(row[member] for member in self._layout.members)))
        self._check_extent(end)

    def _take_segment(self, kind: int, *members: int) -> int:
        """Keep what matters of one segment; where it ends in the file."""
        offset, filesz = members[0], members[3]
        if kind == _PT_LOAD:
            self.loads.add(*members)
        elif kind == _PT_NOTE:
            self.notes_at.append((offset, filesz))
        return offset + filesz

    def _check_extent(self, end: int) -> None:
        size = self._source.size
        if end > size:
            self.findings.append(finding("truncated", what="the last segment", end=end, size=size))
        elif end < size and size not in [-(-end // page) * page for page in _PAGES]:
            self.findings.append(finding("trailing-data", extra=size - end))
        used = [(offset, length) for offset, length in zip(self.loads.offsets, self.loads.filesz) if length]
        used = sorted(used + [place for place in self.notes_at if place[1]])
        shared = sum(low[0] + low[1] > high[0] for low, high in zip(used, used[1:]))
        if shared:
            self.findings.append(finding("overlap", count=shared))

    def _take_notes(self, notes: Notes) -> None:
        self.cpus = notes.cpus
        self.registers = notes.registers
        self.findings += notes.findings
        self.vmcoreinfo: VmcoreInfo | None = VmcoreInfo(notes.vmcoreinfo) if notes.vmcoreinfo is not None else None
        if self.vmcoreinfo is None and not any(found.severity == "error" for found in notes.findings):
            self.findings.append(finding("hypervisor-dump" if notes.hypervisor else "not-a-kernel"))
