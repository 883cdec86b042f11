# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the memory of a crashed machine as ELF, kdump, flattened and raw files.

As a program (python -m unit.vmcore_files FOLDER, in the folder of the tests) it writes a set of them. Structures are
laid out by the rules of C, member by member, so that no table of offsets is shared with a reader.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .vmcore_packers import PACKERS, pack_lzo
from .vmcores import MASK64, PHYS_BASE, Machine, utsname

__all__ = ["PACKERS", "KdumpOptions", "flatten", "pack_lzo", "samples", "write_elf", "write_kdump", "write_raw"]

Load = tuple[int, int, int, int]


def c_struct(order: str, alignment: int, members: Iterable[tuple[int, int]]) -> bytes:
    """Integers of the given sizes, each aligned to its size, but to no more than the machine aligns anything."""
    out = bytearray()
    for size, value in members:
        out += bytes(-len(out) % min(size, alignment))
        out += (value & (1 << 8 * size) - 1).to_bytes(size, "little" if order == "<" else "big")
    return bytes(out)


def write_elf(
    machine: Machine, *, filtered: bool = False, number: int | None = None, xnum: bool = False, flags: int = 0,
    bits: int | None = None, notes: bytes | None = None, shift: int = 0,
    strings: bool = False,
) -> bytes:  # fmt: skip
    """An ELF core.

    filtered: zero pages are in memory but not in the file. bits: the class of the header, where it is not that of the
    machine. shift: so many bytes of each segment's first page come before it in the file, as in /proc/vmcore.
    strings: the names of sections follow at the end, as in what QEMU writes.
    """
    bits, order = bits or machine.kind.bits, machine.kind.order
    # Before the memory is looked at: some machines store what they tell of themselves.
    notes = machine.notes if notes is None else notes
    loads = list(_filtered(machine)) if filtered else [(*load, load[2]) for load in machine.loads]
    header, entry, section = {64: (64, 56, 64), 32: (52, 32, 40)}[bits]
    count = len(loads) + 1
    at = header + entry * count + section * xnum
    rows, body = [_segment(bits, order, 4, (at, 0, 0, len(notes), len(notes)))], [notes]
    at += len(notes)
    for virtual, physical, filesz, memsz in loads:
        at += shift
        rows.append(_segment(bits, order, 1, (at, virtual, physical, filesz, memsz)))
        body += [b"\xaa" * shift, machine.get(physical, filesz)]
        at += filesz
    long, place = bits // 8, (header, 1, 0) if xnum else (0, 0, 0)
    if strings:
        place, names = (at, 2, 1), b"\0.shstrtab\0"
        places = [
            (long, 0),
            (long, 0),
            (long, at + 2 * section),
            (long, len(names)),
            (4, 0),
            (4, 0),
            (long, 1),
            (long, 0),
        ]
        body += [bytes(section), c_struct(order, 8, [(4, 1), (4, 3), *places]), names]
    number = machine.kind.number if number is None else number
    counts = (0xFFFF if xnum else count, entry, section)
    head = _elf_header(bits, order, (number, header + section * xnum, flags), counts, place)
    first = [(4, 0), (4, 0), *[(long, 0)] * 4, (4, 0), (4, count), (long, 0), (long, 0)]
    return head + (c_struct(order, 8, first) if xnum else b"") + b"".join(rows + body)


def _elf_header(
    bits: int, order: str, facts: tuple[int, int, int], counts: tuple[int, int, int], sections: tuple[int, int, int]
) -> bytes:
    number, segments_at, flags = facts
    count, entry, section = counts
    long, size = bits // 8, {64: 64, 32: 52}[bits]
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]).ljust(12, b"\0")
    return ident + c_struct(order, 8, [
        (2, 4), (2, number), (4, 1), (long, 0), (long, segments_at), (long, sections[0]), (4, flags),
        (2, size), (2, entry), (2, count), (2, section), (2, sections[1]), (2, sections[2]),
    ])  # fmt: skip


