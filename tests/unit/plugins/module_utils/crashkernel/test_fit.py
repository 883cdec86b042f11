# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The size C(fit), from the module's options to the boot entries."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel import table
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.fit import FIT, resolve
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.growth import MIB
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.kexec.cmdline import MACHINES
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.managed import Managed
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.tables import (
    GIB,
    INITRAMFS,
    KERNEL,
    measured,
)

HERE: t.Final = MACHINES.get(os.uname().machine, "x86_64")


def options(**facts: t.Any) -> dict[str, t.Any]:
    entries = [measured(architecture=HERE, cpus=4096)]
    return {
        "calibration": table.document(entries), "kernel": KERNEL, "initramfs": INITRAMFS, "targets": ["local"], **facts,
    }  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Managed:
    return Managed(tmp_path)


@pytest.mark.skipif(os.uname().machine not in MACHINES, reason="this machine's architecture is not a known one")
def test_every_entry_gets_what_was_measured(machine: Managed) -> None:
    done = machine.reserve(FIT, fit=options())
    assert (done["spec"], done["expected_bytes"]) == ("crashkernel=27M", 27 * MIB)
    assert [entry["after"] for entry in done["entries"]] == ["crashkernel=27M"] * 2
    assert (done["fit"]["smallest_bytes"], done["fit"]["growth_bytes"]) == (23 * MIB, 0)
    assert not machine.reserve(FIT, fit=options())["changed"]
    assert machine.reserve("27M")["fit"] is None


def test_nothing_is_touched_where_nothing_fits(machine: Managed) -> None:
    before = machine.snapshot()
    for fit in (None, options(kernel="c" * 64), options(calibration={})):
        with pytest.raises(KdumpError, match=r"Cannot (fit|use)"):
            machine.reserve(FIT, fit=fit)
    assert machine.snapshot() == before


def test_removing_it_asks_for_no_calibration(machine: Managed) -> None:
    machine.reserve("64M")
    assert machine.reserve(None, fit=None)["changed"]


@pytest.mark.parametrize(("end", "cpus", "size"), [("3fffffff", 4096, "27M"), ("3ffffffff", 8192, "32M")])
def test_ram_and_processors_of_the_host_count(tmp_path: Path, end: str, cpus: int, size: str) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/iomem").write_text(f"00100000-{end} : System RAM\n")
    host, machine = Host(str(tmp_path)), next(name for name, found in MACHINES.items() if found == HERE)
    assert resolve(FIT, options(), host=host, machine=machine, cpus=cpus)[0] == size


def fitted(targets: list[str], tmp_path: Path, **edges: int) -> str:
    """The size where these kinds of targets were measured."""
    (tmp_path / "proc").mkdir(exist_ok=True)
    (tmp_path / "proc/iomem").write_text("00100000-3fffffff : System RAM\n")
    entries = [measured(architecture="x86_64", target=kind, edge=edge) for kind, edge in edges.items()]
    given = options(calibration=table.document(entries), targets=targets)
    return resolve(FIT, given, host=Host(str(tmp_path)), machine="x86_64", cpus=2)[0]


def test_the_kind_of_target_that_takes_most_counts(tmp_path: Path) -> None:
    assert fitted(["local"], tmp_path, local=23, ssh=40) == "27M"
    assert fitted(["local", "ssh"], tmp_path, local=23, ssh=40) == "44M"
    assert fitted(["ssh", "local"], tmp_path, local=41, ssh=40) == "46M"


def test_a_kind_of_target_that_was_not_measured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(table.NoFitError, match=r"for targets of kind ssh, only for local\..*kdump_calibration_target"):
        fitted(["local", "ssh"], tmp_path, local=23)
    with pytest.raises(KdumpError, match="no kind of target"):
        fitted([], tmp_path, local=23)


def test_an_architecture_that_nobody_knows_has_no_fit(tmp_path: Path) -> None:
    with pytest.raises(KdumpError, match="nobody has calibrated the architecture vax"):
        resolve(FIT, options(), host=Host(str(tmp_path)), machine="vax", cpus=1)
    assert resolve(f"{GIB}", None, host=Host(str(tmp_path)), machine="vax", cpus=1) == (str(GIB), None)
