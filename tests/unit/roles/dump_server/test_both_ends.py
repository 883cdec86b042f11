# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script that sends and the program that receives, without the ssh between them."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save import servers
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save.machine import Capture

RECEIVER = Path(__file__).parents[4] / "roles/dump_server/files/receive.py"


def machine(tmp_path: Path, *words: str, **settings: int | str) -> Capture:
    """A machine whose ssh client leads to the receiver."""
    capture = servers.make_machine(tmp_path, *words)
    (tmp_path / "server").mkdir()
    granted = {
        "root": f"{tmp_path}/server", "client": "web1", "folder": "web1", "largest": 1 << 30, "quota": 1 << 30,
        "floor": 0, **settings,
    }  # fmt: skip
    text = " ".join(f"{name}={value}" for name, value in granted.items())
    argv = shlex.join([sys.executable, "-IS", str(RECEIVER), "-c", text])
    servers.server(capture, f"for last; do :; done\nSSH_ORIGINAL_COMMAND=$last exec {argv}")
    return capture


def test_a_dump_arrives(tmp_path: Path) -> None:
    capture = machine(tmp_path, servers.SSH, servers.LOCAL, servers.NET)
    tags = servers.run(capture, "main")
    assert not [tag for tag in tags if tag.startswith("fail-")]
    (folder,) = (tmp_path / "server/web1").glob("2*")
    assert sorted(path.name for path in folder.iterdir()) == ["dmesg.txt", "kdump.json", "vmcore"]
    record = json.loads((folder / "kdump.json").read_text())
    assert record["status"] == "saved"
    assert record["files"]["vmcore"] == (folder / "vmcore").stat().st_size


@pytest.mark.parametrize(
    ("settings", "failure"),
    [({"largest": 10}, "fail-space"), ({"folder": "web2"}, "fail-login"), ({"root": "/nowhere"}, "fail-target")],
)
def test_what_is_refused_goes_to_the_next_target(tmp_path: Path, settings: dict[str, int | str], failure: str) -> None:
    capture = machine(tmp_path, servers.SSH, servers.LOCAL, servers.NET, **settings)
    tags = servers.run(capture, "main")
    assert failure in tags
    assert "note-fallback" in tags
    assert tags[-2:] == ["record-saved", "final-action"]
    assert capture.record()["status"] == "saved"
