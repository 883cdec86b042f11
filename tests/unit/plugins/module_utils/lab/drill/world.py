# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in QEMU as the drill sees it: tools to put into it, a console that fills as time passes, a disk."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.lab import process, qmp
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill import run as runs
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.spec import DrillResult, DrillSpec
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.initramfs import elves
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.clock import FakeClock

NONCE = "0123456789abcdef0123456789abcdef"
ID = "20261123T050000Z-0123abcd"
PID, TICKS = 4711, 99
RECORD = {
    "id": ID, "nonce": NONCE, "status": "saved", "failure": None,
    "memory": {"total_kib": 50000, "peak_used_kib": 21000}, "files": {"vmcore": 11},
}  # fmt: skip

#: Seconds, and the line that the console shows then.
Console = t.Sequence[tuple[float, str]]
ARMED: Console = (
    (0.5, "[    0.000000] Linux version 6.1.0-56-cloud-amd64 (debian-kernel) #1 SMP"),
    (4.0, "[    3.1] linux.kdump: [3.10] drill-armed 67108864"),
    (4.1, "[    3.2] linux.kdump: [3.20] drill-trigger sysrq-c"),
    (4.2, "[    3.3] Kernel panic - not syncing: sysrq triggered crash"),
)
CAPTURING: Console = (
    *ARMED,
    (5.0, "[    0.000000] Linux version 6.1.192-kdump (x@y) #1"),
    (6.0, "[    0.5] linux.kdump: [0.50] save-start Linux 6.1.192-kdump"),
)
SAVED: Console = (
    *CAPTURING,
    (6.2, "[    0.7] linux.kdump: [0.70] target-ready /dev/vda /var/crash/x"),
    (6.5, "[    0.9] linux.kdump: [0.90] log-saved 100 bytes"),
    (7.2, "[    1.6] linux.kdump: [1.60] core-saved 11 bytes"),
    (7.3, "[    1.7] linux.kdump: [1.70] record-saved /var/crash/x/kdump.json"),
    (7.4, "[    1.8] linux.kdump: [1.80] final-action reboot"),
)


def tools(root: Path) -> str:
    """A tree with the tools of an architecture."""
    elves.write(root, "bin/busybox")
    elves.write(root, "lib64/ld-linux-x86-64.so.2", soname="ld-linux-x86-64.so.2")
    elves.write(root, "lib/x86_64-linux-gnu/libz.so.1", soname="libz.so.1")
    elves.write(root, "sbin/kexec", needed=["libz.so.1"], interpreter="/lib64/ld-linux-x86-64.so.2")
    return str(root)


class World:
    """What stands in for QEMU and for the disk."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = root / "drill"
        self.clock = FakeClock()
        self.console: Console = SAVED
        #: When QEMU ends; None where it goes on for ever.
        self.ends: t.Optional[float] = 8.0
        self.files: dict[str, str] = {"vmcore": "not a dump\n", "kdump.json": json.dumps(RECORD)}
        self.qemu: t.Optional[Sequence[str]] = None
        self.commands: list[tuple[float, str]] = []
        self.killed = False
        self.given: dict[str, bytes] = {}
        self._shown = 0
        self.inputs = {name: str(root / name) for name in ("kernel", "capture", "initramfs")}
        for name, path in self.inputs.items():
            Path(path).write_text(name)
        self.tools = tools(root / "tools")
        self.runner = FakeRunner(
            {
                ("mke2fs",): (0, "", ""), ("e2fsck",): (1, "", ""), ("debugfs",): self._read_disk,
                ("setsid",): self._start,
            }
        )  # fmt: skip
        monkeypatch.setattr(process, "start_ticks", self._ticks)
        monkeypatch.setattr(process.Process, "end", lambda _self, _started: setattr(self, "killed", True))
        monkeypatch.setattr(qmp, "execute", self._execute)
        monkeypatch.setattr(qmp, "require_library", lambda: None)
        monkeypatch.setattr(self.clock, "sleep", self._sleep)

    def spec(self, **change: t.Any) -> DrillSpec:
        """A drill on this machine."""
        facts = {
            "architecture": "x86_64", "kernel": self.inputs["kernel"], "capture_kernel": self.inputs["capture"],
            "initramfs": self.inputs["initramfs"], "tools": self.tools, "nonce": NONCE, **change,
        }  # fmt: skip
        return DrillSpec(**facts)

    def run(self, **change: t.Any) -> DrillResult:
        """Run a drill."""
        more = {name: change.pop(name) for name in ("on_hold", "say") if name in change}
        return runs.run(self.spec(**change), folder=str(self.folder), runner=self.runner, clock=self.clock, **more)

    def _start(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.qemu = argv[argv.index("sh", 3) + 2 :]
        self.given = {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}
        (self.folder / "qemu.pid").write_text(f"{PID}\n")
        return 0, "", ""

    def _ticks(self, _pid: int) -> t.Optional[int]:
        return TICKS if self.ends is None or self.clock.now < self.ends else None

    def _sleep(self, seconds: float) -> None:
        self.clock.now += seconds
        due = [line for when, line in self.console if when <= self.clock.now]
        with (self.folder / "console.log").open("a") as stream:
            stream.writelines(f"{line}\r\n" for line in due[self._shown :])
        self._shown = len(due)

    def _execute(self, _socket: str, command: str, *_arguments: object, **_more: object) -> object:
        self.commands.append((self.clock.now, command))
        return {}

    def _read_disk(self, _argv: Sequence[str]) -> tuple[int, str, str]:
        if self.files:
            place = self.folder / "dump/crash" / ID
            place.mkdir(parents=True)
            for name, text in self.files.items():
                (place / name).write_text(text)
        return 0, "", ""
