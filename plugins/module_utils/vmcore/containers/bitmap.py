# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bitmap of pages in a file: which page is there, and how many are before it."""

from __future__ import annotations

import sys
import typing as t

from .source import CHUNK, Source

#: Bytes of the bitmap that one remembered count stands for.
_STRIDE: t.Final = 4096
#: Most of the bitmap of a sparse machine, and all of a hostile one, is zeros: those are quickest compared.
_ZEROS: t.Final = bytes(CHUNK)


def count_bits(data: bytes) -> int:
    """How many bits are set."""
    value = int.from_bytes(data, "little")
    return value.bit_count() if sys.version_info >= (3, 10) else bin(value).count("1")


class Bitmap:
    """One bit a page, the lowest bit first. Memory: one number for 32,768 pages."""

    def __init__(self, source: Source, offset: int, bits: int) -> None:
        self._source = source
        self._offset = offset
        self._length = (bits + 7) // 8
        self._ranks = [0]
        for at in range(0, self._length, CHUNK):
            self._count(source.read(offset + at, min(CHUNK, self._length - at), "the bitmap of pages"))
        self.total = self._ranks[-1]

    def _count(self, chunk: bytes) -> None:
        if chunk == _ZEROS[: len(chunk)]:
            self._ranks += [self._ranks[-1]] * -(-len(chunk) // _STRIDE)
            return
        for at in range(0, len(chunk), _STRIDE):
            self._ranks.append(self._ranks[-1] + count_bits(chunk[at : at + _STRIDE]))

    def rank(self, page: int) -> int:
        """How many pages before this one are there."""
        byte = min(page // 8, self._length)
        block = byte // _STRIDE
        part = self._source.read(self._offset + block * _STRIDE, byte - block * _STRIDE, "the bitmap of pages")
        partial = self._byte(page) & ((1 << page % 8) - 1)
        return self._ranks[block] + count_bits(part) + count_bits(bytes([partial]))

    def __contains__(self, page: int) -> bool:
        return bool(self._byte(page) >> page % 8 & 1)

    def _byte(self, page: int) -> int:
        if not 0 <= page // 8 < self._length:
            return 0
        return self._source.read(self._offset + page // 8, 1, "the bitmap of pages")[0]
