# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observations of a crash, and what is made of them."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.console import Lines
from ansible_collections.linux.kdump.plugins.plugin_utils.follow import Event, Follower, Limits, Probe

OLD, NEW = "11111111-old", "22222222-new"
LIMITS = Limits(down=60, back=900, stall=120)

LOST = Probe(0, detail="Connection timed out")
UP = Probe(0, OLD, systemd="running")
STARTING = Probe(0, NEW, systemd="starting")
BACK = Probe(0, NEW, systemd="running")
INSIDE = Probe(0, NEW, capture_kernel=True, systemd="running")

#: What was observed at a second: a probe, or lines on the console.
Observation = tuple[float, t.Union[Probe, str]]

PANIC = "[  99.1] Kernel panic - not syncing: sysrq triggered crash"
CAPTURE = "[ 0.0] Linux version 6.1.192-kdump (b@h)\n[ 0.0] Command line: console=ttyS0 elfcorehdr=0x1d0000"
NORMAL = "[ 0.0] Linux version 6.1.0-40-amd64 (b@h)\n[ 0.0] Command line: root=UUID=1 crashkernel=64M"


def follow(observations: Sequence[Observation], *, console: bool = True, limits: Limits = LIMITS) -> Follower:
    follower = Follower(boot_id=OLD, limits=limits, console=console)
    follower.triggered("sysrq-c")
    for seconds, what in observations:
        if isinstance(what, Probe):
            follower.probe(Probe(seconds, what.boot_id, what.capture_kernel, what.systemd, what.detail))
        else:
            follower.heard(seconds)
            for line in what.splitlines():
                follower.line(seconds, line)
    return follower


CASES: list[tuple[str, bool, list[Observation], float, str | None, list[str]]] = [
    (
        "a good drill with console",
        True,
        [
            (1, PANIC),
            (2, CAPTURE),
            (3, "linux.kdump: [1.0] save-start x\nlinux.kdump: [1.1] target-ready /dev/vda1"),
            (4, LOST),
            (5, "linux.kdump: [2.0] log-saved 1\nlinux.kdump: [2.1] core-saved 2\nlinux.kdump: [2.2] record-saved 3"),
            (6, "linux.kdump: [3.0] final-action reboot"),
            (9, NORMAL),
            (20, STARTING),
            (25, BACK),
        ],
        25,
        "settled",
        [
            "triggered",
            "panic",
            "capture_kernel",
            "save-start",
            "target-ready",
            "connection_lost",
            "log-saved",
            "core-saved",
            "record-saved",
            "final-action",
            "kernel",
            "connection_back",
            "settled",
        ],
    ),
    (
        "a good drill without console",
        False,
        [(1, UP), (6, LOST), (60, LOST), (70, STARTING), (80, BACK)],
        80,
        "settled",
        ["triggered", "connection_lost", "connection_back", "settled"],
    ),
    ("nothing happens", False, [(1, UP), (30, UP), (61, UP)], 61, "never_went_down", ["triggered"]),
    ("nothing happened yet", True, [(1, UP), (59, UP)], 59, None, ["triggered"]),
    (
        "a hiccup of the network is no crash",
        False,
        [(5, LOST), (50, UP), (61, UP)],
        61,
        "never_went_down",
        ["triggered"],
    ),
    (
        "the hiccup's time is not the crash's",
        False,
        [(5, LOST), (10, UP), (30, LOST)],
        31,
        None,
        ["triggered", "connection_lost"],
    ),
    ("down for good", False, [(5, LOST), (901, LOST)], 901, "never_came_back", ["triggered", "connection_lost"]),
    (
        "down, firmware silent for long",
        True,
        [(1, PANIC), (5, LOST)],
        800,
        None,
        ["triggered", "panic", "connection_lost"],
    ),
    (
        "the save script hangs",
        True,
        [(1, PANIC), (2, CAPTURE), (3, "linux.kdump: [1.0] save-start x")],
        124,
        "never_came_back",
        ["triggered", "panic", "capture_kernel", "save-start"],
    ),
    (
        "silence after the final action is firmware",
        True,
        [(1, PANIC), (2, CAPTURE), (3, "linux.kdump: [1.0] final-action reboot")],
        500,
        None,
        ["triggered", "panic", "capture_kernel", "final-action"],
    ),
    (
        "the capture kernel panics for good",
        True,
        [
            (1, PANIC),
            (2, CAPTURE),
            (3, "Initramfs unpacking failed: write error\nKernel panic - not syncing: VFS: Unable to mount root fs"),
            (3, "---[ end Kernel panic - not syncing: VFS: Unable to mount root fs ]---"),
        ],
        4,
        "never_came_back",
        ["triggered", "panic", "capture_kernel", "capture_out_of_memory", "capture_panic"],
    ),
    (
        "the capture kernel panics and restarts",
        True,
        [(1, PANIC), (2, CAPTURE), (3, "Kernel panic - not syncing: oops"), (13, NORMAL), (30, BACK)],
        30,
        "settled",
        ["triggered", "panic", "capture_kernel", "capture_panic", "kernel", "connection_back", "settled"],
    ),
    (
        "the first kernel does not hand over",
        True,
        [(1, PANIC), (1.2, "---[ end Kernel panic - not syncing: sysrq triggered crash ]---")],
        2,
        "never_came_back",
        ["triggered", "panic"],
    ),
    (
        "back without capture",
        True,
        [(1, PANIC), (5, LOST), (9, NORMAL), (30, BACK)],
        30,
        "settled",
        ["triggered", "panic", "connection_lost", "kernel", "connection_back", "settled"],
    ),
    (
        "quiet kernels, only the save script speaks",
        True,
        [(3, "linux.kdump: [1.0] save-start x"), (5, "linux.kdump: [2.0] fail-space full"), (30, BACK)],
        30,
        "settled",
        ["triggered", "capture_kernel", "save-start", "fail-space", "connection_back", "settled"],
    ),
    (
        "a capture kernel with a network is not back",
        False,
        [(5, LOST), (20, INSIDE)],
        100,
        None,
        ["triggered", "connection_lost", "capture_kernel"],
    ),
    (
        "back, but never done starting",
        False,
        [(5, LOST), (20, STARTING), (901, STARTING)],
        901,
        "settled",
        ["triggered", "connection_lost", "connection_back"],
    ),
    (
        "no command line between two first lines",
        True,
        [(1, PANIC), (2, "Linux version 6.1-kdump"), (9, "Linux version 6.1"), (10, "Command line: ro")],
        11,
        None,
        ["triggered", "panic", "capture_kernel", "kernel"],
    ),
]


