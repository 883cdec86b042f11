# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the action waits for the module."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.linux.kdump.plugins.action.calibrate import DEFAULTS, ActionModule
from ansible_collections.linux.kdump.plugins.modules.calibrate import DOCUMENTATION


@pytest.mark.parametrize(
    ("arguments", "machines", "seconds"),
    [
        ({}, 1, 15000), ({"seconds": 100}, 1, 700), ({"seconds": 100, "timeout": 50}, 1, 150),
        ({"seconds": "100", "memory": ["1G", "2G"], "cpus": [1, 2, 4]}, 6, 700),
        ({"memory": "1G", "cpus": []}, 1, 15000), ({"cpus": 2}, 1, 15000),
        # as Ansible understands a list that is written as one string
        ({"memory": "1G,16G,64G", "cpus": "1, 2"}, 6, 15000),
        ({"seconds": "long"}, 1, 15000), ({"timeout": None}, 1, 15000),
    ],
)  # fmt: skip
def test_each_machine_has_its_time_and_that_of_a_last_trial(
    arguments: dict[str, t.Any], machines: int, seconds: int
) -> None:
    assert ActionModule.time_limit(t.cast("ActionModule", None), arguments) == machines * seconds


def test_the_defaults_are_those_of_the_module() -> None:
    options = yaml.safe_load(DOCUMENTATION)["options"]
    assert {name: options[name]["default"] for name in DEFAULTS} == DEFAULTS
