# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines about progress: few, and always the last."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.plugin_utils.progress import Meter, human


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1 << 30, "1.0 GiB"),
        (3 << 40, "3.0 TiB"),
        (1 << 60, "1048576.0 TiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert human(size) == text


def test_a_meter_is_quiet_but_says_the_last_word() -> None:
    times = iter((0.0, 0.5, 1.0, 2.5, 3.0, 3.1))
    shown: list[str] = []
    meter = Meter(100, shown.append, clock=lambda: next(times))
    for _chunk in range(5):
        meter.advance(20, "vmcore")
    assert shown == [
        "vmcore: 60 B of 100 B (60 %), 24 B/s",
        "vmcore: 100 B of 100 B (100 %), 32 B/s",
    ]
