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
from .source import Source

_HEADER: t.Final = struct.Struct("<III")
_NT_PRSTATUS: t.Final = 1
_MAX_NAME: t.Final = 256
_MAX_NOTES: t.Final = 1 << 17
_MAX_PRSTATUS: t.Final = 4096
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


def read_notes(source: Source, segments: list[tuple[int, int]]) -> Notes:
    """The notes of all segments, given as offset and size."""
    vmcoreinfo: bytes | None = None
    cpus = 0
    seen = 0
    for offset, size in segments:
        try:
            for note in iterate(source, offset, size):
                seen += 1
                if seen > _MAX_NOTES:
                    raise unreadable("note-damaged", cause=f"there are more than {_MAX_NOTES}")
                if note.name == b"VMCOREINFO" and note.size <= MAX_VMCOREINFO:
                    vmcoreinfo = source.read(note.offset, note.size, "VMCOREINFO")
                elif note.name == b"CORE" and note.kind == _NT_PRSTATUS and note.size <= _MAX_PRSTATUS:
                    cpus += 1
        except UnreadableError as error:
            return Notes(vmcoreinfo, cpus, (error.finding,))
    return Notes(vmcoreinfo, cpus, ())
