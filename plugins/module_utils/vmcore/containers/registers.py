# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each CPU saved of itself when the kernel crashed: NT_PRSTATUS notes."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from .machines import MachineType

#: ``struct elf_prstatus`` by the width of a word: where the process and the registers are.
_PID_AT: t.Final = {64: 32, 32: 24}
_REGISTERS_AT: t.Final = {64: 112, 32: 72}


@dataclass(frozen=True)
class CpuState:
    """One CPU. Their order is not that of CPU numbers: CPUs that saved nothing are absent."""

    #: 0 where the CPU was idle.
    pid: int
    registers: Mapping[str, int]
    pc: int
    sp: int


def parse_prstatus(data: bytes, machine: MachineType) -> CpuState | None:
    """The registers in the body of one note; None where it is too short for this machine."""
    abi = machine.abi
    layout = abi.layout(machine.register_layout)
    start = _REGISTERS_AT[abi.bits]
    if len(data) < start + layout.size:
        return None
    (pid,) = abi.layout("i").unpack_from(data, _PID_AT[abi.bits])
    registers = dict(zip(machine.registers, layout.unpack_from(data, start)))
    return CpuState(pid, registers, registers[machine.pc], registers[machine.sp])
