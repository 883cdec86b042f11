# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the memory of a crashed machine as ELF, kdump and flattened files.

As a program (python -m unit.vmcore_files FOLDER, in the folder of the tests) it writes a set of them.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .vmcores import BASE, MASK64, PAGE, PHYS_BASE, SIZE, Machine, utsname


def write_elf(
    machine: Machine, *, filtered: bool = False, number: int = 62, xnum: bool = False, flags: int = 0
) -> bytes:
    """An ELF core; filtered: zero pages are in memory but not in the file."""
    loads = list(_filtered(machine)) if filtered else [(BASE, SIZE, SIZE), (BASE, 2 << 20, 2 << 20)]
    section = 64 if xnum else 0
    start = 64 + section + 56 * (len(loads) + 1)
    notes = machine.notes
    at = start + len(notes)
    headers = [struct.pack("<IIQQQQQQ", 4, 0, start, 0, 0, len(notes), len(notes), 0)]
    body = [notes]
    for physical, filesz, memsz in loads:
        headers.append(struct.pack("<IIQQQQQQ", 1, 7, at, physical, physical, filesz, memsz, 0))
        body.append(machine.get(physical, filesz))
        at += filesz
    count = len(headers)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    fields = (
        4,
        number,
        1,
        0,
        64 + section,
        64 if xnum else 0,
        flags,
        64,
        56,
        0xFFFF if xnum else count,
        64,
        int(xnum),
        0,
    )
    first = struct.pack("<44xI16x", count) if xnum else b""
    return struct.pack("<16sHHIQQQIHHHHHH", ident, *fields) + first + b"".join(headers + body)


def _filtered(machine: Machine) -> Iterable[tuple[int, int, int]]:
    """Runs of pages that are not zero, each with the zero pages after it."""
    start: int | None = None
    filled = zeros = 0
    for physical in range(BASE, BASE + SIZE, PAGE):
        empty = not machine.get(physical, PAGE).strip(b"\0")
        if start is not None and not empty and zeros:
            yield start, filled, filled + zeros
            start = None
        if start is None:
            start, filled, zeros = physical, 0, 0
        filled, zeros = (filled, zeros + PAGE) if empty else (filled + PAGE, zeros)
    if start is not None:
        yield start, filled, filled + zeros


def pack_lzo(data: bytes) -> bytes:
    """LZO1X of the simplest kind: literals, and runs of one byte."""
    out, literals, at, first = bytearray(), bytearray(), 0, True
    while at < len(data):
        run = 1
        while at + run < len(data) and data[at + run] == data[at]:
            run += 1
        literals += data[at : at + 1]
        at += 1
        if run < 8:
            continue
        first = _literals(out, literals, first)
        extra = run - 1 - 2
        out += bytes([32 + extra]) if extra <= 31 else b"\x20" + _long(extra - 31)
        out += b"\0\0"
        at += run - 1
        literals = bytearray()
    if literals:
        _literals(out, literals, first)
    return bytes(out) + b"\x11\0\0"


def _literals(out: bytearray, literals: bytearray, first: bool) -> bool:
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


PACKERS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "raw": (0, lambda page: page),
    "zlib": (1, lambda page: zlib.compress(page, 1)),
    "lzo": (2, pack_lzo),
    "snappy": (4, lambda page: page[:100]),
    "zstd": (0x20, lambda page: page[:100]),
}


@dataclass
class KdumpOptions:
    """How a kdump file differs from a plain one."""

    codec: str = "zlib"
    version: int = 6
    status: int | None = None
    split: tuple[int, int] | None = None
    lose: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()


