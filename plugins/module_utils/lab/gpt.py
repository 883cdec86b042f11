# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GUID partition tables (UEFI 2.10, section 5), made without a device: what goes to the start and the end of a disk."""

from __future__ import annotations

import struct
import typing as t
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import KdumpError

SECTOR: t.Final = 512
#: Sectors at the start (protective record, header, table) and at the end (table, header).
AT_START: t.Final = 34
AT_END: t.Final = 33

EFI_SYSTEM: t.Final = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
LINUX: t.Final = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")

_ENTRIES = 128
_ENTRY = struct.Struct("<16s16sQQQ72s")
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_PROTECTIVE = 0xEE


@dataclass(frozen=True)
class Partition:
    """One partition; ``first`` and ``last`` are its own sectors."""

    number: int
    kind: uuid.UUID
    first: int
    last: int
    name: str


def tables(disk_sectors: int, partitions: Sequence[Partition], *, disk: uuid.UUID) -> tuple[bytes, bytes]:
    """What to write to the first and to the last sectors of the disk that has this UUID."""
    usable = range(AT_START, disk_sectors - AT_END)
    outside = [part.name for part in partitions if part.first not in usable or part.last not in usable]
    if outside:
        raise KdumpError(f"Cannot lay out the disk: no room for {', '.join(outside)}. Choose a larger size.")
    array = bytearray(_ENTRIES * _ENTRY.size)
    for part in partitions:
        own = uuid.uuid5(disk, part.name)
        row = (part.kind.bytes_le, own.bytes_le, part.first, part.last, 0, part.name.encode("utf-16-le"))
        _ENTRY.pack_into(array, (part.number - 1) * _ENTRY.size, *row)
    last, crc = disk_sectors - 1, zlib.crc32(array)
    ends = (usable.start, usable.stop - 1)
    primary = _header(own=1, other=last, usable=ends, array=(2, crc), disk=disk)
    backup = _header(own=last, other=1, usable=ends, array=(disk_sectors - AT_END, crc), disk=disk)
    return _protective(disk_sectors) + primary + bytes(array), bytes(array) + backup


def _header(*, own: int, other: int, usable: tuple[int, int], array: tuple[int, int], disk: uuid.UUID) -> bytes:
    def packed(checksum: int) -> bytes:
        return _HEADER.pack(
            b"EFI PART", 0x10000, _HEADER.size, checksum, 0, own, other, *usable, disk.bytes_le,
            array[0], _ENTRIES, _ENTRY.size, array[1],
        )  # fmt: skip

    return packed(zlib.crc32(packed(0))).ljust(SECTOR, b"\0")


def _protective(disk_sectors: int) -> bytes:
    """The record that tells whoever knows no GPT that the disk is in use."""
    row = struct.pack("<B3sB3sII", 0, b"\0\2\0", _PROTECTIVE, b"\xff\xff\xff", 1, min(disk_sectors - 1, 0xFFFFFFFF))
    return bytes(446) + row + bytes(48) + b"\x55\xaa"
