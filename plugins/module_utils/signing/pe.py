# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PE images, which kernels with an EFI stub are: where their signatures are, and what these are made over."""

from __future__ import annotations

import hashlib
import struct
import typing as t
from dataclasses import dataclass

from ..errors import KdumpError

#: The first two bytes; the offset of the PE header is at 0x3c.
SIGNATURE: t.Final = b"MZ"
_HEADER: t.Final = b"PE\0\0"
_HEADER_AT: t.Final = 0x3C
#: After the signature and the COFF header comes the optional header, whose kind decides where the directories are.
_OPTIONAL_AT: t.Final = 24
_DIRECTORIES_AT: t.Final = {0x10B: 96, 0x20B: 112}
_CHECKSUM_AT: t.Final = 64
_CERTIFICATE_DIRECTORY: t.Final = 4
_PKCS7: t.Final = 2
#: The most certificates that are looked at.
_MOST: t.Final = 16


class PeError(KdumpError):
    """A PE image is damaged."""


@dataclass(frozen=True)
class PeImage:
    """A PE image's places: the check sum, the entry of the certificate table, and the table itself."""

    data: bytes
    checksum_at: int
    entry_at: int
    table_at: int
    table_size: int

    def messages(self) -> list[bytes]:
        """The PKCS#7 messages in the certificate table."""
        found: list[bytes] = []
        at, end = self.table_at, self.table_at + self.table_size
        while at + 8 <= end and len(found) < _MOST:
            length, _revision, kind = struct.unpack_from("<IHH", self.data, at)
            if length < 8 or at + length > end:
                raise PeError(f"Cannot read the signatures of the image: one of {length} bytes does not fit its table")
            if kind == _PKCS7:
                found.append(self.data[at + 8 : at + length])
            at += -(-length // 8) * 8
        return found

    def digest(self, algorithm: str) -> bytes:
        """The digest that a signature is made over: of all but the check sum and what has to do with signatures."""
        made = hashlib.new(algorithm)
        view = memoryview(self.data)
        end = self.table_at if self.table_size else len(self.data)
        made.update(view[: self.checksum_at])
        made.update(view[self.checksum_at + 4 : self.entry_at])
        made.update(view[self.entry_at + 8 : end])
        if not self.table_size:
            made.update(bytes(-len(self.data) % 8))  # as a signing tool would fill it up
        return made.digest()


def parse_pe(data: bytes) -> PeImage | None:
    """The image, or None where ``data`` is none."""
    if data[:2] != SIGNATURE or len(data) < _HEADER_AT + 4:
        return None
    header_at = struct.unpack_from("<I", data, _HEADER_AT)[0]
    if data[header_at : header_at + 4] != _HEADER:
        return None
    optional_at = header_at + _OPTIONAL_AT
    try:
        directories_at = optional_at + _DIRECTORIES_AT[struct.unpack_from("<H", data, optional_at)[0]]
        count = struct.unpack_from("<I", data, directories_at - 4)[0]
        entry_at = directories_at + 8 * _CERTIFICATE_DIRECTORY
        table_at, table_size = struct.unpack_from("<II", data, entry_at)
    except (struct.error, KeyError) as error:
        raise PeError("Cannot read the image: its PE header is damaged") from error
    if count <= _CERTIFICATE_DIRECTORY:
        raise PeError("Cannot read the image: its PE header has no place for signatures")
    if table_size and not entry_at + 8 <= table_at <= table_at + table_size <= len(data):
        raise PeError("Cannot read the image: its certificate table is not inside the file")
    return PeImage(data, optional_at + _CHECKSUM_AT, entry_at, table_at, table_size)
