# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory as it is, byte for byte, as /dev/oldmem gave it; what it is of, only a VMCOREINFO beside it can tell."""

from __future__ import annotations

import typing as t

from ..findings import Finding, finding, unreadable
from ..vmcoreinfo import VmcoreInfo
from .container import Utsname
from .machines import MACHINES, MachineType
from .registers import CpuState
from .source import Source, read_all

#: What only the kernels of one machine say in VMCOREINFO.
_TELLING: t.Final = {
    "NUMBER(phys_base)": "x86_64",
    "NUMBER(kimage_voffset)": "aarch64",
    "NUMBER(phys_ram_base)": "riscv64",
    "SYMBOL(lowcore_ptr)": "s390x",
    "NUMBER(RADIX_MMU)": "ppc64le",
    "SYMBOL(vmemmap_list)": "ppc64le",
    "CONFIG_X86_PAE": "i386",
    "CONFIG_ARM_LPAE": "arm",
}


def machine_of(info: VmcoreInfo) -> str | None:
    """The machine whose kernel wrote this VMCOREINFO, where it tells."""
    return next((machine for key, machine in _TELLING.items() if key in info), None)


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
    name = machine or machine_of(info)
    row = next((row for row in MACHINES if row.name == name), None)
    if row is None:
        raise unreadable("machine-unknown")
    return RawMemory(source, row, info)
