# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison of a host before a deployment and after it was undone: nothing passes unseen."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

COMPARE = Path(__file__).parents[2] / "extensions/molecule/shared/files/compare.py"
BEFORE: t.Final = {
    "files": {"/etc/fstab": "-rw-r--r-- 0:0 12", "/var/lib/systemd/random-seed": "-rw------- 0:0 34"},
    "settings": {"/proc/sys/kernel/panic": "0", "/proc/sys/kernel/random/uuid": "1"},
    "units": {"ssh.service": "enabled enabled"},
    "packages": {},
    "kernel": {"/proc/cmdline": "ro"},
}


def compare(tmp_path: Path, before: t.Any, after: t.Any, *options: str) -> tuple[int, str]:
    for name, document in (("before", before), ("after", after)):
        (tmp_path / name).write_text(json.dumps(document))
    argv = [sys.executable, str(COMPARE), str(tmp_path / "before"), str(tmp_path / "after"), *options]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("kind", "name", "now", "status"),
    [
        ("files", "/etc/fstab", "-rw-rw-r-- 0:0 12", 1),
        ("files", "/etc/fstab", None, 1),
        ("files", "/etc/kernel/cmdline", "-rw-r--r-- 0:0 56", 1),
        ("files", "/var/lib/systemd/random-seed", "-rw------- 0:0 78", 0),
        ("files", "/var/crash/1/vmcore", "-rw------- 0:0 90", 0),
        ("files", "/var/crash-2/vmcore", "-rw------- 0:0 90", 1),
        ("settings", "/proc/sys/kernel/panic", "30", 1),
        ("settings", "/proc/sys/kernel/random/uuid", "2", 0),
        ("units", "ssh.service", "masked enabled", 1),
        ("units", "linux-kdump.service", "enabled enabled", 1),
        ("packages", "kexec-tools", "1 installed", 1),
        ("kernel", "/proc/cmdline", "ro crashkernel=64M", 1),
    ],
)
def test_a_difference_counts_unless_it_is_known_why(
    tmp_path: Path, kind: str, name: str, now: str | None, status: int
) -> None:
    after = {**BEFORE, kind: {key: value for key, value in {**BEFORE[kind], name: now}.items() if value is not None}}
    found, said = compare(tmp_path, BEFORE, after, "--new-below", "/var/crash")
    assert found == status, said
    assert f"{'DIFFERS' if status else 'expected'}: {kind} {name}" in said


def test_a_dump_that_went_is_a_difference(tmp_path: Path) -> None:
    there = {**BEFORE, "files": {**BEFORE["files"], "/var/crash/1/vmcore": "-rw------- 0:0 90"}}
    assert compare(tmp_path, there, BEFORE, "--new-below", "/var/crash")[0] == 1
    assert compare(tmp_path, there, there)[0] == 0


def test_nothing_is_no_snapshot(tmp_path: Path) -> None:
    assert compare(tmp_path, {}, {})[0] == 1
