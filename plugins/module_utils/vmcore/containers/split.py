# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All parts of a dump that makedumpfile --split wrote, as the one dump that they are."""

from __future__ import annotations

import bisect
import dataclasses
import typing as t
from collections import Counter
from collections.abc import Iterable, Sequence

from ..findings import Finding, finding, unreadable
from .kdump import KdumpFile


class Part(t.NamedTuple):
    """One part, and what to call it."""

    name: str
    file: KdumpFile


class SplitDump:
    """What the parts hold together; each has the pages of a window of its own, and all else that a dump has."""

    kind = "kdump"

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = sorted(parts, key=lambda part: part.file.headers.start)
        self._starts = [part.file.headers.start for part in self._parts]
        first = parts[0].file
        self._block = first.headers.block
        self.machine, self.abi, self.cpus, self.registers = first.machine, first.abi, first.cpus, first.registers
        self.vmcoreinfo, self.utsname, self.dump_level = first.vmcoreinfo, first.utsname, first.dump_level
        methods: Counter[str] = Counter()
        self.findings: list[Finding] = []
        for part in self._parts:
            methods.update(part.file.page_methods or {})
            self.findings += named(part.name, (found for found in part.file.findings if found.id != "split-part"))
        self.page_methods: dict[str, int] | None = dict(methods)
        self.findings += self._check_windows()

    def read_physical(self, address: int, length: int) -> bytes:
        """Memory of the crashed kernel by physical address."""
        out = bytearray()
        while len(out) < length:
            at = address + len(out)
            number = bisect.bisect_right(self._starts, at // self._block) - 1
            if number < 0:
                raise unreadable("address-absent", space="physical", address=hex(at))
            room = self._block - at % self._block
            out += self._parts[number].file.read_physical(at, min(room, length - len(out)))
        return bytes(out)

    def virtual_to_physical(self, address: int) -> tuple[int, int] | None:
        """Nothing in the format says where a virtual address is."""
        return None

    def check_pages(self) -> list[Finding]:
        """Unpack every page of every part."""
        return [found for part in self._parts for found in named(part.name, part.file.check_pages())]

    def _check_windows(self) -> Iterable[Finding]:
        """Together the windows are all pages, each once."""
        covered = 0
        for part in self._parts:
            start, end = part.file.headers.start, part.file.headers.end
            if start > covered:
                yield finding("split-missing", start=covered, end=start)
            elif start < covered:
                yield finding("split-overlap", name=part.name, start=start, end=min(covered, end))
            covered = max(covered, end)
        pages = self._parts[0].file.headers.pages
        if covered < pages:
            yield finding("split-missing", start=covered, end=pages)


def named(name: str, findings: Iterable[Finding]) -> list[Finding]:
    """The findings about one of several files."""
    return [dataclasses.replace(found, message=f"{name}: {found.message}") for found in findings]


def join(parts: Sequence[Part]) -> SplitDump:
    """One dump of the parts; the first is the one that the others must belong to."""
    first = parts[0].file.headers
    for part in parts:
        if not part.file.headers.split:
            raise unreadable("split-stranger", name=part.name, cause="it is a whole dump")
        if part.file.headers.identity != first.identity:
            raise unreadable("split-stranger", name=part.name, cause="it is of another crash")
    return SplitDump(parts)
