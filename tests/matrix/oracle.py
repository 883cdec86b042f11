# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An independent witness of a crashed machine's memory, and the comparison of a dump with it.

While the capture kernel stands still, QEMU writes all of the machine's memory into an ELF file. That file is read by
pyelftools, the dump by our own readers, and every page that the dump holds is compared by physical address.
"""

from __future__ import annotations

import bisect
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from elftools.elf.elffile import ELFFile

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.container import Container
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.kdump import KdumpFile

#: Addresses of differing pages that are kept; of more, only the number is.
KEPT: t.Final = 20


@dataclass(frozen=True)
class Area:
    """Addresses from ``start`` to before ``end``."""

    start: int
    end: int
    name: str = ""

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end


#: Where a dump may differ from what QEMU sees, by architecture and system call. kexec(8) has the first 640 KiB on x86
#: and the first 64 KiB on POWER copied into the reservation, and has the dump take them from there: the capture kernel
#: starts in the original. kexec_file_load leaves the first MiB on x86 out of the dump since Linux 5.5.
BACKUP: t.Final[Mapping[tuple[str, str], tuple[Area, ...]]] = {
    ("x86_64", "kexec_load"): (Area(0, 640 << 10, "backup area"),),
    ("i386", "kexec_load"): (Area(0, 640 << 10, "backup area"),),
    ("ppc64le", "kexec_load"): (Area(0, 64 << 10, "backup area"),),
}


#: POWER's firmware keeps its own state in a page of memory; both kernels call it, and the first says where it is.
_RTAS: t.Final = re.compile(r"instantiating rtas at 0x(?P<start>[0-9a-f]+)")
_RTAS_SIZE: t.Final = 64 << 10


def firmware(console: str) -> tuple[Area, ...]:
    """Where firmware writes while the capture kernel runs, by what the console says."""
    match = _RTAS.search(console)
    start = int(match["start"], 16) // _RTAS_SIZE * _RTAS_SIZE if match else 0
    return (Area(start, start + _RTAS_SIZE, "firmware's area"),) if match else ()


class Memory(t.Protocol):
    """Memory by physical address."""

    def runs(self) -> Sequence[tuple[int, int]]:
        """Start and end of each run of addresses that it holds, in order."""

    def read(self, address: int, length: int) -> bytes:
        """What is there."""


class Witness:
    """What QEMU's dump-guest-memory wrote without paging."""

    def __init__(self, stream: t.BinaryIO) -> None:
        self._stream = stream
        loads = [segment.header for segment in ELFFile(stream).iter_segments("PT_LOAD")]
        self._pieces = sorted((load.p_paddr, load.p_paddr + load.p_filesz, load.p_offset) for load in loads)
        self._starts = [start for start, _end, _offset in self._pieces]

    def runs(self) -> Sequence[tuple[int, int]]:
        """Start and end of each segment."""
        return [(start, end) for start, end, _offset in self._pieces]

    def read(self, address: int, length: int) -> bytes:
        """What is there; fewer bytes where a segment ends."""
        place = bisect.bisect_right(self._starts, address) - 1
        if place < 0 or address >= self._pieces[place][1]:
            return b""
        start, end, offset = self._pieces[place]
        self._stream.seek(offset + address - start)
        return self._stream.read(min(length, end - address))


class Dump:
    """A dump through our own readers."""

    def __init__(self, container: Container, stream: t.BinaryIO) -> None:
        self._container = container
        self._runs = _kept(container) if isinstance(container, KdumpFile) else _segments(stream)

    def runs(self) -> Sequence[tuple[int, int]]:
        """The pages that it holds."""
        return self._runs

    def read(self, address: int, length: int) -> bytes:
        """What they hold."""
        return self._container.read_physical(address, length)


def _kept(container: KdumpFile) -> list[tuple[int, int]]:
    size = container.headers.block
    return list(joined((page * size, (page + 1) * size) for page in range(container.headers.pages)
                       if page in container.bitmap))  # fmt: skip


def _segments(stream: t.BinaryIO) -> list[tuple[int, int]]:
    loads = [segment.header for segment in ELFFile(stream).iter_segments("PT_LOAD")]
    return list(joined(sorted((load.p_paddr, load.p_paddr + load.p_filesz) for load in loads if load.p_filesz)))


def joined(runs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The same addresses in as few runs as can be; they come in order."""
    start = end = 0
    for first, last in runs:
        if first > end:
            if end > start:
                yield start, end
            start = first
        end = max(end, last)
    if end > start:
        yield start, end


@dataclass
class Comparison:
    """What came of it, in pages."""

    compared: int = 0
    differing: int = 0
    #: Addresses of the first differing pages.
    first: list[int] = field(default_factory=list)
    #: Differing pages in areas where that is allowed, by the area's name.
    allowed: dict[str, int] = field(default_factory=dict)
    #: Pages of the dump that the machine does not have.
    unknown: int = 0
    #: Pages of the machine that the dump does not hold, and how many of these are not zero.
    dropped: int = 0
    dropped_with_content: int = 0

    def __str__(self) -> str:
        places = f" (first at {', '.join(map(hex, self.first))})" if self.first else ""
        allowed = "".join(f", {count} differ in the {name}" for name, count in self.allowed.items())
        return (
            f"{self.compared} pages compared, {self.differing} differ{places}{allowed}, {self.unknown} unknown to the "
            f"machine, {self.dropped} not in the dump, {self.dropped_with_content} of these not zero"
        )


def compare(
    witness: Memory, dump: Memory, *, page: int = 4096, allowed: Sequence[Area] = (), left_out: Sequence[Area] = ()
) -> Comparison:
    """Compare every page. Pages in ``left_out`` (the reservation) are not counted as dropped."""
    result = Comparison()
    zeros = bytes(page)
    for address in _pages(dump.runs(), page):
        seen = witness.read(address, page)
        if len(seen) < page:
            result.unknown += 1
            continue
        result.compared += 1
        if dump.read(address, page) != seen:
            _differs(result, address, allowed)
    held = dump.runs()
    for address in _pages(without(witness.runs(), held), page):
        if any(address in area for area in left_out):
            continue
        result.dropped += 1
        result.dropped_with_content += witness.read(address, page) not in (zeros, b"")
    return result


def _differs(result: Comparison, address: int, allowed: Sequence[Area]) -> None:
    area = next((area for area in allowed if address in area), None)
    if area is not None:
        result.allowed[area.name] = result.allowed.get(area.name, 0) + 1
        return
    result.differing += 1
    if len(result.first) < KEPT:
        result.first.append(address)


def _pages(runs: Iterable[tuple[int, int]], page: int) -> Iterator[int]:
    """Whole pages only: a machine's memory begins and ends at pages."""
    for start, end in runs:
        yield from range(-(-start // page) * page, end // page * page, page)


def without(runs: Iterable[tuple[int, int]], others: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What is in ``runs`` and not in ``others``; both are in order."""
    for start, end in runs:
        for low, high in others:
            if high <= start or low >= end:
                continue
            if low > start:
                yield start, low
            start = max(start, high)
        if start < end:
            yield start, end