def _segment(bits: int, order: str, kind: int, place: tuple[int, ...]) -> bytes:
    numbers = [(bits // 8, value) for value in place]
    if bits == 64:
        return c_struct(order, 8, [(4, kind), (4, 7), *numbers, (8, 0)])
    return c_struct(order, 4, [(4, kind), *numbers, (4, 7), (4, 0)])


def _filtered(machine: Machine) -> Iterable[Load]:
    """Runs of pages that are not zero, each with the zero pages after it."""
    virtual, physical, _size = machine.loads[-1]
    start: int | None = None
    filled = zeros = 0
    page = machine.kind.page
    for at in range(machine.base, machine.base + machine.size, page):
        empty = not machine.get(at, page).strip(b"\0")
        if start is not None and not empty and zeros:
            yield start - physical + virtual, start, filled, filled + zeros
            start = None
        if start is None:
            start, filled, zeros = at, 0, 0
        filled, zeros = (filled, zeros + page) if empty else (filled + page, zeros)
    if start is not None:
        yield start - physical + virtual, start, filled, filled + zeros


@dataclass
class KdumpOptions:
    """How a kdump file differs from a plain one."""

    codec: str = "zlib"
    version: int = 6
    status: int | None = None
    split: tuple[int, int] | None = None
    lose: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    #: Width, byte order and greatest alignment of the machine, where they are not those of the crashed one.
    layout: tuple[int, str, int] | None = None
    #: Each part of a split dump has bits for its own pages only.
    own_bits: bool = False
    #: Bytes of ERASEINFO at the end.
    erased: bytes = b""
    #: As QEMU writes it: the header knows the machine and no more of it.
    anonymous: bool = False


class KdumpWriter:
    """A kdump-compressed file: zero pages share one place, pages that do not shrink are raw."""

    def __init__(self, machine: Machine, options: KdumpOptions) -> None:
        self.machine, self.options = machine, options
        kind = machine.kind
        self.bits, self.order, self.alignment = options.layout or (kind.bits, kind.order, 4 if kind.number == 3 else 8)
        self.page = kind.page
        self.pages = (machine.base + machine.size) // self.page
        self.flag, self.pack = PACKERS[options.codec]
        start, end = options.split or (0, self.pages)
        first = machine.base // self.page
        self.present = [page for page in range(first, self.pages) if page not in options.drop]
        self.window = [page for page in self.present if start <= page < end]
        self.bitmap_blocks = 2 * -(-self.pages // (8 * self.page))
        self.notes = machine.notes if options.version >= 4 else b""
        self.info = machine.vmcoreinfo if options.version >= 3 else b""
        self.sub_blocks = -(-(128 + len(self.notes or self.info)) // self.page)

    def write(self) -> bytes:
        """The file."""
        bits = bytearray(self.bitmap_blocks // 2 * self.page)
        for page in self.window if self.options.own_bits else self.present:
            bits[page // 8] |= 1 << page % 8
        self.at = (1 + self.sub_blocks + self.bitmap_blocks) * self.page
        descriptors, data = self._pages(self.at + 24 * len(self.window))
        end = self.at + len(descriptors) + len(data)
        return self._head() + self._sub(end) + bytes(bits) * 2 + descriptors + data + self.options.erased

    def _head(self) -> bytes:
        machine, options = self.machine, self.options
        names = utsname(machine)
        if options.anonymous:
            name = "Unknown" if machine.machine == "aarch64" else machine.machine
            names = (bytes(260) + name.encode()).ljust(390, b"\0")
        start = b"KDUMP   " + c_struct(self.order, self.alignment, [(4, options.version)]) + names
        long, status = self.bits // 8, self.flag if options.status is None else options.status
        fields = (status, self.page, self.sub_blocks, self.bitmap_blocks, self.pages, 0, 0, 0, 0, machine.cpus)
        times = [(long, machine.crashtime or 0), (long, 0)]
        rest = c_struct(self.order, self.alignment, [*times, *((4, field) for field in fields)])
        return (start.ljust(len(start) + -len(start) % min(long, self.alignment), b"\0") + rest).ljust(self.page, b"\0")

    def _sub(self, end: int) -> bytes:
        options, long, version = self.options, self.bits // 8, self.options.version
        start, stop = options.split or (0, 0)
        at = self.page + 128
        info_at = at + (self.notes.index(self.info) if self.notes else 0)
        members = [
            (1, [(long, PHYS_BASE & MASK64), (4, 31)]),
            (2, [(4, int(bool(options.split))), *((long, limit if version < 6 else 0) for limit in (start, stop))]),
            (3, [(8, info_at), (long, len(self.info))]),
            (4, [(8, at), (long, len(self.notes))]),
            (5, [(8, end if options.erased else 0), (long, len(options.erased))]),
            (6, [(8, start), (8, stop), (8, self.pages)]),
        ]  # fmt: skip
        known = [member for since, group in members if version >= since for member in group]
        # What a version does not have yet may hold anything.
        sub = c_struct(self.order, self.alignment, known).ljust(128, b"\xee")
        return (sub + (self.notes or self.info)).ljust(self.sub_blocks * self.page, b"\0")

    def _pages(self, at: int) -> tuple[bytes, bytes]:
        descriptors, data = bytearray(), bytearray()
        shared: tuple[int, int, int] | None = None
        for page in self.window:
            raw = self.machine.get(page * self.page, self.page)
            empty = not raw.strip(b"\0")
            packed = self.pack(raw)
            place = (
                (at + len(data), len(packed), self.flag) if len(packed) < self.page else (at + len(data), self.page, 0)
            )
            if page in self.options.lose:
                place = (0, 0, 0)
            elif empty and shared:
                place = shared
            else:
                data += packed if place[2] else raw
                shared = place if empty else shared
            descriptors += struct.pack(f"{self.order}QIIQ", *place, 0)
        return bytes(descriptors), bytes(data)


def write_kdump(machine: Machine, options: KdumpOptions | None = None) -> bytes:
    """A kdump-compressed file."""
    return KdumpWriter(machine, options or KdumpOptions()).write()


def write_raw(machine: Machine) -> bytes:
    """Memory as it is, from physical address 0 on."""
    return bytes(machine.base) + machine.get(machine.base, machine.size)


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
