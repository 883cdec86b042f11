# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registers of each machine, in notes as its kernel writes them."""

from __future__ import annotations

import struct

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.machines import (
    MACHINES,
    machine_by_name,
    machine_by_number,
)
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.registers import parse_prstatus

#: Size of the whole note, where the pid is, and where pc and sp are: from the kernel's headers, by hand.
NOTES = {
    "x86_64": ("<", 336, 32, ("Q", 112 + 16 * 8), ("Q", 112 + 19 * 8)),
    "i386": ("<", 144, 24, ("I", 72 + 12 * 4), ("I", 72 + 15 * 4)),
    "aarch64": ("<", 392, 32, ("Q", 112 + 32 * 8), ("Q", 112 + 31 * 8)),
    "ppc64le": ("<", 504, 32, ("Q", 112 + 32 * 8), ("Q", 112 + 8)),
    "ppc64": (">", 504, 32, ("Q", 112 + 32 * 8), ("Q", 112 + 8)),
    "ppc": (">", 268, 24, ("I", 72 + 32 * 4), ("I", 72 + 4)),
    "s390x": (">", 336, 32, ("Q", 112 + 8), ("Q", 112 + 16 + 15 * 8)),
    "arm": ("<", 148, 24, ("I", 72 + 15 * 4), ("I", 72 + 13 * 4)),
    "riscv64": ("<", 376, 32, ("Q", 112), ("Q", 112 + 16)),
}


@pytest.mark.parametrize("name", list(NOTES))
def test_registers_of(name: str) -> None:
    order, size, pid_at, (pc_kind, pc_at), (sp_kind, sp_at) = NOTES[name]
    data = bytearray(size)
    struct.pack_into(f"{order}i", data, pid_at, 412)
    struct.pack_into(order + pc_kind, data, pc_at, 0x81234567)
    struct.pack_into(order + sp_kind, data, sp_at, 0x8FEDCBA0)
    machine = machine_by_name(name)
    assert machine is not None
    state = parse_prstatus(bytes(data), machine)
    assert state is not None
    assert (state.pid, state.pc, state.sp) == (412, 0x81234567, 0x8FEDCBA0)
    assert sum(value != 0 for value in state.registers.values()) == 2
    assert machine_by_number(machine.number, order) is machine


def test_every_machine_is_tested() -> None:
    assert {row.name for row in MACHINES} == set(NOTES)


@pytest.mark.parametrize("size", [0, 24, 111, 112, 327])
def test_a_note_too_short_for_its_machine(size: int) -> None:
    machine = machine_by_name("x86_64")
    assert machine is not None
    assert parse_prstatus(bytes(size), machine) is None


@pytest.mark.parametrize(
    ("uname", "name"),
    [("i686", "i386"), ("i586", "i386"), ("armv7l", "arm"), ("aarch64", "aarch64"), ("x86_64", "x86_64")],
)
def test_what_uname_says(uname: str, name: str) -> None:
    machine = machine_by_name(uname)
    assert machine is not None
    assert machine.name == name


@pytest.mark.parametrize("uname", ["", "x86", "ia64", "armor"])
def test_machines_that_nobody_knows(uname: str) -> None:
    assert machine_by_name(uname) is None
