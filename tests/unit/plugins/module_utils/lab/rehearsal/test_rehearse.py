# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal, with a stand-in for QEMU."""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import tempfile
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab import process, qmp
from ansible_collections.linux.kdump.plugins.module_utils.lab.rehearsal import stage
from ansible_collections.linux.kdump.plugins.module_utils.lab.rehearsal.rehearse import (
    DISKS,
    RehearsalError,
    rehearse,
)
from ansible_collections.linux.kdump.tests.unit import vmcores
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.clock import FakeClock
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.rehearsal import images
from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf

UUID = "0a1b2c3d-0000-4000-8000-00000000beef"
ID = "20261123T050000Z-0123abcd"
BOOTED: t.Final = (
    (1.0, "[    0.000000] Linux version 6.1.192-kdump (x@y) #1"),
    (2.0, "[    0.5] linux.kdump: [0.50] save-start Linux 6.1.192-kdump"),
)
READY: t.Final = (*BOOTED, (2.2, "[    0.7] linux.kdump: [0.70] target-ready /dev/vda /dumps/x"))
SAVED: t.Final = (
    *READY,
    (3.0, "[    1.6] linux.kdump: [1.60] core-saved 11 bytes"),
    (3.1, "[    1.7] linux.kdump: [1.70] record-saved /dumps/x/kdump.json"),
    (3.2, "[    1.8] linux.kdump: [1.80] final-action reboot"),
)
EMPTY: t.Final = (
    *READY,
    (2.5, "[    0.9] linux.kdump: [0.90] fail-log the kernel log: status 1"),
    (2.8, "[    0.9] linux.kdump: [0.90] final-action reboot"),
)


