# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ELF notes: VMCOREINFO and the registers each CPU saved. A hostile size never makes us read or allocate that much."""

from __future__ import annotations

import struct
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import Finding, UnreadableError, finding, unreadable
from .machines import MachineType
from .registers import CpuState, parse_prstatus
from .source import Source

_HEADER: t.Final = "III"
_HEADER_SIZE: t.Final = 12
_NT_PRSTATUS: t.Final = 1
_MAX_NAME: t.Final = 256
_MAX_NOTES: t.Final = 1 << 17
_MAX_PRSTATUS: t.Final = 4096
#: As many CPUs as Linux can have; the registers of no more than these are kept.
_MAX_CPUS: t.Final = 8192
MAX_VMCOREINFO: t.Final = 1 << 20
#: Notes whose mere presence is worth a word.
_TELLING: t.Final = {b"ERASEINFO": "erased", b"VMCOREINFO_XEN": "xen"}


class Note(t.NamedTuple):
    """One note; its contents are still in the file."""

    name: bytes
    kind: int
    offset: int
    size: int


@dataclass
class Notes:
    """What the notes of a dump say. Those of drivers, of other hypervisors and of no known kind are passed over."""

    vmcoreinfo: bytes | None = None
    #: How many CPUs saved their registers; they may be those of a machine that is not known here.
    cpus: int = 0
    registers: tuple[CpuState, ...] = ()
    #: QEMU's own note about a CPU: it made the dump, whether or not the guest had crashed.
    hypervisor: bool = False
    findings: tuple[Finding, ...] = ()


def _padded(size: int) -> int:
    return (size + 3) & ~3


def iterate(source: Source, offset: int, size: int, order: str) -> Iterator[Note]:
    """The notes of one segment; a header of zeros ends them, since the kernel pads with zeros."""
    header = struct.Struct(order + _HEADER)
    end = offset + size
    while offset + _HEADER_SIZE <= end:
        name_size, body_size, kind = header.unpack(source.read(offset, _HEADER_SIZE, "a note"))
        body = offset + _HEADER_SIZE + _padded(name_size)
        if name_size == 0 and body_size == 0:
            return
        if name_size > _MAX_NAME or body + body_size > end:
            raise unreadable("note-damaged", cause=f"the one at byte {offset} is larger than its segment")
        name = source.read(offset + _HEADER_SIZE, name_size, "a note's name").rstrip(b"\0")
        yield Note(name, kind, body, body_size)
        offset = body + _padded(body_size)


def read_notes(source: Source, segments: list[tuple[int, int]], machine: MachineType | None, order: str) -> Notes:
    """The notes of all segments, given as offset and size."""
    reader = _Reader(source, machine)
    try:
        for offset, size in segments:
            for note in iterate(source, offset, size, order):
                reader.take(note)
    except UnreadableError as error:
        reader.findings.append(error.finding)
    return reader.finish()


class _Reader:
    """Keeps of the notes what is of use."""

    def __init__(self, source: Source, machine: MachineType | None) -> None:
        self._source = source
        self._machine = machine
        self._seen = 0
        self._vmcoreinfo: Note | None = None
        self.notes = Notes()
        self.registers: list[CpuState] = []
        self.findings: list[Finding] = []

    def take(self, note: Note) -> None:
        self._seen += 1
        if self._seen > _MAX_NOTES:
            raise unreadable("note-damaged", cause=f"there are more than {_MAX_NOTES}")
        if note.name == b"VMCOREINFO" and note.size <= MAX_VMCOREINFO:
            # Read at the end: there may be very many of these, and each may be large.
            self._vmcoreinfo = note
        elif note.name == b"CORE" and note.kind == _NT_PRSTATUS and note.size <= _MAX_PRSTATUS:
            self._take_registers(note)
        elif note.name == b"QEMU":
            self.notes.hypervisor = True
        elif note.name in _TELLING and note.size:
            self._tell(_TELLING[note.name])

    def finish(self) -> Notes:
        """All that was kept."""
        note = self._vmcoreinfo
        try:
            self.notes.vmcoreinfo = self._source.read(note.offset, note.size, "VMCOREINFO") if note else None
        except UnreadableError as error:
            self.findings.append(error.finding)
        self.notes.registers, self.notes.findings = tuple(self.registers), tuple(self.findings)
        return self.notes

    def _tell(self, rule: str) -> None:
        if rule not in {found.id for found in self.findings}:
            self.findings.append(finding(rule))

    def _take_registers(self, note: Note) -> None:
        self.notes.cpus += 1
        if self._machine is None or self.notes.cpus > _MAX_CPUS:
            return
        state = parse_prstatus(self._source.read(note.offset, note.size, "a CPU's registers"), self._machine)
        self.registers += [state] if state else []
