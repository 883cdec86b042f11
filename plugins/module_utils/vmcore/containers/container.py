# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every container of a dump offers, whatever its format."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..abi import Abi
from ..findings import Finding
from ..vmcoreinfo import VmcoreInfo
from .registers import CpuState

#: ``struct new_utsname``: six fields of 65 bytes.
UTSNAME_SIZE: t.Final = 390
_FIELD: t.Final = 65


@dataclass(frozen=True)
class Utsname:
    """The crashed kernel's own answer to uname(2)."""

    nodename: str
    release: str
    machine: str


def parse_utsname(data: bytes) -> Utsname:
    """The fields of a ``struct new_utsname``."""
    fields = [
        data[at : at + _FIELD].split(b"\0")[0].decode("ascii", "backslashreplace") for at in range(0, 325, _FIELD)
    ]
    return Utsname(nodename=fields[1], release=fields[2], machine=fields[4])


class Container(t.Protocol):
    """A dump that has been opened; its structure has been checked on the way."""

    kind: str
    machine: str | None
    abi: Abi
    cpus: int
    registers: tuple[CpuState, ...]
    vmcoreinfo: VmcoreInfo | None
    utsname: Utsname | None
    dump_level: int | None
    #: How many pages are packed by each method; None where pages are not packed one by one.
    page_methods: dict[str, int] | None
    findings: list[Finding]

    def read_physical(self, address: int, length: int) -> bytes:
        """Memory of the crashed kernel by physical address."""

    def virtual_to_physical(self, address: int) -> tuple[int, int] | None:
        """Where the headers say a virtual address is, and how many bytes from there on are neighbours.

        None where they do not say, as no kdump file does.
        """

    def check_pages(self) -> list[Finding]:
        """Read and unpack everything the dump holds."""
