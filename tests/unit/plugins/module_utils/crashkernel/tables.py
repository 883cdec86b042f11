# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibration documents for tests."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel import table
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.calibration import Bounds, Trial, search
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.growth import MIB

KERNEL, INITRAMFS = "a" * 64, "b" * 64
GIB = 1 << 30
NOON: t.Final = datetime.datetime(2026, 1, 2, 12, 0, tzinfo=datetime.timezone.utc)


def measured(*, edge: int = 23, **facts: t.Any) -> table.Entry:
    """The entry of a machine that works from ``edge`` MiB on."""
    case = table.Case(
        **{
            "profile": "tiny", "architecture": "x86_64", "kernel": KERNEL, "initramfs": INITRAMFS, "memory": GIB,
            "cpus": 2, **facts,
        }
    )  # fmt: skip
    outcome = search(
        lambda size: Trial(size, size >= edge * MIB, "captured", seconds=12.34, peak_used_kib=11000, total_kib=20000),
        Bounds(8 * MIB, 512 * MIB, 32 * MIB),
    )
    return table.entry(case, outcome, granularity=MIB, passes=3, date=NOON)
