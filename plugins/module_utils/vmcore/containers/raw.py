# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory as it is, byte for byte, as /dev/oldmem gave it; what it is of, only a VMCOREINFO beside it can tell."""

from __future__ import annotations

from ..findings import Finding, finding, unreadable
from ..vmcoreinfo import VmcoreInfo
from .container import Utsname
from .machines import MACHINES, MachineType, machine_by_vmcoreinfo
from .registers import CpuState
from .source import Source, read_all


class RawMemory:
    """The file's first byte is physical address 0."""

    kind = "raw"
    cpus = 0
    registers: tuple[CpuState, ...] = ()
    utsname: Utsname | None = None
    dump_level: int | None = None
    page_methods: dict[str, int] | None = None

    def __init__(self, source: Source, machine: MachineType, info: VmcoreInfo) -> None:
        self._source = source
        self.machine: str | None = machine.name
        self.abi = machine.abi
        self.vmcoreinfo: VmcoreInfo | None = info
        self.findings: list[Finding] = [finding("raw-memory", machine=machine.name)]

    def read_physical(self, address: int, length: int) -> bytes:
        """Memory of the crashed kernel by physical address."""
        if not 0 <= address <= self._source.size - length:
            raise unreadable("address-absent", space="physical", address=hex(address))
        return self._source.read(address, length, "the memory")

    def virtual_to_physical(self, address: int) -> tuple[int, int] | None:
        """Nothing in the file says where a virtual address is."""
        return None

    def check_pages(self) -> list[Finding]:
        """Read every byte of the file that is not a hole."""
        return read_all(self._source)


def open_raw(source: Source, info: VmcoreInfo, machine: str | None) -> RawMemory:
    """The memory of the machine that is named, or that VMCOREINFO tells."""
    named = next((row for row in MACHINES if row.name == machine), None)
    row = named or machine_by_vmcoreinfo(info)
    if row is None:
        raise unreadable("machine-unknown")
    return RawMemory(source, row, info)
