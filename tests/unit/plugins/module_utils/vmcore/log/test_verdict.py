# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump is judged by its log, whichever generation of kernel wrote it."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf
from ansible_collections.linux.kdump.tests.unit.vmcore_logs import Characters, Records, drill_log
from ansible_collections.linux.kdump.tests.unit.vmcores import NONCE, Machine, Ring

Look = Callable[..., dict[str, t.Any]]


@pytest.mark.parametrize(("variant", "bits", "order"), [("x86_64", 64, "<"), ("i386", 32, "<"), ("ppc64", 64, ">")])
@pytest.mark.parametrize(("kind", "generation"), [(Characters, "characters"), (Records, "records"), (Ring, "lockless")])
def test_a_drill(kind: t.Any, generation: str, variant: str, bits: int, order: str, look: Look) -> None:
    machine = Machine(drill_log(kind(bits=bits, order=order)), variant=variant)
    document = look(write_elf(machine), expect={"nonce": NONCE}, log=True)
    assert (document["verdict"], document["nonce_found"]) == ("ok", True)
    assert document["log_summary"]["generation"] == generation
    assert document["panic"]["reason"] == "sysrq triggered crash"
    assert [record["text"] for record in document["log"]][1:3] == [
        "Command line: crashkernel=64M",
        f"linux.kdump: drill nonce={NONCE}",
    ]
