# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flattened stream of C(makedumpfile -F): records of offset, size and data, read in place through an index."""

from __future__ import annotations

import struct
import typing as t
from collections.abc import Iterable

from ..findings import Finding, UnreadableError, finding, unreadable
from .intervals import IntervalMap, Ranges, ScatteredError
from .source import Source, check_bounds

#: Only these 12 bytes: old writers left junk in the rest of the 16-byte field.
SIGNATURE: t.Final = b"makedumpfile"
_HEADER: t.Final = 4096
_RECORD: t.Final = struct.Struct(">qq")
_END: t.Final = (-1, -1)
#: Writers make records of about 45 KiB: enough for dumps of 45 GiB, at some 60 MiB of index and 5 s.
_MAX_RECORDS: t.Final = 1 << 20


class FlatSource:
    """The file that C(makedumpfile -R) would make of the stream."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.findings: list[Finding] = []
        self._map = IntervalMap(self._index())

    @property
    def size(self) -> int:
        """The length of the rearranged file."""
        return self._map.end

    def extents(self) -> Iterable[tuple[int, int]]:
        """What the records wrote: one of them may be far behind the others, and nothing is in between."""
        return self._map.extents()

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Bytes of the rearranged file; what no record wrote is zero."""
        check_bounds(self, offset, length, what)
        out = bytearray()
        while len(out) < length:
            at = offset + len(out)
            piece = self._map.find(at)
            if piece is None:
                out += bytes(min(self._map.following(at), offset + length) - at)
            else:
                out += self._source.read(piece.where + at - piece.start, min(piece.end, offset + length) - at, what)
        return bytes(out)

    def _index(self) -> Ranges:
        ranges = Ranges()
        try:
            self._check_header()
            at = _HEADER
            while True:
                start, size = self._record(at)
                at += _RECORD.size
                if (start, size) == _END:
                    break
                self._add(ranges, at, start, size)
                at += size
            if at < self._source.size:
                self.findings.append(finding("trailing-data", extra=self._source.size - at))
        except UnreadableError as error:
            self.findings.append(error.finding)
        return ranges

    def _check_header(self) -> None:
        kind, version = _RECORD.unpack(self._source.read(16, _RECORD.size, "the flattened header"))
        if (kind, version) != (1, 1):
            raise unreadable("flat-damaged", at=16, cause=f"type {kind}, version {version} instead of 1 and 1")

    def _record(self, at: int) -> tuple[int, int]:
        if at + _RECORD.size > self._source.size:
            raise unreadable("flat-truncated", at=self._source.size)
        start, size = _RECORD.unpack(self._source.read(at, _RECORD.size, "a record of the flattened stream"))
        if (start, size) != _END and (start < 0 or size <= 0):
            raise unreadable("flat-damaged", at=at, cause=f"a record of {size} bytes for offset {start}")
        return start, size

    def _add(self, ranges: Ranges, at: int, start: int, size: int) -> None:
        available = min(size, self._source.size - at)
        try:
            ranges.add(start, start + available, at)
        except ScatteredError as error:
            raise unreadable("flat-damaged", at=at, cause="its records are in no order") from error
        if available < size:
            raise unreadable("flat-truncated", at=self._source.size)
        if len(ranges) >= _MAX_RECORDS:
            raise unreadable("flat-long", limit=_MAX_RECORDS)
