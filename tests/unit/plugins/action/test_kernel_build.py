# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a build may take altogether."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.action.kernel_build import ActionModule


@pytest.mark.parametrize(
    ("arguments", "limit"),
    [
        ({}, 2 * 7200),
        ({"timeout": 100}, 200),
        ({"timeout": "100"}, 200),
        ({"timeout": 100, "sign": {"key": "/k", "certificate": "/c"}}, 300),
        ({"timeout": 100, "sign": None}, 200),
        ({"timeout": "soon"}, 2 * 7200),
    ],
)
def test_a_build_that_had_to_wait_for_another_one_still_has_all_its_time(
    arguments: dict[str, t.Any], limit: int
) -> None:
    """One that is ended from outside leaves no report, so that the module's own limits have to strike first."""
    made = ActionModule.__new__(ActionModule)
    assert made.time_limit(arguments) == limit
