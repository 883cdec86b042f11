# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines whose dumps are known: one row each, with the registers that its kernels save when they crash."""

from __future__ import annotations

import typing as t

from ..abi import ABIS, Abi
from ..vmcoreinfo import VmcoreInfo


def _names(text: str) -> tuple[str, ...]:
    """Names of registers; C(x*31) stands for x0 to x30."""
    names: list[str] = []
    for word in text.split():
        letter, star, count = word.partition("*")
        names += [f"{letter}{number}" for number in range(int(count))] if star else [word]
    return tuple(names)


_PPC: t.Final = _names("r*32 nip msr orig_r3 ctr lr xer ccr softe trap dar dsisr result")


class MachineType(t.NamedTuple):
    """One machine."""

    name: str
    #: e_machine of its ELF files.
    number: int
    #: Names of the registers, in the order in which NT_PRSTATUS holds them.
    registers: tuple[str, ...]
    pc: str
    sp: str
    #: How the registers are stored, where it is not simply one word each.
    packing: str = ""
    #: What else uname(2) calls it, as the beginning of a name.
    aliases: tuple[str, ...] = ()

    @property
    def abi(self) -> Abi:
        """Width and byte order of its kernels, whatever the class of the ELF header."""
        return ABIS[self.name]

    @property
    def register_layout(self) -> str:
        """The registers as a format of the module struct, without the byte order."""
        return self.packing or f"{len(self.registers)}{'Q' if self.abi.bits == 64 else 'I'}"


MACHINES: t.Final = (
    MachineType(
        "x86_64", 62,
        _names("r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss "
               "fs_base gs_base ds es fs gs"),
        "ip", "sp",
    ),
    MachineType(
        "i386", 3, _names("bx cx dx si di bp ax ds es fs gs orig_ax ip cs flags sp ss"), "ip", "sp",
        aliases=("i486", "i586", "i686"),
    ),
    MachineType("aarch64", 183, _names("x*31 sp pc pstate"), "pc", "sp"),
    MachineType("ppc64le", 21, _PPC, "nip", "r1"),
    MachineType("ppc64", 21, _PPC, "nip", "r1"),
    MachineType("ppc", 20, _PPC, "nip", "r1"),
    MachineType(
        "s390x", 22, _names("psw_mask psw_addr r*16 a*16 orig_r2"), "psw_addr", "r15",
        packing="18Q16IQ",
    ),
    MachineType("arm", 40, _names("r*11 fp ip sp lr pc cpsr orig_r0"), "pc", "sp", aliases=("armv",)),
    MachineType(
        "riscv64", 243,
        _names("pc ra sp gp tp t0 t1 t2 s0 s1 a*8 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6"),
        "pc", "sp",
    ),
)  # fmt: skip


def machine_by_number(number: int, order: str) -> MachineType | None:
    """The machine of an ELF header."""
    return next((row for row in MACHINES if row.number == number and row.abi.order == order), None)


def machine_by_name(name: str) -> MachineType | None:
    """The machine that uname(2) calls so."""
    return next((row for row in MACHINES if row.name == name or (row.aliases and name.startswith(row.aliases))), None)


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


def machine_by_vmcoreinfo(info: VmcoreInfo) -> MachineType | None:
    """The machine whose kernel wrote this, where it tells."""
    return next((machine_by_name(name) for key, name in _TELLING.items() if key in info), None)
