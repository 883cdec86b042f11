# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The crash itself, with ordinary files in place of the kernel's."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.drill import NONCE_PATTERN
from ansible_collections.linux.kdump.plugins.module_utils.drill_trigger import (
    METHODS,
    Method,
    Places,
    ancestors,
    check_confirmed,
    check_host,
    crash_soon,
    sync,
    wait_for_end,
    write_nonce,
)
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

NONCE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def places(tmp_path: pathlib.Path) -> Places:
    for name, text in {"boot_id": "boot-1\n", "loaded": "1\n", "kmsg": "", "trigger": ""}.items():
        (tmp_path / name).write_text(text)
    boot_id, loaded, kmsg, vmcore = (str(tmp_path / name) for name in ("boot_id", "loaded", "kmsg", "vmcore"))
    return Places(boot_id, loaded, kmsg, "/proc", vmcore)


def test_a_host_that_may_crash(places: Places) -> None:
    check_host("boot-1", places)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("boot_id", "boot-2\n", "it has restarted since"),
        ("loaded", "0\n", "no crash image is loaded"),
        ("loaded", "", "no crash image is loaded"),
        ("vmcore", "", "it runs its capture kernel"),
    ],
)
def test_a_host_that_may_not(places: Places, tmp_path: pathlib.Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(KdumpError, match=words):
        check_host("boot-1", places)


@pytest.mark.parametrize("confirm", ["", "web2", "WEB1", "web1 "])
def test_confirmation_is_exact(confirm: str) -> None:
    check_confirmed("web1", "web1")
    with pytest.raises(KdumpError, match="Cannot crash web1: confirm is"):
        check_confirmed(confirm, "web1")


def test_the_nonce_is_written_and_seen(places: Places) -> None:
    write_nonce(NONCE, places)
    match = NONCE_PATTERN.search(pathlib.Path(places.kmsg).read_text())
    assert match and match[1] == NONCE


def test_a_kernel_that_drops_the_nonce(places: Places) -> None:
    with pytest.raises(KdumpError, match="the kernel drops it"):
        write_nonce(NONCE, Places(places.boot_id, places.loaded, os.devnull), sleep=lambda _seconds: None)


def test_sync_has_a_limit(runner: FakeRunner) -> None:
    runner.answers[("sync",)] = (124, "", "")
    with pytest.raises(KdumpError, match="Cannot write cached data to disk before the crash"):
        sync(runner)


def test_every_method_is_data() -> None:
    assert METHODS["sysrq-c"].data == "c"


def test_the_child_crashes_after_the_session(places: Places, tmp_path: pathlib.Path) -> None:
    trigger = tmp_path / "trigger"
    started = time.monotonic()
    crash_soon(Method(str(trigger), "c", "test"), places, limit=0.3)
    returned = time.monotonic()
    assert trigger.read_text() == ""
    while trigger.read_text() != "c" and time.monotonic() < started + 20:
        time.sleep(0.02)
    assert trigger.read_text() == "c"
    assert returned - started < time.monotonic() - returned  # the caller is free long before


def test_a_trigger_that_fails_is_told_to_the_kernel_log(places: Places, tmp_path: pathlib.Path) -> None:
    started = time.monotonic()
    crash_soon(Method(str(tmp_path / "no" / "trigger"), "c", "test"), places, limit=0)
    kmsg = pathlib.Path(places.kmsg)
    while not kmsg.read_text() and time.monotonic() < started + 20:
        time.sleep(0.02)
    assert "linux.kdump: cannot crash" in kmsg.read_text()


def test_ancestors_stop_below_the_daemon(tmp_path: pathlib.Path) -> None:
    """module 50 <- sh 40 <- sshd 30 (this connection) <- sshd 20 (the daemon) <- init 1"""
    for pid, comm, parent, start in [
        (50, "python3", 40, 5),
        (40, "(sd) x", 30, 4),
        (30, "sshd", 20, 3),
        (20, "sshd", 1, 2),
    ]:
        (tmp_path / str(pid)).mkdir()
        rest = " ".join(["0"] * 17)
        (tmp_path / str(pid) / "stat").write_text(f"{pid} ({comm}) S {parent} {rest} {start} 0\n")
    assert ancestors(50, str(tmp_path)) == {40: "4", 30: "3"}


def test_ancestors_are_real_ones() -> None:
    assert os.getppid() in ancestors(os.getpid(), "/proc") or os.getppid() <= 1


def test_waiting_ends_with_the_process_and_not_later() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    mine = {child.pid: start_of(child.pid)}
    assert wait_for_end(mine, "/proc", limit=0.2) is False
    child.communicate()
    assert wait_for_end(mine, "/proc", limit=5) is True


def start_of(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
