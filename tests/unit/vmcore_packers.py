# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs pages by every method of makedumpfile, as simply as each of the formats allows: literals, and runs of one byte.

Nothing is needed for it: readers are tested with streams that no library made.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator

#: A run this long is worth an instruction of its own in any of the formats.
_RUN = re.compile(rb"(.)\1{7,}", re.DOTALL)


def _runs(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Literals, each with how often its last byte is repeated after it."""
    at = 0
    for run in _RUN.finditer(data):
        yield data[at : run.start() + 1], run.end() - run.start() - 1
        at = run.end()
    if at < len(data):
        yield data[at:], 0


def pack_lzo(data: bytes) -> bytes:
    """LZO1X."""
    out, first = bytearray(), True
    for literals, run in _runs(data):
        first = _literals(out, literals, first)
        if run:
            extra = run - 2
            out += bytes([32 + extra]) if extra <= 31 else b"\x20" + _long(extra - 31)
            out += b"\0\0"
    return bytes(out) + b"\x11\0\0"


def _literals(out: bytearray, literals: bytes, first: bool) -> bool:
    count = len(literals)
    if not first and count < 4:
        out[-2] |= count
    elif first and count < 4:
        out.append(17 + count)
    else:
        out += bytes([count - 3]) if count <= 18 else b"\0" + _long(count - 18)
    out += literals
    return False


def _long(value: int) -> bytes:
    zeros, rest = divmod(value - 1, 255)
    return bytes(zeros) + bytes([rest + 1])


def pack_snappy(data: bytes) -> bytes:
    """Snappy without a frame."""
    out = bytearray(_varint(len(data)))
    for literals, run in _runs(data):
        count = len(literals) - 1
        out += bytes([count << 2]) if count < 60 else struct.pack("<BH", 61 << 2, count)
        out += literals
        while run:
            # A copy of what is one byte back.
            step = min(run, 64)
            out += struct.pack("<BH", step - 1 << 2 | 2, 1)
            run -= step
    return bytes(out)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def pack_zstd(data: bytes) -> bytes:
    """One zstd frame of raw and run-length blocks."""
    blocks: list[tuple[int, int, bytes]] = []
    for literals, run in _runs(data):
        for at in range(0, len(literals), 1 << 16):
            piece = literals[at : at + (1 << 16)]
            blocks.append((0, len(piece), piece))
        for at in range(0, run, 1 << 16):
            blocks.append((1, min(1 << 16, run - at), literals[-1:]))
    blocks = blocks or [(0, 0, b"")]
    out = bytearray(struct.pack("<IBI", 0xFD2FB528, 0xA0, len(data)))
    for number, (kind, size, body) in enumerate(blocks):
        last = number == len(blocks) - 1
        out += struct.pack("<I", last | kind << 1 | size << 3)[:3] + body
    return bytes(out)


#: By name: the flag in a page descriptor, and what packs.
PACKERS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "raw": (0, lambda page: page),
    "zlib": (1, lambda page: zlib.compress(page, 1)),
    "lzo": (2, pack_lzo),
    "snappy": (4, pack_snappy),
    "zstd": (0x20, pack_zstd),
}
