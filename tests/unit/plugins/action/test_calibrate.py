# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the action waits for the module."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.action.calibrate import ActionModule


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        ({}, 14400), ({"seconds": 100}, 100), ({"seconds": "100", "memory": ["1G", "2G"], "cpus": [1, 2, 4]}, 600),
        ({"memory": "1G", "cpus": []}, 14400), ({"seconds": "long"}, 14400),
    ],
)  # fmt: skip
def test_each_machine_has_its_time(arguments: dict[str, t.Any], seconds: int) -> None:
    assert ActionModule.time_limit(t.cast("ActionModule", None), arguments) == seconds
