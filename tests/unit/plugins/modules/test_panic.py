# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of panic that runs on the host looks before it crashes, whoever asks it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.drill_trigger import Places
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.modules.panic import work
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

REQUEST: t.Final = {"host": "web1", "nonce": "00ff", "boot_id": "this"}


def places(folder: Path) -> Places:
    """A host with a crash image, whose kernel log and crash trigger are missing: reaching for them is an error."""
    (folder / "boot_id").write_text("this\n")
    (folder / "loaded").write_text("1\n")
    missing = str(folder / "missing")
    return Places(str(folder / "boot_id"), str(folder / "loaded"), kmsg=missing, proc=missing, vmcore=missing)


def ask(folder: Path, runner: FakeRunner, *, confirm: str = "web1", **change: object) -> dict[str, t.Any]:
    options = {"confirm": confirm, "method": "sysrq-c", "_request": {**REQUEST, **change}}
    return work(options, runner, places(folder), check_mode=True)


def test_check_mode_looks_and_does_nothing(tmp_path: Path, runner: FakeRunner) -> None:
    assert ask(tmp_path, runner) == {"changed": True}
    assert runner.calls == []


def test_check_mode_refuses_what_a_crash_would_refuse(tmp_path: Path, runner: FakeRunner) -> None:
    with pytest.raises(KdumpError, match="confirm is 'web2'"):
        ask(tmp_path, runner, confirm="web2")
    with pytest.raises(KdumpError, match="it has restarted"):
        ask(tmp_path, runner, boot_id="another")


@pytest.mark.parametrize("check_mode", [True, False])
def test_nothing_happens_without_the_action_plugin(tmp_path: Path, runner: FakeRunner, check_mode: bool) -> None:
    options = {"confirm": "web1", "method": "sysrq-c", "_request": None}
    with pytest.raises(KdumpError, match=r"without its action plugin: .*Call it as linux\.kdump\.panic"):
        work(options, runner, places(tmp_path), check_mode=check_mode)
