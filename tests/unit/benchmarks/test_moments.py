# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a console becomes times, and times a table."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.tests.benchmarks.capture.moments import OURS, PEER, Contender, Stopwatch, table

_OURS = """\
[   40.1] sysrq: Trigger a crash
[   40.1] Kernel panic - not syncing: sysrq triggered crash
[    0.000000] Linux version 6.1.192-kdump (linux@kdump) #1
<2>[    0.9] linux.kdump: [0.91] save-start nonce
[    1.2] linux.kdump: [1.21] target-ready /dev/vda1 /var/crash/x
[    2.0] linux.kdump: [2.01] core-saved 31457280
[    2.1] linux.kdump: [2.11] final-action reboot
[    2.1] reboot: Restarting system
[    0.000000] Linux version 6.1.0-40-cloud-amd64 (debian-kernel@lists.debian.org) #1
"""
_PEER = """\
[   40.1] Kernel panic - not syncing: sysrq triggered crash
[    0.000000] Linux version 6.1.0-40-cloud-amd64 (debian-kernel@lists.debian.org) #1
[   12.345678] kdump-tools[217]: Starting kdump-tools:
[   12.4] kdump-tools[224]: running makedumpfile -c -d 31 /proc/vmcore /var/crash/202611230531/dump-incomplete.
[   30.4] kdump-tools[224]: kdump-tools: saved vmcore in /var/crash/202611230531.
[   31.0] reboot: Restarting system
[    0.000000] Linux version 6.1.0-40-cloud-amd64 (debian-kernel@lists.debian.org) #1
"""


def measure(contender: Contender, text: str) -> Stopwatch:
    watch = Stopwatch(contender)
    for number, line in enumerate(text.splitlines()):
        watch.line(10.0 + number, line)
    return watch


@pytest.mark.parametrize(
    ("contender", "text", "expected"),
    [
        (OURS, _OURS, {"capture": 1, "saving": 3, "saved": 4, "reboot": 6, "kernel": 7}),
        (PEER, _PEER, {"capture": 1, "saving": 3, "saved": 4, "reboot": 5, "kernel": 6}),
        # What is not said is not made up.
        (OURS, _PEER, {"capture": 1, "reboot": 5, "kernel": 6}),
        (OURS, "Linux version 6.1\nreboot: Restarting system\n", {}),
        (OURS, "Kernel panic - not syncing: x\nreboot: Restarting system\n", {}),
        (OURS, "", {}),
    ],
)
def test_moments_are_counted_from_the_panic(contender: Contender, text: str, expected: dict[str, float]) -> None:
    watch = measure(contender, text)
    assert watch.since_panic() == expected
    assert watch.done == ("kernel" in expected)


def test_the_boot_before_the_crash_does_not_count() -> None:
    assert measure(OURS, "Linux version 6.1.0\nreboot: Restarting system\n" + _OURS).since_panic()["capture"] == 1


def test_the_table_shows_medians_ranges_and_ratios() -> None:
    ours = [{"capture": 1.0, "reboot": 2.0}, {"capture": 1.5, "reboot": 4.0}, {"capture": 1.25, "reboot": 3.0}]
    theirs = [{"capture": 2.5, "reboot": 30.0}]
    lines = table({"ours": ours, "theirs": theirs}).splitlines()
    assert lines[0] == "| from the panic to | ours, s | theirs, s | ratio |"
    assert lines[2] == "| capture kernel's first line | 1.25 (1.00 to 1.50) | 2.50 (2.50 to 2.50) | 2.0 |"
    assert lines[5] == "| capture kernel reboots | 3.00 (2.00 to 4.00) | 30.00 (30.00 to 30.00) | 10.0 |"
    assert lines[3] == "| saving starts | not seen | not seen |  |"
