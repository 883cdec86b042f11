# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LZO1X, as C(makedumpfile -l) packs pages: with liblzo2 where the machine has it, else with a decoder of our own.

The decoder follows the description of the stream in the kernel's documentation (staging/lzo). It is slow, about
2 MiB a second, which is plenty for the few hundred pages of a kernel log.
"""

from __future__ import annotations

import ctypes
import typing as t
from collections.abc import Callable


class LzoError(ValueError):
    """The packed bytes are no LZO1X stream, or hold more than allowed."""


Decompressor = Callable[[bytes, int], bytes]


class _Reader:
    """The packed bytes and how far they are read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise LzoError("the stream ends in the middle")
        self.at += 1
        return self.data[self.at - 1]

    def word(self) -> int:
        return self.byte() | self.byte() << 8

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise LzoError("the stream ends in the middle")
        self.at += count
        return self.data[self.at - count : self.at]

    def length(self, bits: int, mask: int) -> int:
        """A length in the low bits, or, where they are zero, mask plus 255 for each zero byte plus the next byte."""
        if bits:
            return bits
        total = mask
        while (value := self.byte()) == 0:
            total += 255
        return total + value


class _Match(t.NamedTuple):
    length: int
    distance: int
    literals: int


#: The distance that ends the stream.
_END: t.Final = 16384


def decompress_python(data: bytes, limit: int) -> bytes:
    """Unpack at most ``limit`` bytes."""
    reader, out = _Reader(data), bytearray()
    state = _first_literals(reader, out)
    while True:
        _check(out, limit)
        code = reader.byte()
        if code < 16 and state == 0:
            out += reader.take(3 + reader.length(code, 15))
            state = 4
            continue
        match = _match(reader, code, state)
        if match.distance == _END and 16 <= code < 32:
            break
        _copy(out, match, limit)
        out += reader.take(match.literals)
        state = match.literals
    if reader.at != len(data):
        raise LzoError("bytes follow the end of the stream")
    return bytes(out)


def _first_literals(reader: _Reader, out: bytearray) -> int:
    """The stream may begin with a run of its own; the state after it is its length, up to 4."""
    if not reader.data or reader.data[0] <= 17:
        return 0
    count = reader.byte() - 17
    out += reader.take(count)
    return min(count, 4)


def _match(reader: _Reader, code: int, state: int) -> _Match:
    if code >= 64:
        length = 5 + (code >> 5 & 3) if code >= 128 else 3 + (code >> 5 & 1)
        return _Match(length, (reader.byte() << 3) + (code >> 2 & 7) + 1, code & 3)
    if code >= 32:
        length = 2 + reader.length(code & 31, 31)
        word = reader.word()
        return _Match(length, (word >> 2) + 1, word & 3)
    if code >= 16:
        length = 2 + reader.length(code & 7, 7)
        word = reader.word()
        return _Match(length, _END + ((code & 8) << 11) + (word >> 2), word & 3)
    distance = (reader.byte() << 2) + (code >> 2) + 1
    return _Match(3, distance + 2048, code & 3) if state == 4 else _Match(2, distance, code & 3)


def _copy(out: bytearray, match: _Match, limit: int) -> None:
    """Append bytes seen before; where source and target overlap, the bytes repeat."""
    if match.distance > len(out):
        raise LzoError("a match begins before the page")
    if len(out) + match.length > limit:
        raise LzoError("the page is larger than allowed")
    start = len(out) - match.distance
    pattern = out[start : start + match.length]
    repeats = -(-match.length // len(pattern))
    out += (pattern * repeats)[: match.length]


def _check(out: bytearray, limit: int) -> None:
    if len(out) > limit:
        raise LzoError("the page is larger than allowed")


def load_library() -> Decompressor | None:
    """The decoder of liblzo2, where it is installed: it is there wherever makedumpfile is."""
    try:
        function = ctypes.CDLL("liblzo2.so.2").lzo1x_decompress_safe
    except (OSError, AttributeError):
        return None
    function.argtypes = (
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.c_size_t),
        ctypes.c_void_p,
    )
    function.restype = ctypes.c_int

    def decompress(data: bytes, limit: int) -> bytes:
        buffer = ctypes.create_string_buffer(limit)
        length = ctypes.c_size_t(limit)
        status = function(data, len(data), buffer, ctypes.byref(length), None)
        if status != 0:
            raise LzoError(f"liblzo2 says error {status}")
        return buffer.raw[: length.value]

    return decompress


#: The fastest decoder of this machine.
decompress: t.Final[Decompressor] = load_library() or decompress_python
