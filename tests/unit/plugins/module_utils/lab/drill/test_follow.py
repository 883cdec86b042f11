# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the console of a drill tells, and what it comes to."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.console import Lines
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.follow import Story
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.outcome import judge
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.spec import OUTCOMES
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.drill.world import (
    ARMED,
    CAPTURING,
    SAVED,
    Console,
)


def told(*lines: tuple[float, str]) -> Story:
    story = Story(stall=60)
    for seconds, line in lines:
        story.line(seconds, line)
    return story


def test_the_story_of_a_capture() -> None:
    assert [(event.name, event.seconds) for event in told(*SAVED).events] == [
        ("start", 0.0), ("kernel", 0.5), ("armed", 4.0), ("triggered", 4.1), ("panic", 4.2), ("capture_kernel", 5.0),
        ("save-start", 6.0), ("target-ready", 6.2), ("log-saved", 6.5), ("core-saved", 7.2), ("record-saved", 7.3),
        ("final-action", 7.4),
    ]  # fmt: skip
    assert told(*SAVED).text("armed") == "67108864"


def test_a_quiet_capture_kernel_is_first_heard_of_by_its_script() -> None:
    story = told(*ARMED, CAPTURING[-1])
    assert [event.name for event in story.events][-2:] == ["capture_kernel", "save-start"]


def test_where_nobody_hears_the_panic_it_is_the_trigger() -> None:
    story = Story(stall=60, late_console=True)
    for seconds, line in (*ARMED[:3], *CAPTURING[4:]):
        story.line(seconds, line)
    assert [(event.name, event.seconds) for event in story.events][3:6] == [
        ("triggered", 4.1), ("panic", 4.1), ("capture_kernel", 5.0),
    ]  # fmt: skip
    story.line(7.0, "Kernel panic - not syncing: VFS: no root")
    assert story.text("capture_panic") == "VFS: no root"


OUT_OF_MEMORY = (6.5, "[    1.2] Out of memory: Killed process 71 (makedumpfile) total-vm:1kB")
OUTCOMES_OF: t.Final[dict[str, tuple[Console, t.Optional[str], str, str]]] = {
    "saved": (SAVED, None, "captured", ""),
    "a stray complaint": ((*CAPTURING, OUT_OF_MEMORY, *SAVED[6:]), None, "captured", ""),
    "first target failed": (
        (*CAPTURING, (6.1, "linux.kdump: [0.6] fail-target no answer"), *SAVED[6:]), None, "captured", "",
    ),
    "killed": ((*CAPTURING, OUT_OF_MEMORY), None, "out_of_memory", "ran out of memory .*makedumpfile"),
    "unpacking": (
        (*ARMED, (5, "Linux version 6.1-kdump"), (6, "Initramfs unpacking failed: write error")), None,
        "out_of_memory", "Initramfs unpacking failed",
    ),
    "its own word": (
        (*CAPTURING, (6.1, "linux.kdump: [0.6] fail-memory the vmcore")), None, "out_of_memory", "ran out of memory",
    ),
    "no disk": (
        (*CAPTURING, (6.1, "linux.kdump: [0.6] fail-target no file system"), (6.2, "linux.kdump: [0.7] final-action")),
        None, "save_failed", r"could not be mounted \(fail-target\)",
    ),
    "panic in the capture kernel": (
        (*ARMED, (5, "Linux version 6.1-kdump"), (6, "Kernel panic - not syncing: VFS: no root")), None,
        "save_failed", r"the capture kernel panicked \(VFS: no root\)",
    ),
    "it left nothing": (CAPTURING, None, "save_failed", "left no dump"),
    "no capture kernel": (ARMED, None, "no_capture", "no capture kernel was heard of, and the machine ended"),
    "silence": (ARMED, "its console has been silent", "no_capture", "heard of: its console has been silent"),
    "too slow": (CAPTURING, "the time limit of 9 seconds is over", "timeout", "did not save in time"),
    "refused": (
        (ARMED[0], (3, "linux.kdump: [2.9] drill-failed kexec ended with status 255: Could not find a free area")),
        None, "never_armed", "Could not find a free area.*Check the system kernel",
    ),
    "no kernel": ((), "the time limit of 9 seconds is over", "never_armed", "not armed: the time limit"),
    "system panic": (
        (ARMED[0], (3, "Kernel panic - not syncing: IO-APIC + timer doesn't work!")), None,
        "never_armed", "the system kernel panicked before it was armed .*IO-APIC",
    ),
    "system out of memory": (
        (ARMED[0], (3, "Initramfs unpacking failed: write error")), None, "never_armed", "ran out of memory before",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("console", "why", "outcome", "message"), OUTCOMES_OF.values(), ids=list(OUTCOMES_OF))
def test_outcomes(console: Console, why: t.Optional[str], outcome: str, message: str) -> None:
    name, text = judge(told(*console), record=None, why=why, console="/d/console.log")
    assert name == outcome
    assert name in OUTCOMES
    if message:
        assert text.startswith("Cannot drill: ")
        assert re.search(message, text)
        assert "The console is in /d/console.log." in text
        assert "\n" not in text
    else:
        assert text == ""


def test_the_record_goes_before_the_console() -> None:
    failed = {"status": "failed", "failure": "fail-space"}
    assert judge(told(*SAVED), record=failed, why=None, console="c")[0] == "save_failed"
    assert judge(told(*CAPTURING), record={"status": "saved", "failure": None}, why=None, console="c")[0] == "captured"


@pytest.mark.parametrize(
    ("console", "seconds", "hopeless"),
    [
        (ARMED, 60.0, None),
        (ARMED, 65.0, "silent for 60 seconds"),
        (CAPTURING, 600.0, None),
        # a machine that took its time to boot is given time
        ([(100 * seconds, line) for seconds, line in ARMED], 2400.0, None),
        ([(100 * seconds, line) for seconds, line in ARMED], 2430.0, "silent for 2000 seconds"),
        (SAVED, 60.0, None),
        (SAVED, 70.0, "did not end the machine"),
        ((*ARMED, (5, "---[ end Kernel panic - not syncing: x ]---")), 5.0, "died and does not restart"),
        (ARMED[:1], 500.0, None),
    ],
)
def test_when_there_is_nothing_to_wait_for(console: Console, seconds: float, hopeless: t.Optional[str]) -> None:
    found = told(*console).hopeless(seconds)
    assert found == hopeless or (hopeless and hopeless in (found or ""))


RECORDED: t.Final = sorted((Path(__file__).parents[5] / "fixtures/console").glob("emulated-*.log"))


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_a_recorded_console(path: Path) -> None:
    story, lines = Story(stall=60), Lines()
    for number, line in enumerate(lines.feed(path.read_text(errors="replace"))):
        story.line(number / 10, line)
    assert judge(story, record=None, why=None, console="c") == ("captured", "")
    assert [event.name for event in story.events] == [
        "start", "kernel", "armed", "triggered", "panic", "capture_kernel", "save-start", "target-ready", "log-saved",
        "core-saved", "record-saved", "final-action",
    ]  # fmt: skip
    assert (story.text("capture_kernel") or "").endswith("-kdump")


@given(st.lists(st.tuples(st.floats(-1, 1e6), st.sampled_from([line for _s, line in SAVED]) | st.text()), max_size=20))
def test_any_console_has_an_outcome(lines: list[tuple[float, str]]) -> None:
    story = told(*lines)
    name, text = judge(story, record=None, why=None, console="c")
    assert name in OUTCOMES
    assert len(text) <= 1000
    assert all(event.seconds >= 0 for event in story.events)
