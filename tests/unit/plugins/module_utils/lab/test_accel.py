# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KVM is used only where a canary lived."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab import accel
from ansible_collections.linux.kdump.plugins.module_utils.lab.spec import GuestSpec
from ansible_collections.linux.kdump.plugins.module_utils.lab.state import GuestPaths, LabPaths
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

SPEC = GuestSpec(name="alpha", image="/image.qcow2", memory=1 << 30, cpus=2)
KERNEL = "[    0.000000] Linux version 6.1.0-56-cloud-amd64\n"
ALIVE = KERNEL + "[    2.000000] systemd[1]: Detected virtualization kvm.\n"


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Canaries:
    """Machines whose console says what the test wants; every one is noted, and that it was killed."""

    def __init__(self, console: str | None) -> None:
        self.console = console
        self.started: list[str] = []
        self.killed = 0

    def __call__(self, paths: GuestPaths, _runner: object, _clock: object) -> Canaries:
        self.paths = paths
        return self

    def start(self, spec: GuestSpec, *, accel: str, **_more: object) -> None:
        self.started.append(f"{spec.name} {accel}")
        if self.console is None:
            raise KdumpError("Cannot start the guest canary: QEMU said no.")
        Path(self.paths.console(1)).write_text(self.console)

    def kill(self) -> None:
        self.killed += 1


def choose(
    kind: str, console: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, times: int = 1
) -> tuple[str, Canaries]:
    canaries = Canaries(console)
    monkeypatch.setattr(accel, "Machine", canaries)
    monkeypatch.setattr(os, "access", lambda _path, _mode: True)
    runner = FakeRunner({("qemu-img", "create"): (0, "", "")})
    lab = LabPaths(str(tmp_path))
    spec = replace(SPEC, accel=kind)
    for _time in range(times):
        answer = accel.choose(spec, lab=lab, runner=runner, clock=Clock())
    return answer, canaries


@pytest.mark.parametrize(
    ("kind", "console", "answer"),
    [
        ("tcg", None, "tcg"),
        ("auto", ALIVE, "kvm"),
        ("kvm", ALIVE, "kvm"),
        ("auto", KERNEL, "tcg"),
    ],
)
def test_the_canary_decides(
    kind: str, console: str | None, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, canaries = choose(kind, console, tmp_path, monkeypatch, times=2)
    assert chosen == answer
    assert canaries.started == ([] if kind == "tcg" else ["canary kvm"])  # asked once for each boot of this machine
    assert canaries.killed == len(canaries.started)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".canary")] == []


def test_a_canary_that_never_ran_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, canaries = choose("auto", None, tmp_path, monkeypatch, times=2)
    assert (chosen, len(canaries.started), canaries.killed) == ("tcg", 2, 2)
    assert list(tmp_path.iterdir()) == []
    assert choose("auto", ALIVE, tmp_path, monkeypatch)[0] == "kvm"


def test_kvm_insisted_on_where_it_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KdumpError, match="no kernel boots under it"):
        choose("kvm", KERNEL, tmp_path, monkeypatch)


def test_a_damaged_note_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "accel.json").write_text("{")
    chosen, canaries = choose("auto", ALIVE, tmp_path, monkeypatch)
    assert (chosen, len(canaries.started)) == ("kvm", 1)
