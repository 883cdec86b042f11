# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin, through ansible's own loader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.inventory.lab import InventoryModule
from ansible_collections.linux.kdump.plugins.module_utils.lab import state

#: The folder that holds ansible_collections.
COLLECTIONS = str(sys.modules[InventoryModule.__module__].__file__).partition("/ansible_collections/")[0]

SPEC = {"name": "alpha", "image": "/image.qcow2", "memory": 1 << 30, "cpus": 2}


def write_guest(lab: Path, *, pid: int, ticks: int | None) -> None:
    folder = lab / "alpha"
    folder.mkdir(parents=True)
    run = state.Run(pid=pid, ticks=ticks or 0, port=40123, boot=1, accel="tcg", started=1, expires=2)
    state.write_record(state.GuestPaths(str(folder), str(lab / "id_ed25519")), state.GuestRecord(SPEC, 1, run))


def parse(folder: Path, text: str) -> tuple[dict[str, t.Any], str]:
    """What ansible-inventory makes of an inventory file, and its complaints."""
    path = folder / "lab.yml"
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.inventory", "-i", str(path), "--list"],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return (json.loads(done.stdout) if done.returncode == 0 else {}), " ".join(done.stderr.split())


def test_a_running_guest_is_a_host_with_its_variables(tmp_path: Path) -> None:
    write_guest(tmp_path / "lab", pid=os.getpid(), ticks=state.start_ticks(os.getpid()))
    inventory, _complaints = parse(
        tmp_path,
        f"plugin: linux.kdump.lab\nlab_dir: {tmp_path}/lab\ngroups:\n  two: kdump_lab_guest.cpus == 2\n",
    )
    variables = inventory["_meta"]["hostvars"]["alpha"]
    assert variables["ansible_port"] == 40123
    assert "alpha/console-1.log" in str(variables["kdump_console"])
    assert inventory["kdump_lab"]["hosts"] == inventory["two"]["hosts"] == ["alpha"]


@pytest.mark.parametrize("folder", ["lab", "nowhere"])
def test_a_lab_without_running_guests_is_an_empty_inventory(tmp_path: Path, folder: str) -> None:
    write_guest(tmp_path / "lab", pid=os.getpid(), ticks=1)
    inventory, complaints = parse(tmp_path, f"plugin: linux.kdump.lab\nlab_dir: {tmp_path}/{folder}\n")
    assert inventory["_meta"]["hostvars"] == {}, complaints


def test_a_damaged_record_is_one_clear_error(tmp_path: Path) -> None:
    write_guest(tmp_path / "lab", pid=1, ticks=1)
    (tmp_path / "lab/alpha/guest.json").write_text(json.dumps({"schema": 0}))
    _inventory, complaints = parse(tmp_path, f"plugin: linux.kdump.lab\nlab_dir: {tmp_path}/lab\n")
    assert "damaged or of another version" in complaints


def test_other_files_are_not_ours(tmp_path: Path) -> None:
    other = tmp_path / "hosts.yml"
    other.touch()
    assert not InventoryModule().verify_file(str(other))
