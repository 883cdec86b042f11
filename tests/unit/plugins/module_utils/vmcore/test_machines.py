# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump of every kind of machine, from the file to the verdict."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.linux.kdump.tests.unit.vmcore_files import KdumpOptions, write_elf, write_kdump
from ansible_collections.linux.kdump.tests.unit.vmcores import CRASHTIME, KINDS, NODENAME, NONCE, RELEASE, Machine

Look = Callable[..., dict[str, t.Any]]
EXPECTED = {"nonce": NONCE, "release": RELEASE, "nodename": NODENAME, "not_before": str(CRASHTIME), "cpus": 2}
CONTAINERS: dict[str, Callable[[Machine], bytes]] = {
    "elf": lambda machine: write_elf(machine, filtered=True),
    "kdump": write_kdump,
}


@pytest.mark.parametrize("container", list(CONTAINERS))
@pytest.mark.parametrize("variant", list(KINDS))
def test_a_good_dump(look: Look, variant: str, container: str) -> None:
    document = look(CONTAINERS[container](Machine(variant=variant)), expect=EXPECTED, depth="full", log=True)
    assert (document["verdict"], document["findings"]) == ("ok", [])
    assert document["machine"] == {"i686": "i386"}.get(KINDS[variant].machine, KINDS[variant].machine)
    assert (document["nodename"], document["nonce_found"]) == (NODENAME, True)
    assert document["panic"]["reason"] == "sysrq triggered crash"
    assert len(document["log"]) == 16


@pytest.mark.parametrize("container", list(CONTAINERS))
@pytest.mark.parametrize("variant", list(KINDS))
def test_a_dump_cut_anywhere_is_never_ok(look: Look, variant: str, container: str) -> None:
    data = CONTAINERS[container](Machine(variant=variant))
    for part in range(20):
        document = look(data[: len(data) * part // 20], expect=EXPECTED)
        assert document["verdict"] not in ("ok", "mismatch"), (part, json.dumps(document["findings"]))


@pytest.mark.parametrize("variant", ["x86_64-kaslr", "i386-pae", "aarch64", "s390x-6.10"])
def test_without_page_tables_the_verdict_tells_how_memory_was_found(
    look: Look, monkeypatch: pytest.MonkeyPatch, variant: str
) -> None:
    monkeypatch.setitem(KINDS, "untabled", dataclasses.replace(KINDS[variant], walkable=False))
    machine = Machine(variant="untabled")
    tables = tuple({entry // machine.kind.page for entry in machine.entries})
    document = look(write_kdump(machine, KdumpOptions(drop=tables)), expect=EXPECTED)
    assert [found["id"] for found in document["findings"]] == ["tables-missing"]
    assert ("kernel image" in document["findings"][0]["message"]) is (variant != "i386-pae")
    assert (document["verdict"], document["nonce_found"]) == ("ok", True)
