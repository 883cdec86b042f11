# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps in makedumpfile's own format ("KDUMP   "): compressed page by page."""

from __future__ import annotations

import struct
import typing as t
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from ..abi import Abi
from ..findings import Finding, UnreadableError, finding, unreadable
from ..vmcoreinfo import VmcoreInfo
from .bitmap import Bitmap
from .codecs import CODECS, PageError, unpack
from .container import UTSNAME_SIZE, Utsname, parse_utsname
from .machines import MachineType, machine_by_name
from .notes import MAX_VMCOREINFO, read_notes
from .source import CHUNK, Source

SIGNATURE: t.Final = b"KDUMP   "

#: status, block_size, sub_hdr_size, bitmap_blocks, max_mapnr, in each layout and where they begin.
_LAYOUTS: t.Final = {
    "64-bit little-endian": struct.Struct("<424xiiiII"),
    "64-bit big-endian": struct.Struct(">424xiiiII"),
    "32-bit little-endian": struct.Struct("<412xiiiII"),
    "32-bit big-endian": struct.Struct(">412xiiiII"),
}
_SUPPORTED: t.Final = "64-bit little-endian"
_HEADER_SIZE: t.Final = 464
_VERSION: t.Final = struct.Struct("<8xi")
_UTSNAME_AT: t.Final = 12
_SUB_HEADER: t.Final = struct.Struct("<QiiQQQQQQQQQQQ")
_DESCRIPTOR: t.Final = struct.Struct("<QIIQ")
_INCOMPLETE: t.Final = 8
_BLOCK_SIZES: t.Final = tuple(1 << bits for bits in range(12, 19))
#: 64 TiB of memory in pages of 4 KiB: a bitmap of 2 GiB.
_MAX_PAGES: t.Final = 1 << 34
#: After so many useless descriptors the rest is not looked at: a sparse file can claim any number of them.
_MAX_USELESS: t.Final = 1 << 20
_CACHED_PAGES: t.Final = 512


@dataclass(frozen=True)
class SubHeader:
    """The second header; fields that the header's version does not have yet are zero."""

    dump_level: int
    split: bool
    start: int
    end: int
    vmcoreinfo: tuple[int, int]
    notes: tuple[int, int]
    erased: tuple[int, int]
    pages: int


def parse_sub_header(data: bytes, version: int) -> SubHeader:
    """The fields that exist since ``version`` or earlier."""
    values = _SUB_HEADER.unpack(data)
    # Page numbers got 64 bits in version 6; the older fields stay, cut to what fits.
    start, end = values[11:13] if version >= 6 else values[3:5]
    return SubHeader(
        dump_level=values[1] if version >= 1 else 0,
        split=version >= 2 and bool(values[2]),
        start=start,
        end=end,
        vmcoreinfo=values[5:7] if version >= 3 else (0, 0),
        notes=values[7:9] if version >= 4 else (0, 0),
        erased=values[9:11] if version >= 5 else (0, 0),
        pages=values[13] if version >= 6 else 0,
    )


class Descriptor(t.NamedTuple):
    """Where one page is in the file and how it is packed."""

    offset: int
    size: int
    flags: int
    page_flags: int