def write_kdump(machine: Machine, options: KdumpOptions | None = None) -> bytes:
    """A kdump-compressed file: zero pages share one place, pages that do not shrink are raw."""
    options = options or KdumpOptions()
    flag, pack = PACKERS[options.codec]
    pages = (BASE + SIZE) // PAGE
    present = [page for page in range(BASE // PAGE, pages) if page not in options.drop]
    bitmap_blocks = 2 * -(-pages // (8 * PAGE))
    notes, info = machine.notes, machine.vmcoreinfo
    sub_blocks = -(-(104 + len(notes)) // PAGE)
    notes_at = PAGE + 104
    head = _kdump_head(machine, options, (flag, sub_blocks, bitmap_blocks, pages))
    start, end = options.split or (0, 0)
    wide = options.version >= 6
    sub = struct.pack(
        "<QiiQQQQQQQQQQQ", PHYS_BASE & MASK64, 31, int(bool(options.split)), 0 if wide else start, 0 if wide else end,
        notes_at + notes.index(info), len(info), notes_at, len(notes), 0, 0, start, end, pages,
    )  # fmt: skip
    body = (sub + notes).ljust(sub_blocks * PAGE, b"\0")
    bits = bytearray(bitmap_blocks // 2 * PAGE)
    for page in present:
        bits[page // 8] |= 1 << page % 8
    window = [page for page in present if not options.split or start <= page < end]
    at = (1 + sub_blocks + bitmap_blocks) * PAGE + 24 * len(window)
    return head + body + bytes(bits) * 2 + _kdump_pages(machine, window, at, (flag, pack, options.lose))


def _kdump_head(machine: Machine, options: KdumpOptions, sizes: tuple[int, int, int, int]) -> bytes:
    flag, sub_blocks, bitmap_blocks, pages = sizes
    status = flag if options.status is None else options.status
    fields = (status, PAGE, sub_blocks, bitmap_blocks, pages, 0, 0, 0, 0, machine.cpus)
    start = struct.pack("<8si390s6x", b"KDUMP   ", options.version, utsname(machine))
    head = start + struct.pack("<qq3i6Ii", machine.crashtime or 0, 0, *fields)
    return head.ljust(PAGE, b"\0")


def _kdump_pages(
    machine: Machine, window: list[int], at: int, how: tuple[int, Callable[[bytes], bytes], tuple[int, ...]]
) -> bytes:
    flag, pack, lose = how
    descriptors, data = bytearray(), bytearray()
    shared: tuple[int, int, int] | None = None
    for page in window:
        raw = machine.get(page * PAGE, PAGE)
        empty = not raw.strip(b"\0")
        packed = pack(raw)
        place = (at + len(data), len(packed), flag) if len(packed) < PAGE else (at + len(data), PAGE, 0)
        if page in lose:
            place = (0, 0, 0)
        elif empty and shared:
            place = shared
        else:
            data += packed if place[2] else raw
            shared = place if empty else shared
        descriptors += struct.pack("<QIIQ", *place, 0)
    return bytes(descriptors + data)


def flatten(data: bytes, *, junk: bytes = b"") -> bytes:
    """As makedumpfile -F writes it: what is rewritten at the end overrides what came before."""
    head = b"makedumpfile".ljust(16, b"\0")[:12] + junk.ljust(4, b"\0")
    out = [(head + struct.pack(">qq", 1, 1)).ljust(4096, b"\0")]
    step = 50_000
    pieces = [(at, data[at : at + step]) for at in range(0, len(data), step)]
    later = pieces[0]
    pieces[0] = (0, later[1][:512] + b"\xee" * (len(later[1]) - 512))
    for at, piece in [*pieces, (512, later[1][512:])]:
        out.append(struct.pack(">qq", at, len(piece)) + piece)
    return b"".join(out) + b"\xff" * 16


def samples() -> dict[str, bytes]:
    """One good dump of each kind."""
    machine = Machine()
    kdumps = {f"kdump-{codec}": write_kdump(machine, KdumpOptions(codec)) for codec in ("raw", "zlib", "lzo")}
    plain = {"elf": write_elf(machine), "elf-filtered": write_elf(machine, filtered=True), **kdumps}
    flat = {f"flattened-{name}": flatten(plain[name]) for name in ("elf-filtered", "kdump-lzo")}
    return {**plain, **flat}


def main() -> None:
    """Write the samples, and one that is cut short."""
    folder = Path(sys.argv[1])
    for name, data in samples().items():
        folder.joinpath(name).write_bytes(data)
        folder.joinpath(f"{name}.cut").write_bytes(data[: len(data) * 2 // 3])


if __name__ == "__main__":
    main()
