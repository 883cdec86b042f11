# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the save script: what the command line tells it, and the target that it saves to."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils import drill
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.save.machine import (
    COMMAND_LINE,
    HAS_BUSYBOX,
    UUID,
    Capture,
    make_capture,
)

pytestmark = pytest.mark.skipif(not HAS_BUSYBOX, reason="busybox is not installed")


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    """A machine whose dump can be saved."""
    return make_capture(tmp_path)


@pytest.mark.parametrize(
    "command_line",
    [
        "",
        f"kdump.target=UUID={UUID}",
        "kdump.path=/var/crash",
        f"kdump.target=/dev/sda1 kdump.path=/var/crash {UUID}",
        f"kdump.target=UUID={UUID} kdump.path=relative",
        f"kdump.target=UUID={UUID} kdump.path=/var/../../etc",
        f"kdump.target=UUID={UUID} kdump.path=/var//crash",
        f"kdump.target=UUID={UUID};reboot kdump.path=/var/crash",
    ],
)
def test_a_command_line_that_names_no_target(capture: Capture, command_line: str) -> None:
    (capture.root / "proc/cmdline").write_text(command_line)
    tags = [tag for tag in capture.run() if tag != "note-setting"]
    assert tags == ["save-start", "fail-target", "final-action"]


@pytest.mark.parametrize("word", ["$(touch${IFS}hit)", "`touch${IFS}hit`", ";touch${IFS}hit", "*", "a'b", 'a"b', "\\"])
@pytest.mark.parametrize("name", ["kdump.path", "kdump.final", "kdump.fstype", "kdump.limit_core", "kdump.nonsense"])
def test_words_of_the_command_line_are_never_evaluated(capture: Capture, name: str, word: str) -> None:
    (capture.root / "proc/cmdline").write_text(f"{COMMAND_LINE} {name}={word} {name}=/{word}")
    tags = capture.run()
    assert tags[0] == "note-setting" and tags[-1] == "final-action"
    assert not list(capture.root.rglob("hit"))
    assert capture.record()["final"] == "reboot"


def test_the_command_line_stands_before_the_images_own_settings(capture: Capture) -> None:
    (capture.root / "etc/settings").write_text("kdump.final=halt\nkdump.limit_core=7\n")
    (capture.root / "proc/cmdline").write_text(f"{COMMAND_LINE} kdump.final=poweroff")
    assert capture.shell('read_settings; echo "$final $limit_core"').strip() == "poweroff 7"


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "1000000", "", "5s"])
def test_a_limit_that_is_none_leaves_the_default(capture: Capture, value: str) -> None:
    (capture.root / "proc/cmdline").write_text(f"kdump.limit_core={value}")
    assert capture.shell('read_settings; echo "$limit_core"').splitlines()[-1] == "1800"


def test_the_root_of_a_file_system_is_a_folder_too(capture: Capture) -> None:
    (capture.root / "proc/cmdline").write_text(f"kdump.target=UUID={UUID} kdump.path=/")
    assert capture.run() == list(drill.STAGES)
    (record,) = capture.root.glob("target/*Z-*/kdump.json")
    assert json.loads(record.read_text())["target"]["path"] == "/"


def test_a_folder_that_is_not_there_is_made(capture: Capture) -> None:
    capture.dumps.rmdir()
    assert capture.run() == list(drill.STAGES)
    assert stat.S_IMODE(capture.dumps.stat().st_mode) == 0o700


def test_a_link_that_leads_out_of_the_target_is_not_followed(capture: Capture) -> None:
    (capture.root / "elsewhere").mkdir()
    capture.dumps.rmdir()
    capture.dumps.symlink_to(capture.root / "elsewhere")
    assert capture.run() == ["save-start", "fail-target", "final-action"]
    assert list((capture.root / "elsewhere").iterdir()) == []


def test_a_link_inside_the_target_is_followed(capture: Capture) -> None:
    capture.dumps.rmdir()
    (capture.root / "target/data").mkdir()
    capture.dumps.symlink_to("../data")
    assert capture.run() == list(drill.STAGES)


@pytest.mark.parametrize(
    ("mount", "said"),
    [
        (
            'echo "mount: Invalid argument" >$temporary/out; (exit 32)',
            "fail-target {}: status 32: mount: Invalid argument",
        ),
        ("(exit 137)", "fail-memory {}: status 137: it said nothing"),
    ],
)
def test_a_target_that_cannot_be_mounted(capture: Capture, mount: str, said: str) -> None:
    assert said.format("/dev/vda cannot be mounted") in capture.shell(f"fake_mount='{mount}'\nmain")
