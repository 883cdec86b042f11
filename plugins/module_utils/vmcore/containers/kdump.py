# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps in makedumpfile's own format ("KDUMP   "): compressed page by page."""

from __future__ import annotations

import typing as t
from collections import OrderedDict

from ..abi import Abi
from ..findings import Finding, UnreadableError, finding, unreadable
from ..vmcoreinfo import VmcoreInfo
from .bitmap import Bitmap
from .codecs import CODECS, PageError, unpack
from .container import Utsname
from .descriptors import Descriptor, DescriptorTable
from .kdump_headers import read_headers
from .machines import machine_by_vmcoreinfo
from .notes import MAX_VMCOREINFO, read_notes
from .source import Source

SIGNATURE: t.Final = b"KDUMP   "

_INCOMPLETE: t.Final = 8
#: The first version that can hold VMCOREINFO.
_VMCOREINFO_SINCE: t.Final = 3
#: Memory for unpacked pages.
_CACHE: t.Final = 4 << 20
#: So many pages that others share are remembered to be sound. Writers share one, of zeros.
_MAX_SHARED: t.Final = 1024


class KdumpFile:
    """A dump in the kdump-compressed format, or one part of a split one."""

    kind = "kdump"

    def __init__(self, source: Source) -> None:
        self._source = source
        self.findings: list[Finding] = []
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self.headers = headers = read_headers(source)
        self._block = headers.block
        names = headers.utsname
        # QEMU knows the machine, and nothing of what runs on it.
        self.utsname: Utsname | None = names if names.release else None
        self.dump_level: int | None = headers.dump_level
        if headers.status & _INCOMPLETE:
            self.findings.append(finding("incomplete-flag"))
        self._read_notes()
        bitmaps = (1 + headers.sub_blocks) * self._block
        #: The second of two bitmaps: which pages are in the dump.
        self.bitmap = Bitmap(source, bitmaps + headers.bitmap_blocks // 2 * self._block, headers.pages)
        self._first, count = self._choose_window()
        self._table = DescriptorTable(
            source, bitmaps + headers.bitmap_blocks * self._block, count, order=headers.order, block=self._block
        )
        self.page_methods: dict[str, int] | None = self._check_descriptors()

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
        failures = highest = 0
        first: tuple[int, str] | None = None
        shared: set[int] = set()
        for descriptor in self._table:
            offset = descriptor.offset
            if offset == 0 or offset in shared:
                continue
            # Pages follow each other; only one that others had before lies farther to the front.
            if offset <= highest and len(shared) < _MAX_SHARED:
                shared.add(offset)
            highest = max(highest, offset)
            try:
                self._unpack(descriptor)
            except UnreadableError as error:
                return [error.finding]
            except PageError as error:
                failures += 1
                first = first or (offset, str(error))
        if first is None:
            return []
        return [finding("pages-damaged", count=failures, total=self._table.count, at=first[0], cause=first[1])]

    def _read_notes(self) -> None:
        headers = self.headers
        places, machine = [headers.notes] if headers.notes[1] else [], headers.machine
        notes = read_notes(self._source, places, machine, headers.order)
        text = notes.vmcoreinfo
        offset, size = headers.vmcoreinfo
        if text is None and 0 < size <= MAX_VMCOREINFO:
            text = self._source.read(offset, size, "VMCOREINFO")
        self.vmcoreinfo: VmcoreInfo | None = VmcoreInfo(text) if text is not None else None
        if machine is None and self.vmcoreinfo:
            # QEMU knows no name for an aarch64 machine: it writes "Unknown".
            machine = machine_by_vmcoreinfo(self.vmcoreinfo)
            notes = read_notes(self._source, places, machine, headers.order)
        self.machine: str | None = machine.name if machine else headers.utsname.machine
        self.abi = machine.abi if machine else Abi(headers.bits, headers.order)
        self.cpus, self.registers = notes.cpus, notes.registers
        self.findings += notes.findings
        if headers.erased[1]:
            self.findings.append(finding("erased"))
        if self.vmcoreinfo is None:
            self.findings.append(self._explain(hypervisor=notes.hypervisor))

    def _explain(self, *, hypervisor: bool) -> Finding:
        """Why there is no VMCOREINFO."""
        if self.headers.version < _VMCOREINFO_SINCE:
            return finding("version-old", version=self.headers.version)
        return finding("hypervisor-dump" if hypervisor else "vmcoreinfo-missing")

    def _choose_window(self) -> tuple[int, int]:
        """A part of a split dump has descriptors only for its own pages."""
        start, end = self.headers.start, self.headers.end
        if not self.headers.split:
            return 0, self.bitmap.total
        self.findings.append(finding("split-part", start=start, end=end))
        first = self.bitmap.rank(start)
        return first, max(0, self.bitmap.rank(end) - first)

    def _check_descriptors(self) -> dict[str, int]:
        survey = self._table.survey()
        end, size = max(survey.end, sum(self.headers.erased)), self._source.size
        if survey.lost:
            self.findings.append(finding("pages-lost", count=survey.lost, total=survey.seen))
        if survey.damaged:
            self.findings.append(
                finding("descriptors-damaged", count=survey.damaged, total=survey.seen, at=survey.first)
            )
        if end > size:
            self.findings.append(finding("truncated", what="the last page", end=end, size=size))
        # Every part of a split dump has room for all descriptors, used or not.
        elif end < size and not self.headers.split:
            self.findings.append(finding("trailing-data", extra=size - end))
        return {CODECS[flags].name: count for flags, count in sorted(survey.methods.items())}

    def _page(self, page: int) -> bytes:
        if page in self._cache:
            self._cache.move_to_end(page)
            return self._cache[page]
        number = self.bitmap.rank(page) - self._first if page in self.bitmap else -1
        if not 0 <= number < self._table.count:
            raise unreadable("address-absent", space="physical", address=hex(page * self._block))
        descriptor = self._table[number]
        total = self._table.count
        if descriptor.offset == 0 or descriptor.flags not in CODECS or descriptor.size > self._block:
            raise unreadable("descriptors-damaged", count=1, total=total, at=self._table.place(number))
        try:
            self._cache[page] = self._unpack(descriptor)
        except PageError as error:
            raise unreadable("pages-damaged", count=1, total=total, at=descriptor.offset, cause=error) from error
        if len(self._cache) * self._block > _CACHE:
            self._cache.popitem(last=False)
        return self._cache[page]

    def _unpack(self, descriptor: Descriptor) -> bytes:
        codec = CODECS.get(descriptor.flags)
        if codec is None:
            raise PageError(f"method {descriptor.flags:#x} is unknown")
        if codec.unpack is None:
            raise unreadable("codec-missing", codec=codec.name, package=codec.package)
        return unpack(codec, self._source.read(descriptor.offset, descriptor.size, "a page"), self._block)
