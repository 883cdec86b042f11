# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ELF core dumps: what /proc/vmcore exports, and what C(makedumpfile -E) writes."""

from __future__ import annotations

import struct
import typing as t

from ..abi import Abi
from ..findings import Finding, UnreadableError, finding, unreadable
from ..vmcoreinfo import VmcoreInfo
from .container import Utsname
from .intervals import IntervalMap, Piece
from .machines import MachineType, machine_by_number
from .notes import read_notes
from .source import CHUNK, Source

SIGNATURE: t.Final = b"\x7fELF"

_HEADER: t.Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT: t.Final = struct.Struct("<IIQQQQQQ")
_SECTION_INFO: t.Final = struct.Struct("<44xI16x")
_SUPPORTED: t.Final = (2, 1)
_CLASSES: t.Final = {1: "32-bit", 2: "64-bit"}
_ORDERS: t.Final = {1: "little-endian", 2: "big-endian"}
_ET_CORE: t.Final = 4
_PT_LOAD: t.Final = 1
_PT_NOTE: t.Final = 4
#: The number of segments is then in section header 0.
_PN_XNUM: t.Final = 0xFFFF
_MAX_SEGMENTS: t.Final = 1 << 18
#: makedumpfile's mark in e_flags: the disk was full.
_INCOMPLETE: t.Final = 1


class Segment(t.NamedTuple):
    """One program header."""

    kind: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int


class ElfCore:
    """An ELF core dump of a kernel."""

    kind = "elf"
    utsname: Utsname | None = None
    dump_level: int | None = None

    def __init__(self, source: Source) -> None:
        self._source = source
        self.findings: list[Finding] = []
        header = self._read_header()
        machine = machine_by_number(header[2], "<")
        self.machine: str | None = machine.name if machine else f"ELF machine {header[2]}"
        self.abi = machine.abi if machine else Abi(64, "<")
        segments = self._read_segments(header)
        self._check_extent(header, segments)
        self._read_notes(segments, machine)
        loads = [segment for segment in segments if segment.kind == _PT_LOAD]
        self._data = IntervalMap(Piece(load.paddr, load.paddr + load.filesz, load.offset) for load in loads)
        # What is in memory but not in the file was filtered out, or held zeros only; makedumpfile does not tell which.
        self._zeros = IntervalMap(
            Piece(load.paddr, load.paddr + load.memsz, 0) for load in loads if load.memsz > load.filesz
        )
        # Writers that do not know a virtual address leave 0 or -1, where no kernel has anything.
        self._virtual = IntervalMap(
            Piece(load.vaddr, load.vaddr + load.memsz, load.paddr)
            for load in loads
            if load.vaddr + load.memsz <= 1 << self.abi.bits
        )

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
        piece = self._virtual.find(address)
        return None if piece is None else (piece.where + address - piece.start, piece.end - address)

    def check_pages(self) -> list[Finding]:
        """Read every byte of the file."""
        try:
            for start, end in self._source.extents():
                for at in range(start, end, CHUNK):
                    self._source.read(at, min(CHUNK, end - at), "the file")
        except UnreadableError as error:
            return [error.finding]
        return []

    def _read_header(self) -> tuple[t.Any, ...]:
        ident = self._source.read(0, 16, "the ELF header")
        layout = (ident[4], ident[5])
        if layout != _SUPPORTED:
            what = f"{_CLASSES.get(layout[0], 'strange')} {_ORDERS.get(layout[1], 'strange')} ELF"
            raise unreadable("layout-unsupported", what=what)
        header = _HEADER.unpack(self._source.read(0, _HEADER.size, "the ELF header"))
        if header[1] != _ET_CORE:
            raise unreadable("not-a-core", type=header[1])
        if header[7] & _INCOMPLETE:
            self.findings.append(finding("incomplete-flag"))
        return header

    def _read_segments(self, header: tuple[t.Any, ...]) -> list[Segment]:
        offset, entry_size, count = header[5], header[9], header[10]
        if count == _PN_XNUM and header[6]:
            (count,) = _SECTION_INFO.unpack(self._source.read(header[6], _SECTION_INFO.size, "section header 0"))
        if entry_size != _SEGMENT.size or not 0 < count <= _MAX_SEGMENTS:
            raise unreadable("header-damaged", cause=f"{count} program headers of {entry_size} bytes")
        segments: list[Segment] = []
        step = CHUNK // entry_size
        for first in range(0, count, step):
            length = min(step, count - first) * entry_size
            data = self._source.read(offset + first * entry_size, length, "the program headers")
            segments += map(Segment._make, _SEGMENT.iter_unpack(data))
        if any(segment.filesz > segment.memsz for segment in segments if segment.kind == _PT_LOAD):
            raise unreadable("header-damaged", cause="a segment has more bytes in the file than in memory")
        return segments

    def _check_extent(self, header: tuple[t.Any, ...], segments: list[Segment]) -> None:
        sections_end = header[6] + header[11] * header[12] if header[6] else 0
        end = max(sections_end, *(segment.offset + segment.filesz for segment in segments))
        if end > self._source.size:
            self.findings.append(finding("truncated", what="the last segment", end=end, size=self._source.size))
        elif end < self._source.size:
            self.findings.append(finding("trailing-data", extra=self._source.size - end))
        used = sorted((segment.offset, segment.filesz) for segment in segments if segment.filesz)
        shared = sum(low[0] + low[1] > high[0] for low, high in zip(used, used[1:]))
        if shared:
            self.findings.append(finding("overlap", count=shared))

    def _read_notes(self, segments: list[Segment], machine: MachineType | None) -> None:
        places = [(segment.offset, segment.filesz) for segment in segments if segment.kind == _PT_NOTE]
        notes = read_notes(self._source, places, machine)
        self.cpus = notes.cpus
        self.registers = notes.registers
        self.findings += notes.findings
        self.vmcoreinfo: VmcoreInfo | None = VmcoreInfo(notes.vmcoreinfo) if notes.vmcoreinfo is not None else None
        if self.vmcoreinfo is None and not notes.findings:
            self.findings.append(finding("not-a-kernel"))