class KdumpFile:
    """A dump in the kdump-compressed format."""

    kind = "kdump"

    def __init__(self, source: Source) -> None:
        self._source = source
        self.findings: list[Finding] = []
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        header = source.read(0, _HEADER_SIZE, "the header")
        status, self._block, sub_blocks, bitmap_blocks, pages = _fields(header)
        (version,) = _VERSION.unpack_from(header)
        utsname = parse_utsname(header[_UTSNAME_AT : _UTSNAME_AT + UTSNAME_SIZE])
        self.utsname: Utsname | None = utsname
        machine = machine_by_name(utsname.machine)
        self.machine: str | None = machine.name if machine else utsname.machine
        self.abi = machine.abi if machine else Abi(64, "<")
        self._sub = parse_sub_header(source.read(self._block, _SUB_HEADER.size, "the second header"), version)
        self.dump_level: int | None = self._sub.dump_level
        pages = self._sub.pages or pages
        if not 0 < pages <= min(_MAX_PAGES, bitmap_blocks * self._block * 4):
            raise unreadable("header-damaged", cause=f"{pages} pages in {bitmap_blocks} blocks of bitmap")
        if status & _INCOMPLETE:
            self.findings.append(finding("incomplete-flag"))
        self._read_notes(machine)
        bitmap = (1 + sub_blocks) * self._block
        self._descriptors = bitmap + bitmap_blocks * self._block
        self._bitmap = Bitmap(source, bitmap + bitmap_blocks // 2 * self._block, pages)
        self._choose_window()
        self._check_descriptors()

    def read_physical(self, address: int, length: int) -> bytes:
        """Memory of the crashed kernel by physical address."""
        out = bytearray()
        while len(out) < length:
            page, offset = divmod(address + len(out), self._block)
            out += self._page(page)[offset : offset + length - len(out)]
        return bytes(out)

    def virtual_to_physical(self, address: int) -> tuple[int, int] | None:
        """Nothing in the format says where a virtual address is."""
        return None

    def check_pages(self) -> list[Finding]:
        """Unpack every page; pages that share their bytes are unpacked once."""
        failures = 0
        first: tuple[int, str] | None = None
        previous = -1
        for descriptor in self._each():
            if descriptor.offset == previous or descriptor.offset == 0:
                continue
            previous = descriptor.offset
            try:
                self._unpack(descriptor)
            except UnreadableError as error:
                return [error.finding]
            except PageError as error:
                failures += 1
                first = first or (descriptor.offset, str(error))
        if first is None:
            return []
        return [finding("pages-damaged", count=failures, total=self._count, at=first[0], cause=first[1])]

    def _read_notes(self, machine: MachineType | None) -> None:
        notes = read_notes(self._source, [self._sub.notes] if self._sub.notes[1] else [], machine)
        self.cpus = notes.cpus
        self.registers = notes.registers
        self.findings += notes.findings
        text = notes.vmcoreinfo
        offset, size = self._sub.vmcoreinfo
        if text is None and 0 < size <= MAX_VMCOREINFO:
            text = self._source.read(offset, size, "VMCOREINFO")
        self.vmcoreinfo: VmcoreInfo | None = VmcoreInfo(text) if text is not None else None
        if self.vmcoreinfo is None:
            self.findings.append(finding("vmcoreinfo-missing"))

    def _choose_window(self) -> None:
        """A part of a split dump has descriptors only for its own pages."""
        self._first, self._count = 0, self._bitmap.total
        if self._sub.split:
            self._first = self._bitmap.rank(self._sub.start)
            self._count = max(0, self._bitmap.rank(self._sub.end) - self._first)
            self.findings.append(finding("split-part", start=self._sub.start, end=self._sub.end))

    def _each(self) -> Iterator[Descriptor]:
        step = CHUNK // _DESCRIPTOR.size
        for first in range(0, self._count, step):
            length = min(step, self._count - first) * _DESCRIPTOR.size
            data = self._source.read(self._descriptors + first * _DESCRIPTOR.size, length, "the page descriptors")
            yield from map(Descriptor._make, _DESCRIPTOR.iter_unpack(data))

    def _check_descriptors(self) -> None:
        table_end = self._descriptors + self._count * _DESCRIPTOR.size
        end = max(table_end, sum(self._sub.erased))
        lost = damaged = first = seen = 0
        for number, descriptor in enumerate(self._each()):
            seen = number + 1
            if lost + damaged > _MAX_USELESS:
                break
            if descriptor.offset == 0:
                lost += 1
            elif self._plausible(descriptor, table_end):
                end = max(end, descriptor.offset + descriptor.size)
            else:
                first = first if damaged else self._descriptors + number * _DESCRIPTOR.size
                damaged += 1
        if lost:
            self.findings.append(finding("pages-lost", count=lost, total=seen))
        if damaged:
            self.findings.append(finding("descriptors-damaged", count=damaged, total=seen, at=first))
        if end > self._source.size:
            self.findings.append(finding("truncated", what="the last page", end=end, size=self._source.size))
        # Every part of a split dump has room for all descriptors, used or not.
        elif end < self._source.size and not self._sub.split:
            self.findings.append(finding("trailing-data", extra=self._source.size - end))

    def _plausible(self, descriptor: Descriptor, table_end: int) -> bool:
        if descriptor.flags not in CODECS or descriptor.offset < table_end:
            return False
        return descriptor.size == self._block if descriptor.flags == 0 else 0 < descriptor.size <= self._block

    def _page(self, page: int) -> bytes:
        if page in self._cache:
            self._cache.move_to_end(page)
            return self._cache[page]
        number = self._bitmap.rank(page) - self._first if page in self._bitmap else -1
        if not 0 <= number < self._count:
            raise unreadable("address-absent", space="physical", address=hex(page * self._block))
        at = self._descriptors + number * _DESCRIPTOR.size
        data = self._source.read(at, _DESCRIPTOR.size, "a page descriptor")
        descriptor = Descriptor._make(_DESCRIPTOR.unpack(data))
        if descriptor.offset == 0 or descriptor.flags not in CODECS or descriptor.size > self._block:
            raise unreadable("descriptors-damaged", count=1, total=self._count, at=at)
        try:
            self._cache[page] = self._unpack(descriptor)
        except PageError as error:
            raise unreadable("pages-damaged", count=1, total=self._count, at=descriptor.offset, cause=error) from error
        if len(self._cache) > _CACHED_PAGES:
            self._cache.popitem(last=False)
        return self._cache[page]

    def _unpack(self, descriptor: Descriptor) -> bytes:
        codec = CODECS.get(descriptor.flags)
        if codec is None:
            raise PageError(f"method {descriptor.flags:#x} is unknown")
        if codec.unpack is None:
            raise unreadable("codec-missing", codec=codec.name)
        return unpack(codec, self._source.read(descriptor.offset, descriptor.size, "a page"), self._block)


def _fields(header: bytes) -> tuple[int, int, int, int, int]:
    """The fields of the one layout in which they make sense."""
    for name, layout in _LAYOUTS.items():
        status, block, sub_blocks, bitmap_blocks, pages = layout.unpack_from(header)
        if block in _BLOCK_SIZES and 0 < sub_blocks < 1 << 20 and bitmap_blocks:
            if name != _SUPPORTED:
                raise unreadable("layout-unsupported", what=f"{name} kdump-compressed")
            return status, block, sub_blocks, bitmap_blocks, pages
    raise unreadable("header-damaged", cause="no layout of the kdump header makes sense of it")
