# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""drgn, which others wrote, finds the same bytes at the same addresses: the tests write what kernels write."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf
from ansible_collections.linux.kdump.tests.unit.vmcores import KINDS, Machine

drgn: t.Any = pytest.importorskip("drgn")

#: It knows no page tables of i386, no encrypted memory and no hash MMU, and without RADIX_MMU it needs more symbols.
UNKNOWN = ("i386", "i386-pae", "i386-pae-2g", "x86_64-sme", "ppc64le-hash", "ppc64le-4k")


@pytest.mark.parametrize("variant", [name for name in KINDS if name not in UNKNOWN])
def test_drgn_agrees(tmp_path: Path, variant: str) -> None:
    machine = Machine(variant=variant)
    start, page = machine.kind.scattered, machine.kind.page
    for number in range((1 << 20) // page):
        machine.put(machine.scattered(start + number * page + page // 2), b"page%04d" % number)
    path = tmp_path / "vmcore"
    path.write_bytes(write_elf(machine))
    program = drgn.Program()
    program.set_core_dump(str(path))
    assert program.read(machine.kernel, 0x4000) == machine.get(machine.base, 0x4000)
    for number in range((1 << 20) // page):
        assert program.read(start + number * page + page // 2, 8) == b"page%04d" % number
