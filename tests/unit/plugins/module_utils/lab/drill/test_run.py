# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole drill, with a stand-in for QEMU."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill import run as runs
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.drill.world import (
    ARMED,
    CAPTURING,
    NONCE,
    RECORD,
    SAVED,
    World,
)


class Place:
    """A breakpoint that nobody ever comes to."""

    def __init__(self) -> None:
        self.made_with: list[tuple[str, t.Optional[int]]] = []
        self.looks = 0
        self.left = False

    def made(self, path: str, address: t.Optional[int]) -> Place:
        self.made_with.append((path, address))
        return self

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_error: object) -> None:
        self.left = True

    def look(self) -> None:
        self.looks += 1


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_a_capture(world: World) -> None:
    said: list[str] = []
    result = world.run(say=said.append)
    assert (result.outcome, result.message, result.nonce) == ("captured", "", NONCE)
    assert result.record == RECORD
    assert result.peak_used_kib == 21000
    assert result.reserved_bytes == 64 << 20
    assert result.seconds_to_saved == pytest.approx(3.0, abs=0.1)
    assert result.vmcore == f"{result.dump}/vmcore"
    assert result.verdict and result.verdict["verdict"] == "unrecognised"
    assert not result.ok
    assert said[0] == "drill: 0.0 s, start"
    assert said[-2].startswith("drill: 7.4 s, final-action reboot")
    assert not world.killed


def test_a_machine_that_is_stopped_on_its_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    monkeypatch.setattr(runs, "Breakpoint", place.made)
    world.console = (*SAVED[:3], *SAVED[4:])
    result = world.run(architecture="s390x")
    assert place.made_with == [(f"{world.folder}/gdb.sock", 0x10010)]
    assert place.looks > 100
    assert place.left
    assert result.outcome == "captured"
    assert result.seconds_to_saved == pytest.approx(3.1, abs=0.1)


def test_its_files_are_where_qemu_looks_for_them(world: World) -> None:
    world.run()
    assert world.qemu
    assert "-kernel" in world.qemu
    assert world.given["kernel"] == b"kernel"
    assert world.given["system.img"][:6] == b"070701"
    (disk,) = (call for call in world.runner.calls if call[0] == "mke2fs")
    size = (512 << 20) + len("capture") + len("initramfs") + (256 << 20)
    assert disk[-2:] == ("disk.img", f"{size >> 10}k")
    # What the drill was made of is not left behind.
    assert {path.name for path in world.folder.iterdir()} == {"console.log", "dump", "qemu.pid"}


def test_the_disk_with_a_machine_s_memory_is_its_owner_s(world: World) -> None:
    modes: list[int] = []
    disk = world.folder / "disk.img"
    world.folder.mkdir(exist_ok=True)
    disk.write_text("of an earlier drill")
    disk.chmod(0o644)

    def make(argv: t.Any) -> tuple[int, str, str]:
        modes.append(disk.stat().st_mode & 0o777)
        return (0, "", "")

    world.runner.answers[("mke2fs",)] = make
    world.run()
    assert modes == [0o600]


def test_a_given_size_of_the_disk(world: World) -> None:
    world.run(disk=64 << 20)
    assert any(call[0] == "mke2fs" and call[-1] == "65536k" for call in world.runner.calls)


def test_a_capture_kernel_that_never_speaks_is_not_waited_for(world: World) -> None:
    world.console, world.ends, world.files = ARMED, None, {}
    result = world.run(stall=30)
    assert result.outcome == "no_capture"
    assert "silent for 30 seconds" in result.message
    assert world.killed
    assert 30 < world.clock.now < 40
    assert (result.record, result.dump, result.vmcore, result.verdict) == (None, None, None, None)


def test_the_time_limit(world: World) -> None:
    world.console, world.ends = CAPTURING, None
    world.files = {"vmcore.incomplete": "some of it"}
    result = world.run(timeout=50)
    assert result.outcome == "timeout"
    assert "the time limit of 50 seconds is over" in result.message
    assert result.dump
    assert result.vmcore is None
    assert world.killed


def test_an_unarmed_machine(world: World) -> None:
    world.console = (*ARMED[:1], (2.0, "linux.kdump: [1.9] drill-failed no memory is reserved for a crash image"))
    world.ends, world.files = 2.5, {}
    result = world.run()
    assert result.outcome == "never_armed"
    assert "no memory is reserved" in result.message
    assert result.reserved_bytes is None


def test_a_record_that_is_none(world: World) -> None:
    world.files["kdump.json"] = "[" * 100000
    result = world.run()
    assert result.record is None
    assert result.outcome == "captured"
    assert not result.ok


def test_a_dump_of_another_crash_is_not_taken_for_this_ones(world: World) -> None:
    world.files["kdump.json"] = json.dumps({**RECORD, "nonce": "f" * 32})
    result = world.run()
    assert result.vmcore
    assert not result.ok


@pytest.mark.parametrize("name", ["vmcore.gz", "vmcore.lz4", "vmcore.zst"])
def test_a_core_that_was_compressed_as_a_whole_is_found(world: World, name: str) -> None:
    world.files[name] = world.files.pop("vmcore")
    result = world.run()
    assert result.vmcore == f"{result.dump}/{name}"
    assert result.verdict and result.verdict["verdict"] == "unrecognised"


@pytest.mark.parametrize("name", ["vmcore.age", "vmcore.gz.age"])
def test_a_core_that_was_encrypted_is_found_and_not_judged(world: World, name: str) -> None:
    world.files[name] = world.files.pop("vmcore")
    result = world.run()
    assert (result.outcome, result.vmcore, result.verdict) == ("captured", f"{result.dump}/{name}", None)
    assert not result.ok


def test_holding_still(world: World) -> None:
    sockets: list[str] = []

    def look(socket: str) -> None:
        sockets.append(socket)
        world.clock.now += 1000
        world.ends = 1008.0
        world.console = tuple((when + 1000 if when > 6.1 else when, line) for when, line in SAVED)

    result = world.run(hold=True, on_hold=look)
    assert sockets == [f"{world.folder}/qmp.sock"]
    assert [command for _seconds, command in world.commands] == ["query-status", "stop", "cont"]
    assert result.outcome == "captured"
    # What somebody looked at it for is not part of the drill's time.
    assert result.seconds_to_saved == pytest.approx(3.0, abs=0.2)


def test_nobody_is_called_who_is_not_asked_for(world: World) -> None:
    world.run(on_hold=pytest.fail)


@pytest.mark.parametrize("missing", ["kernel", "capture", "initramfs"])
def test_an_input_that_is_not_there(world: World, missing: str) -> None:
    Path(world.inputs[missing]).unlink()
    with pytest.raises(KdumpError, match=f"{missing}: No such file"):
        world.run()


def test_a_qemu_that_is_not_installed(world: World) -> None:
    def start(_argv: t.Sequence[str]) -> tuple[int, str, str]:
        (world.folder / "qemu.pid").write_text("4711\n")
        (world.folder / "qemu.log").write_text("timeout: failed to run command 'qemu-system-x86_64': No such file\n")
        world.ends = 0
        return 0, "", ""

    world.runner.answers[("setsid",)] = start
    with pytest.raises(KdumpError, match=r"Cannot start the drill's machine: .*Install QEMU"):
        world.run()


def test_a_disk_that_cannot_be_made(world: World) -> None:
    world.runner.answers[("mke2fs",)] = (127, "", "mke2fs is not installed")
    with pytest.raises(KdumpError, match=r"mke2fs is not installed\. Is e2fsprogs installed\?"):
        world.run()
