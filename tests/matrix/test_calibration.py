# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest reservation is found by the public way, and a rehearsal with it agrees."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel import table
from ansible_collections.linux.kdump.plugins.module_utils.lab.rehearsal.rehearse import SAVED, rehearse
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner
from ansible_collections.linux.kdump.tests.matrix.conftest import Drills

LIMIT: t.Final = 7200
LINE: t.Final = "console=ttyS0 irqpoll nr_cpus=1 reset_devices rootfstype=ramfs kdump.path=/dumps"


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> table.Entry:
    """The entry of the profile tiny for a machine of 512 MiB."""
    path = tmp_path_factory.mktemp("calibration") / "calibration.json"
    given = {"kdump_calibration": str(path), "kdump_calibrate_memory": ["512M"], "kdump_calibrate_passes": 1}
    playbook = pathlib.Path(sys.executable).with_name("ansible-playbook")
    subprocess.run(
        [str(playbook), "linux.kdump.calibrate", "--extra-vars", json.dumps(given)],
        timeout=LIMIT, check=True, env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
    )  # fmt: skip
    (entry,) = table.read(str(path))
    return entry


def test_the_smallest_reservation_is_small(measured: table.Entry) -> None:
    assert measured["smallest_bytes"] <= 40 << 20
    failed = [trial["size_bytes"] for trial in measured["trials"] if not trial["passed"]]
    assert max(failed) < measured["smallest_bytes"] < measured["recommended_bytes"]
    assert 0 < measured["peak_used_kib"] << 10 < measured["smallest_bytes"]


def test_a_rehearsal_with_it_saves_the_memory_of_another_machine(
    drills: Drills, measured: table.Entry, tmp_path: pathlib.Path
) -> None:
    donor = drills.run("x86_64", collector=["makedumpfile", "-E", "-d", "31"])
    ours = drills.run("x86_64")["inputs"]
    options = {
        "kernel": ours["capture_kernel"], "initramfs": ours["initramfs"], "memory": donor["vmcore"],
        "command_line": f"{LINE} kdump.target=UUID=0a1b2c3d-0000-4000-8000-00000000beef kdump.fstype=ext4",
        "size": str(measured["recommended_bytes"]), "base": "256M", "memory_size": "1G", "cpus": 1, "disk": "virtio",
        "disk_size": None, "timeout": 300, "stall": 120, "folder": str(tmp_path),
    }  # fmt: skip
    found = rehearse(options, runner=LocalRunner(), check=False)["rehearsal"]
    assert found["outcome"] == SAVED
    assert found["verdict"]["nonce"] == donor["nonce"]
    assert found["peak_used_kib"] < found["total_kib"]
