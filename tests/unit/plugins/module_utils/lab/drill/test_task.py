# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module makes of its options and of a drill."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill import run as runs
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill import task
from ansible_collections.linux.kdump.plugins.module_utils.lab.waiting import locked
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.drill.world import (
    CAPTURING,
    NONCE,
    World,
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    found = World(tmp_path, monkeypatch)
    monkeypatch.setattr(task, "AttendedClock", lambda _abandoned: found.clock)
    return found


def options(world: World, **change: t.Any) -> dict[str, t.Any]:
    return {
        "path": str(world.folder), "architecture": "x86_64", "kernel": world.inputs["kernel"], "modules": None,
        "capture_kernel": world.inputs["capture"], "initramfs": world.inputs["initramfs"], "tools": world.tools,
        "memory": "512M", "cpus": 1, "crashkernel": "64M", "targets": [], "append": "", "system_append": "",
        "syscall": "auto", "disk_size": None, "extra_args": [], "timeout": 600, "stall": 120, "nonce": NONCE, **change,
    }  # fmt: skip


def produce(world: World, *, check: bool = False, **change: t.Any) -> dict[str, t.Any]:
    return task.produce(options(world, **change), runner=world.runner, progress=Progress(None), check=check)


def facts(error: KdumpError) -> dict[str, t.Any]:
    return error.as_result()


def sound(monkeypatch: pytest.MonkeyPatch, verdict: str = "ok", *messages: str) -> None:
    """Have the dump judged so."""
    document = {"verdict": verdict, "findings": [{"message": message} for message in messages]}
    monkeypatch.setattr(runs, "examine", lambda _path, **_more: document)


def test_options_become_a_drill(world: World) -> None:
    change = {"memory": "1G", "disk_size": "2G", "targets": ["kdump.target=raw,PARTUUID=1"], "extra_args": ["-S"]}
    spec = task.drill_spec(options(world, **change))
    assert (spec.memory, spec.disk) == (1 << 30, 2 << 30)
    assert spec.targets == ("kdump.target=raw,PARTUUID=1",)
    assert spec.extra_args == ("-S",)
    assert not spec.hold


def test_check_mode_tells_and_does_nothing(world: World) -> None:
    found = produce(world, check=True, extra_args=["-S"])
    assert found["changed"]
    assert found["argv"][0] == "qemu-system-x86_64"
    assert found["argv"][-1] == "-S"
    assert "kdump.path=/var/crash" in found["command_line"]
    assert not world.folder.exists()
    assert world.runner.calls == []


def test_a_sound_dump(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sound(monkeypatch)
    found = produce(world)
    assert (found["outcome"], found["nonce"], found["verdict"]["verdict"]) == ("captured", NONCE, "ok")
    assert found["memory"] == {"reserved_bytes": 64 << 20, "total_kib": 50000, "peak_used_kib": 21000}
    assert found["seconds"]["to_saved"] == pytest.approx(3.0, abs=0.1)
    assert found["events"][0] == {"name": "start", "seconds": 0.0, "text": ""}
    assert "msg" not in found


def test_a_dump_that_cannot_be_trusted_is_a_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sound(monkeypatch, "corrupt", "A page is damaged.", "So is another.")
    with pytest.raises(KdumpError, match=r"its verdict is corrupt: A page is damaged; So is another\.") as caught:
        produce(world)
    assert facts(caught.value)["verdict"]["verdict"] == "corrupt"
    assert facts(caught.value)["outcome"] == "captured"


def test_an_encrypted_dump_is_taken_at_its_word(world: World) -> None:
    world.files["vmcore.age"] = world.files.pop("vmcore")
    found = produce(world)
    assert (found["outcome"], found["verdict"]) == ("captured", None)
    assert found["vmcore"] == f"{found['dump']}/vmcore.age"


def test_no_capture_is_a_failure_with_all_that_is_known(world: World) -> None:
    world.console, world.files = CAPTURING, {}
    with pytest.raises(KdumpError, match="left no dump of this crash") as caught:
        produce(world)
    assert facts(caught.value)["outcome"] == "save_failed"
    assert facts(caught.value)["seconds"]["to_save_start"] is not None
    assert facts(caught.value)["seconds"]["to_saved"] is None


def test_a_target_elsewhere_is_believed(world: World) -> None:
    world.files = {}
    found = produce(world, targets=["kdump.target=raw,PARTUUID=1"])
    assert (found["outcome"], found["vmcore"], found["verdict"]) == ("captured", None, None)


def test_two_drills_in_one_folder_take_turns(world: World) -> None:
    world.folder.mkdir()
    held = locked(str(world.folder / ".lock"), what="test", seconds=1, clock=world.clock)
    with held, pytest.raises(KdumpError, match="another process has been busy with it for 60 seconds"):
        produce(world)