class World:
    """QEMU's stand-in."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = root / "rehearsal"
        self.clock = FakeClock()
        self.console: Sequence[tuple[float, str]] = SAVED
        self.ends: t.Optional[float] = 4.0
        self.record: dict[str, t.Any] = {"status": "saved", "memory": {"total_kib": 50000, "peak_used_kib": 21000}}
        self.dump = write_elf(vmcores.Machine())
        self.name = "vmcore"
        self.qemu: Sequence[str] = ()
        self.made: Sequence[str] = ()
        self.modes: dict[str, int] = {}
        self.killed = False
        self.ram = 0
        self._shown = 0
        (root / "kernel").write_bytes(images.bzimage())
        (root / "initramfs").write_bytes(b"initramfs")
        (root / "donor").write_bytes(self.dump)
        self.root = root
        answers: t.Any = {("mke2fs",): self._make, ("e2fsck",): (0, "", ""), ("debugfs",): self._read,
                          ("setsid",): self._start}  # fmt: skip
        self.runner = FakeRunner(answers)
        monkeypatch.setattr(process, "start_ticks", lambda _pid: self._ticks())
        monkeypatch.setattr(process.Process, "end", lambda _self, _started: setattr(self, "killed", True))
        monkeypatch.setattr(qmp, "execute", lambda *_arguments, **_more: {})
        monkeypatch.setattr(qmp, "require_library", lambda: None)
        monkeypatch.setattr(self.clock, "sleep", self._sleep)

    def options(self, **change: t.Any) -> dict[str, t.Any]:
        line = f"irqpoll kdump.target=UUID={UUID} kdump.fstype=ext3 kdump.path=/var/dumps"
        return {
            "kernel": str(self.root / "kernel"), "initramfs": str(self.root / "initramfs"), "command_line": line,
            "size": "32M", "base": "256M", "memory": str(self.root / "donor"), "memory_size": "1G", "cpus": 1,
            "disk": "virtio", "disk_size": None, "timeout": 300, "stall": 60, "folder": str(self.folder), **change,
        }  # fmt: skip

    def rehearse(self, *, check: bool = False, **change: t.Any) -> t.Any:
        found = rehearse(self.options(**change), runner=self.runner, check=check, clock=self.clock)
        assert found["changed"] is False
        return found["rehearsal"]

    def _ticks(self) -> t.Optional[int]:
        return 99 if self.ends is None or self.clock.now < self.ends else None

    def _start(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.qemu = argv[argv.index("sh", 3) + 2 :]
        (self.folder / "qemu.pid").write_text("4711\n")
        self.ram = (self.folder / stage.MEMORY_FILE).stat().st_size
        return 0, "", ""

    def _sleep(self, seconds: float) -> None:
        self.clock.now += seconds
        due = [line for when, line in self.console if when <= self.clock.now]
        with (self.folder / "console.log").open("a") as stream:
            stream.writelines(f"{line}\r\n" for line in due[self._shown :])
        self._shown = len(due)

    def _make(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.made = argv
        self.modes = {path.name: path.stat().st_mode & 0o777 for path in self.folder.glob("*.img")}
        return 0, "", ""

    def _read(self, argv: Sequence[str]) -> tuple[int, str, str]:
        if "core-saved" in (self.folder / "console.log").read_text():
            place = self.folder / "dump/dumps" / ID
            place.mkdir(parents=True)
            (place / self.name).write_bytes(self.dump)
            (place / "kdump.json").write_text(json.dumps({"id": ID, **self.record}))
        return 0, "", ""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_a_rehearsal_that_saves(world: World) -> None:
    found = world.rehearse()
    assert (found["outcome"], found["message"], found["boots"], found["target"]) == ("saved", "", True, True)
    assert (found["total_kib"], found["peak_used_kib"], found["reserved_bytes"]) == (50000, 21000, 32 << 20)
    assert found["verdict"]["verdict"] == "ok"
    assert found["old_memory"] == str(world.root / "donor")
    assert [event["name"] for event in found["events"]][:3] == ["capture_kernel", "save-start", "target-ready"]


def test_a_dump_that_is_compressed_as_a_whole_is_judged(world: World) -> None:
    world.name, world.dump = "vmcore.gz", gzip.compress(world.dump)
    assert world.rehearse()["verdict"]["verdict"] == "ok"


def test_a_bad_dump_that_is_compressed_as_a_whole_is_no_success(world: World) -> None:
    world.name, world.dump = "vmcore.gz", gzip.compress(b"not a dump")
    with pytest.raises(RehearsalError, match="its verdict is unrecognised"):
        world.rehearse()


def test_a_dump_that_is_encrypted_is_as_far_as_it_goes(world: World) -> None:
    world.name, world.dump = "vmcore.age", b"age-encryption.org/v1"
    found = world.rehearse()
    assert (found["outcome"], found["message"], found["verdict"]) == ("saved", "", None)


def test_the_machine_and_its_disk_are_as_the_command_line_asks(world: World) -> None:
    world.rehearse(disk="nvme")
    joined = " ".join(world.qemu)
    assert f"memory-backend-file,id=ram,size={world.ram},mem-path=memory.img,share=off" in joined
    assert f"-m {world.ram >> 20}M" in joined
    assert f"-device {DISKS['nvme']}" in joined
    assert f"-t ext3 -b 4096 -U {UUID} " in " ".join(world.made)
    # what holds all of the memory does not stay
    assert not (world.folder / stage.MEMORY_FILE).exists()
    assert (world.folder / "console.log").exists()


def test_without_memory_it_ends_where_the_target_is_ready(world: World) -> None:
    world.console = EMPTY
    found = world.rehearse(memory=None)
    assert (found["outcome"], found["target"], found["old_memory"], found["verdict"]) == (
        "booted", True, "synthetic", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("console", "ends", "change", "outcome", "words"),
    [
        (EMPTY, 4.0, {}, "save_failed", "the kernel log could not be extracted"),
        (BOOTED, 4.0, {"memory": None}, "save_failed", "left no dump"),
        ((*BOOTED, (2.1, "Out of memory: Killed process 9")), 4.0, {}, "out_of_memory", "Reserve more memory"),
        ((), 4.0, {}, "no_capture", "no capture kernel was heard of"),
        ((), None, {}, "no_capture", "silent for 60 seconds"),
        (READY, None, {}, "timeout", "time limit of 300 seconds"),
        ((), 4.0, {"size": "8M"}, "does_not_fit", "more than the reservation has"),
    ],
)
def test_a_rehearsal_that_fails_tells_all_it_saw(
    world: World, console: t.Any, ends: t.Optional[float], change: dict[str, t.Any], outcome: str, words: str
) -> None:
    world.console, world.ends = console, ends
    with pytest.raises(RehearsalError, match=words) as error:
        world.rehearse(**change)
    assert t.cast("dict[str, t.Any]", error.value.facts["rehearsal"])["outcome"] == outcome
    assert world.killed is (ends is None)


def test_a_dump_that_is_cut_short_is_no_success(world: World) -> None:
    world.dump = world.dump[:-5000]
    with pytest.raises(RehearsalError, match="its verdict is incomplete"):
        world.rehearse()


@pytest.mark.parametrize("ends", [True, False], ids=["rehearsal fails", "disk cannot be made"])
def test_the_memory_goes_however_it_ends_and_is_nobody_elses_meanwhile(world: World, *, ends: bool) -> None:
    world.folder.mkdir()
    world.folder.chmod(0o755)
    for name in (stage.MEMORY_FILE, "disk.img"):
        (world.folder / name).write_text("left by a run that was killed")
    world.console = EMPTY
    if not ends:
        world.runner.answers["mke2fs",] = lambda argv: (world._make(argv)[0] + 1, "", "no room")
    with pytest.raises(KdumpError):
        world.rehearse()
    assert world.modes == {stage.MEMORY_FILE: 0o600, "disk.img": 0o600}
    assert [name for name in world.modes if (world.folder / name).exists()] == []


def test_a_message_names_no_folder_that_is_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def folder(**_options: str) -> t.Iterator[str]:
        world.folder.mkdir()
        yield str(world.folder)
        shutil.rmtree(world.folder)

    monkeypatch.setattr(tempfile, "TemporaryDirectory", folder)
    world.console = EMPTY
    with pytest.raises(RehearsalError, match=r"The console is in rehearsal\.console; name a folder to keep") as error:
        world.rehearse(folder=None)
    assert str(world.folder) not in str(error.value)


def test_a_message_names_the_console_that_is_kept(world: World) -> None:
    world.console = EMPTY
    with pytest.raises(RehearsalError, match=rf"The console is in {world.folder}/console\.log\."):
        world.rehearse()


def test_in_check_mode_nothing_is_started(world: World) -> None:
    assert world.rehearse(check=True) is None
    assert world.runner.calls == []


def test_a_kernel_that_is_not_there_is_told(world: World) -> None:
    with pytest.raises(KdumpError, match="Cannot rehearse with /nowhere"):
        world.rehearse(kernel="/nowhere", folder=None)


@pytest.mark.parametrize("name", ["timeout", "stall", "cpus"])
def test_numbers_that_make_no_sense_are_refused(world: World, name: str) -> None:
    with pytest.raises(KdumpError, match=f"Cannot rehearse with {name} 0"):
        world.rehearse(**{name: 0})  # type: ignore[arg-type]
