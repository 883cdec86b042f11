# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The profile ``server`` saves to disks of physical machines, with the modules that were chosen for each."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

#: The kernel may have to be built.
_LIMIT: t.Final = 7200
_PLAYBOOK: t.Final = pathlib.Path(__file__).with_name("disks.yml")
#: The modules that are chosen for each controller and file system; what these need is added to the image.
_MODULES: t.Final = {
    ("ahci", "ext4"): ["ahci", "ext4", "sd_mod"],
    ("ahci", "btrfs"): ["ahci", "btrfs", "sd_mod"],
    ("nvme", "xfs"): ["nvme", "xfs"],
}


@pytest.mark.parametrize(("controller", "filesystem"), _MODULES)
def test_a_dump_goes_to_the_disks_of_physical_machines(
    controller: str, filesystem: str, tmp_path: pathlib.Path
) -> None:  # fmt: skip
    given = {"controller": controller, "filesystem": filesystem, "folder": str(tmp_path), "crashkernel": "96M"}
    playbook = pathlib.Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [str(playbook), str(_PLAYBOOK), "--extra-vars", json.dumps(given)],
        capture_output=True, text=True, timeout=_LIMIT, check=False, env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    seen = json.loads((tmp_path / "disks.json").read_text())
    assert seen["modules"] == _MODULES[controller, filesystem]
    assert (seen["record"]["status"], seen["verdict"]["verdict"]) == ("saved", "ok")
    assert seen["verdict"]["nonce_found"] is True
