# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is rebooted once for one purpose."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from ansible_collections.linux.kdump.plugins.module_utils import restart
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import paths

ROLES = pathlib.Path(__file__).parents[4] / "roles"


def run(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    purpose: str,
    *,
    boot: str = "one",
    subject: str = "crashkernel",
) -> int:
    """Run the command for real, with a shutdown(8) that only says that it was called."""
    monkeypatch.setattr(restart, "NOTES", {"crashkernel": str(tmp_path / "note"), "kernel": str(tmp_path / "other")})
    monkeypatch.setattr(restart, "BOOT_ID", str(tmp_path / "boot_id"))
    (tmp_path / "boot_id").write_text(f"{boot}\n")
    (tmp_path / "shutdown").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/called\n')
    (tmp_path / "shutdown").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    return subprocess.run(["sh", "-c", restart.command(purpose, subject)], env=environment, check=False).returncode


def test_the_purpose_is_noted_and_a_second_reboot_for_it_is_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path, monkeypatch, "crashkernel=64M") == 0
    assert (tmp_path / "note").read_text() == "one\ncrashkernel=64M\n"
    assert (tmp_path / "note").stat().st_mode & 0o777 == 0o600
    assert run(tmp_path, monkeypatch, "crashkernel=64M", boot="two") == 3
    assert (tmp_path / "called").read_text() == "-r now\n"
    assert run(tmp_path, monkeypatch, "crashkernel=96M", boot="two") == 0
    assert (tmp_path / "called").read_text() == "-r now\n" * 2


def test_a_reboot_for_a_reservation_is_no_excuse_for_another_one_for_the_same_kernel(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path, monkeypatch, "kernel 6.1.192", subject="kernel") == 0
    assert run(tmp_path, monkeypatch, "crashkernel=64M", boot="two") == 0
    assert run(tmp_path, monkeypatch, "kernel 6.1.192", boot="three", subject="kernel") == 3
    assert run(tmp_path, monkeypatch, "crashkernel=64M", boot="three") == 3


def test_each_subject_has_a_note_of_its_own() -> None:
    assert restart.NOTES["crashkernel"] == paths.REBOOT_NOTE
    assert len(set(restart.NOTES.values())) == len(restart.NOTES)
    yaml = pytest.importorskip("yaml")
    variables = yaml.safe_load((ROLES / "system_kernel/vars/main.yml").read_text())
    assert variables["__kdump_system_kernel_reboot_note"] == restart.NOTES["kernel"]


def test_a_host_that_did_not_go_down_may_be_told_again(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [run(tmp_path, monkeypatch, "crashkernel=64M") for _attempt in range(2)] == [0, 0]
    assert (tmp_path / "called").read_text() == "-r now\n" * 2


def test_a_purpose_is_never_a_command(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    purpose = "$(touch x); 'rm' \"y\""
    assert run(tmp_path, monkeypatch, purpose) == 0
    assert (tmp_path / "note").read_text() == f"one\n{purpose}\n"


@pytest.mark.parametrize("rc", [0, 255])
def test_a_reboot_and_a_broken_connection_are_no_errors(rc: int) -> None:
    restart.check_answer(rc, "", host="web1", purpose="it", subject="kernel")


@pytest.mark.parametrize(
    ("rc", "text", "message"),
    [
        (3, "", "Cannot reboot web1 for it: it was rebooted for it already and did not get it"),
        (1, "no permission\n", "Cannot reboot web1 for it: no permission. Reboot it by hand"),
        (127, "", "Cannot reboot web1 for it: status 127"),
    ],
)
def test_what_went_wrong_is_said(rc: int, text: str, message: str) -> None:
    with pytest.raises(KdumpError) as caught:
        restart.check_answer(rc, text, host="web1", purpose="it", subject="kernel")
    assert caught.value.message.startswith(message)
