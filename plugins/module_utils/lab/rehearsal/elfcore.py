# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ELF header that a dying kernel's loader leaves for the capture kernel: what memory there was, and the notes.

The capture kernel reads memory from where a program header's offset points, and tells its readers the header's physical
address. So the memory of another machine may lie anywhere in this one.
"""

from __future__ import annotations

import struct
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

_HEADER: t.Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT: t.Final = struct.Struct("<IIQQQQQQ")
_IDENT: t.Final = b"\x7fELF\x02\x01\x01" + bytes(9)
_ET_CORE, _EM_X86_64, _PT_LOAD, _PT_NOTE = 4, 62, 1, 4
_RWX: t.Final = 7
_NT_PRSTATUS: t.Final = 1
#: The size of struct elf_prstatus on x86_64.
_PRSTATUS_SIZE: t.Final = 336
_VMCOREINFO: t.Final = "VMCOREINFO"
_PAGE: t.Final = 4096


@dataclass(frozen=True)
class Piece:
    """One run of the old machine's memory: its addresses there."""

    physical: int
    size: int
    virtual: int = 0


def note(name: str, kind: int, data: bytes) -> bytes:
    """One ELF note."""
    label = name.encode() + b"\0"
    return struct.pack("<III", len(label), len(data), kind) + _padded(label) + _padded(data)


def placeholders(*, cpus: int, release: str) -> bytes:
    """Notes as a kernel leaves them, of a machine that never was: registers of zeros, and no symbol."""
    info = f"OSRELEASE={release}\nPAGESIZE={_PAGE}\nCRASHTIME=0\n".encode()
    return note("CORE", _NT_PRSTATUS, bytes(_PRSTATUS_SIZE)) * cpus + note(_VMCOREINFO, 0, info)


def core_header(pieces: Sequence[Piece], notes: bytes, *, address: int, old_at: int) -> bytes:
    """The header with its notes behind it, to lie at ``address``.

    ``old_at`` is where the old machine's memory begins here, with the lowest address of any piece.
    """
    lowest = min((piece.physical for piece in pieces), default=0)
    count = len(pieces) + 1
    notes_at = address + _up(_HEADER.size + count * _SEGMENT.size, _PAGE)
    # The kernel looks for a note without a name at the end of them.
    room = _up(len(notes) + 16, _PAGE)
    header = _HEADER.pack(
        _IDENT, _ET_CORE, _EM_X86_64, 1, 0, _HEADER.size, 0, 0, _HEADER.size, _SEGMENT.size, count, 0, 0, 0
    )
    rows = [_SEGMENT.pack(_PT_NOTE, 0, notes_at, 0, notes_at, room, room, 0)]
    rows += [
        _SEGMENT.pack(
            _PT_LOAD, _RWX, old_at + piece.physical - lowest, piece.virtual, piece.physical, piece.size, piece.size, 0
        )
        for piece in pieces
    ]
    head = header + b"".join(rows)
    return head.ljust(notes_at - address, b"\0") + notes.ljust(room, b"\0")


def _padded(data: bytes) -> bytes:
    return data.ljust(_up(len(data), 4), b"\0")


def _up(size: int, unit: int) -> int:
    return -(-size // unit) * unit
