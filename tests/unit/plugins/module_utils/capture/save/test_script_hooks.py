# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of hooks: whatever they do, the dump is saved, and what they did is told."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils import drill
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import hooks
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import script as save_script
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save.machine import (
    HAS_BUSYBOX,
    Capture,
    make_capture,
)

pytestmark = pytest.mark.skipif(not HAS_BUSYBOX, reason="busybox is not installed")
SAVED = ["save-start", "target-ready", "log-saved", "core-saved", "record-saved"]


def _capture(tmp_path: Path, limit: int = 5, **scripts: str) -> Capture:
    """A machine with hooks: before_10 is the hook 10 of the stage before."""
    capture = make_capture(tmp_path, hooks.part(count=len(scripts), limit=limit))
    for name, text in scripts.items():
        stage, _blank, hook = name.partition("_")
        path = tmp_path / "etc/hooks" / stage / hook
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return capture


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    script = save_script.compose([hooks.part(count=2, limit=30)])
    argv = ["shellcheck", "--shell=dash", "--exclude=SC2317", "-"]
    assert subprocess.run(argv, input=script, capture_output=True, text=True, check=False).stdout == ""


def test_hooks_run_in_the_order_of_their_names(tmp_path: Path) -> None:
    note = f'echo "$KDUMP_STAGE ${{0##*/}}" >>{tmp_path}/ran'
    capture = _capture(tmp_path, before_20=note, before_10=note, after_9=note, after_1=note)
    assert capture.run() == [*SAVED, "record-saved", "final-action"]
    assert (tmp_path / "ran").read_text().splitlines() == ["before 10", "before 20", "after 1", "after 9"]
    ran = capture.record()["hooks"]
    assert [(hook["stage"], hook["name"], hook["rc"]) for hook in ran] == [
        ("before", "10", 0), ("before", "20", 0), ("after", "1", 0), ("after", "9", 0),
    ]  # fmt: skip


def test_without_hooks_after_the_record_is_written_once(tmp_path: Path) -> None:
    capture = _capture(tmp_path, before_10=":")
    assert capture.run() == [*SAVED, "final-action"]
    assert [hook["name"] for hook in capture.record()["hooks"]] == ["10"]


def test_what_a_hook_knows(tmp_path: Path) -> None:
    capture = _capture(tmp_path, before_a=f"env >{tmp_path}/before", after_a=f"env >{tmp_path}/after; ls $KDUMP_FOLDER")
    capture.run()

    def known(stage: str) -> dict[str, str]:
        lines = (tmp_path / stage).read_text().splitlines()
        pairs = (line.partition("=")[::2] for line in lines)
        return {name: value for name, value in pairs if name.startswith("KDUMP_")}

    folder = capture.dump()
    vmcore = f"{tmp_path}/proc/vmcore"
    kernel = capture.record()["kernel"]["capture"]
    assert known("before") == {
        "KDUMP_STAGE": "before", "KDUMP_KERNEL": kernel, "KDUMP_VMCORE": vmcore, "KDUMP_ID": "", "KDUMP_STATUS": "",
        "KDUMP_FAILURE": "", "KDUMP_FOLDER": "",
    }  # fmt: skip
    assert known("after") == {
        "KDUMP_STAGE": "after", "KDUMP_KERNEL": kernel, "KDUMP_VMCORE": vmcore, "KDUMP_ID": folder.name,
        "KDUMP_STATUS": "saved", "KDUMP_FAILURE": "", "KDUMP_FOLDER": str(folder),
    }  # fmt: skip


def test_after_a_failed_save_hooks_are_told_of_it(tmp_path: Path) -> None:
    capture = _capture(tmp_path, after_a=f'echo "$KDUMP_STATUS $KDUMP_FAILURE" >{tmp_path}/told')
    capture.tool(core="exit 3")
    assert capture.run() == [
        "save-start", "target-ready", "log-saved", "fail-core", "record-saved", "record-saved", "final-action",
    ]  # fmt: skip
    assert (tmp_path / "told").read_text() == "failed fail-core\n"
    assert capture.record()["hooks"][0]["rc"] == 0


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("echo cannot reach it; exit 3", 3, "cannot reach it"),
        ("exit 1", 1, "it said nothing"),
        ("exec sleep 30", 143, ""),
        ("kill -9 $$", 137, ""),
        ("rm -rf $KDUMP_FOLDER/vmcore.incomplete; false", 1, "it said nothing"),
    ],
)
@pytest.mark.parametrize("stage", hooks.STAGES)
def test_a_hook_that_fails_stops_nothing(tmp_path: Path, stage: str, text: str, status: int, words: str) -> None:
    capture = _capture(tmp_path, limit=1, **{f"{stage}_10-tell": text, f"{stage}_20-last": ":"})
    said = capture.shell("main")
    assert f"note-hook 10-tell ({stage}): status {status}: {words}" in said
    tags = [match["tag"] for match in drill.CONSOLE_PATTERN.finditer(said)]
    assert [tag for tag in tags if tag not in ("note-hook", "record-saved")] == [*SAVED[:-1], "final-action"]
    assert "note-hook" in drill.NOTES
    record = capture.record()
    assert (record["status"], record["failure"]) == ("saved", None)
    assert [hook["rc"] for hook in record["hooks"]] == [status, 0]


def test_a_hook_gets_no_input_to_wait_for(tmp_path: Path) -> None:
    capture = _capture(tmp_path, before_a="cat")
    capture.run()
    assert capture.record()["hooks"][0]["rc"] == 0


def test_the_watcher_waits_for_the_hooks_too() -> None:
    assert "hooks_time=70 hook_limit=30" in hooks.part(count=2, limit=30)
    assert "hooks_time" in save_script.SCRIPT


def test_a_record_is_there_even_where_a_hook_takes_the_machine_down(tmp_path: Path) -> None:
    capture = _capture(tmp_path, after_a=f"cp {tmp_path}/target/var/crash/*/kdump.json {tmp_path}/early")
    capture.run()
    assert '"status":"saved"' in (tmp_path / "early").read_text()