@pytest.mark.parametrize(
    ("console", "observations", "now", "end", "names"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_following(
    console: bool, observations: list[Observation], now: float, end: str | None, names: list[str]
) -> None:
    follower = follow(observations, console=console)
    assert follower.end(now) == end
    assert [event.name for event in follower.events] == names


def test_a_kernel_is_as_old_as_its_first_line() -> None:
    follower = follow([(1, PANIC), (2, "Linux version 6.1.192-kdump"), (7, "Command line: elfcorehdr=1")])
    assert Event("capture_kernel", 2, "console", "6.1.192-kdump") in follower.events


def test_only_memory_trouble_of_the_capture_kernel_counts() -> None:
    oom = "Out of memory: Killed process 1 (x)"
    before = follow([(0.5, oom), (1, PANIC), (2, CAPTURE)]).sighting("never_came_back", 9)
    inside = follow([(1, PANIC), (2, CAPTURE), (3, oom)]).sighting("never_came_back", 9)
    later = follow([(1, PANIC), (2, CAPTURE), (3, NORMAL), (4, oom)]).sighting("never_came_back", 9)
    assert [before.out_of_memory, inside.out_of_memory, later.out_of_memory] == [None, oom, None]


def test_the_sighting_holds_what_the_judgement_needs() -> None:
    seen = follow(
        [(1, PANIC), (2, CAPTURE), (3, "linux.kdump: [1.0] target-ready x\nlinux.kdump: [1.0] fail-space full\n")]
    )
    sighting = seen.sighting("never_came_back", 12.5)
    assert (sighting.failure, sighting.last_stage, sighting.saved) == ("fail-space", "target-ready", False)
    assert sighting.last_line == "linux.kdump: [1.0] fail-space full"
    assert seen.sighting("settled", 12.5).last_line is None


def test_of_several_targets_the_one_that_has_the_dump_is_told() -> None:
    lines = [
        "target-ready kdump@192.0.2.7:22 web1/d1", "fail-network lost", "target-ready /dev/vda1 /var/crash/d1",
        "core-saved 7 bytes", "target-ready /dev/vdb1 d1",
    ]  # fmt: skip
    seen = follow([(1, PANIC), (2, "\n".join(f"linux.kdump: [1.0] {line}" for line in lines))])
    assert seen.sighting("settled", 9.0).place == "/dev/vda1 /var/crash/d1"


def test_a_babbling_console_stays_bounded() -> None:
    follower = follow([(1, "noise\n" * 5000)])
    assert len(follower.lines) == 2000


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 2000),
            st.one_of(
                st.sampled_from([LOST, UP, STARTING, BACK, INSIDE]),
                st.sampled_from([PANIC, CAPTURE, NORMAL, "linux.kdump: [1.0] fail-core x", "noise"]),
            ),
        ),
        max_size=12,
    )
)
def test_it_always_ends_and_never_repeats_itself(observations: list[Observation]) -> None:
    follower = follow(observations)
    names = [event.name for event in follower.events]
    assert len(set(names)) == len(names)
    assert follower.end(2001) in {"settled", "never_went_down", "never_came_back"}
    assert [event.seconds for event in follower.events] == sorted(event.seconds for event in follower.events)


def test_the_console_of_a_real_drill() -> None:
    """Recorded: sysrq-c, the capture kernel with the save script, firmware and GRUB, the normal kernel."""
    recording = pathlib.Path(__file__).parents[3] / "fixtures" / "console" / "good-drill.log"
    follower, lines = Follower(boot_id=OLD, limits=LIMITS, console=True), Lines()
    follower.triggered("sysrq-c")
    text = recording.read_bytes().decode("utf-8", "replace")
    for second, start in enumerate(range(0, len(text), 500)):
        for line in lines.feed(text[start : start + 500]):
            follower.line(second, line)
    follower.probe(Probe(500, NEW, systemd="running"))
    assert [(event.name, event.text.split(" ")[0]) for event in follower.events] == [
        ("triggered", "sysrq-c"),
        ("panic", "sysrq"),
        ("capture_kernel", "6.1.192-kdump"),
        ("save-start", "6.1.192-kdump"),
        ("target-ready", "/dev/vda1"),
        ("log-saved", "35969"),
        ("core-saved", "34249190"),
        ("record-saved", "/var/crash/20261122T224135Z-c2493165/kdump.json"),
        ("final-action", "reboot"),
        ("kernel", "6.1.0-56-cloud-amd64"),
        ("connection_back", "boot"),
        ("settled", "systemd"),
    ]
    assert not any("\x1b" in line for line in follower.lines)
