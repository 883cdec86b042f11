# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit that is spread over several workers of ansible-runner, of which one is killed, and what they come to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.tests.fleet.fleet import FLEET, LIMIT, Fleet, documents
from ansible_collections.linux.kdump.tests.unit.roles.stubs import TOP


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_shards_come_to_what_a_single_run_does_though_a_worker_is_killed(fleet: Fleet) -> None:
    whole = fleet.judge("whole", [fleet.work("whole", fleet.transmit("whole", FLEET))])
    assert [host["name"] for host in whole["hosts"]] == FLEET
    assert [host["state"] for host in whole["hosts"]].count("unreachable") == 1

    streams = {name: fleet.transmit(name, FLEET[start : start + 2]) for name, start in (("a", 0), ("b", 2), ("c", 4))}
    parts = [fleet.work(name, streams[name]) for name in ("a", "c")]
    fleet.gate.touch()
    killed = fleet.work_until("b", streams["b"], lambda folder: documents(folder) == ["host2"])
    left = fleet.folder / "left"
    shutil.copytree(killed, left)
    shutil.rmtree(killed)
    fleet.gate.unlink()

    # Without the host that the killed worker did not get to, the others are as they are.
    partly = fleet.judge("partly", [*parts, left])
    assert [host["name"] for host in partly["hosts"]] == [host for host in FLEET if host != "host3"]
    assert partly["hosts"] == [host for host in whole["hosts"] if host["name"] != "host3"]

    missed = fleet.judge("missed", [*parts, left], hosts=FLEET)
    assert [host["name"] for host in missed["hosts"]] == FLEET
    assert {host["name"]: host["state"] for host in missed["hosts"]}["host3"] == "failed"

    again = fleet.work("b", streams["b"])
    for name, order in (("once", [*parts, again, left]), ("twice", [left, again, *reversed(parts), again])):
        assert fleet.judge(name, order) == whole


def test_an_execution_environment_can_be_made() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-builder")), "introspect", str(TOP / ".tree")],
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    wanted = (TOP / "meta/ee-requirements.txt").read_text().splitlines()
    for line in filter(None, (line.partition("#")[0].strip() for line in wanted)):
        assert line in done.stdout, line
    system = (TOP / "meta/ee-bindep.txt").read_text().splitlines()
    assert all(line.split()[0] in done.stdout for line in system if line and not line.startswith("#"))
