# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ELF notes: VMCOREINFO and the registers each CPU saved. A hostile size never makes us read or allocate that much."""

from __future__ import annotations

import struct
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import Finding, UnreadableError, unreadable
from .machines import MachineType
from .registers import CpuState, parse_prstatus
from .source import Source

_HEADER: t.Final = struct.Struct("<III")
_NT_PRSTATUS: t.Final = 1
_MAX_NAME: t.Final = 256
_MAX_NOTES: t.Final = 1 << 17
_MAX_PRSTATUS: t.Final = 4096
#: As many CPUs as Linux can have; the registers of no more than these are kept.
_MAX_CPUS: t.Final = 8192
MAX_VMCOREINFO: t.Final = 1 << 20


class Note(t.NamedTuple):
    """One note; its contents are still in the file."""

    name: bytes
    kind: int
    offset: int
    size: int


@dataclass(frozen=True)
class Notes:
    """What the notes of a dump say."""

    vmcoreinfo: bytes | None
    cpus: int
    registers: tuple[CpuState, ...]
    findings: tuple[Finding, ...]


def _padded(size: int) -> int:
    return (size + 3) & ~3


def iterate(source: Source, offset: int, size: int) -> Iterator[Note]:
    """The notes of one segment; a header of zeros ends them, since the kernel pads with zeros."""
    end = offset + size
    while offset + _HEADER.size <= end:
        name_size, body_size, kind = _HEADER.unpack(source.read(offset, _HEADER.size, "a note"))
        body = offset + _HEADER.size + _padded(name_size)
        if name_size == 0 and body_size == 0:
            return
        if name_size > _MAX_NAME or body + body_size > end:
            raise unreadable("note-damaged", cause=f"the one at byte {offset} is larger than its segment")
        name = source.read(offset + _HEADER.size, name_size, "a note's name").rstrip(b"\0")
        yield Note(name, kind, body, body_size)
        offset = body + _padded(body_size)


def read_notes(source: Source, segments: list[tuple[int, int]], machine: MachineType | None) -> Notes:
    """The notes of all segments, given as offset and size."""
    reader = _NotesReader(source, machine)
    findings: tuple[Finding, ...] = ()
    try:
        for offset, size in segments:
            for note in iterate(source, offset, size):
                reader.take(note)
    except UnreadableError as error:
        findings = (error.finding,)
    return Notes(reader.vmcoreinfo, reader.cpus, tuple(reader.registers), findings)


class _NotesReader:
    """Keeps of the notes what is of use."""

    def __init__(self, source: Source, machine: MachineType | None) -> None:
        self._source = source
        self._machine = machine
        self._seen = 0
        self.vmcoreinfo: bytes | None = None
        self.cpus = 0
        self.registers: list[CpuState] = []

    def take(self, note: Note) -> None:
        self._seen += 1
        if self._seen > _MAX_NOTES:
            raise unreadable("note-damaged", cause=f"there are more than {_MAX_NOTES}")
        if note.name == b"VMCOREINFO" and note.size <= MAX_VMCOREINFO:
            self.vmcoreinfo = self._source.read(note.offset, note.size, "VMCOREINFO")
        elif note.name == b"CORE" and note.kind == _NT_PRSTATUS and note.size <= _MAX_PRSTATUS:
            self._take_registers(note)

    def _take_registers(self, note: Note) -> None:
        self.cpus += 1
        if self._machine is None or self.cpus > _MAX_CPUS:
            return
        state = parse_prstatus(self._source.read(note.offset, note.size, "a CPU's registers"), self._machine)
        self.registers += [state] if state else []
