# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrate with its progress on the terminal; the work is the module's."""

from __future__ import annotations

import typing as t

from ..plugin_utils.long_task import LongModuleAction

#: The module's own, of what its duration depends on.
DEFAULTS: t.Final = {"seconds": 14400, "timeout": 600}


class ActionModule(LongModuleAction):
    """Runs the module of the same name and shows what it says meanwhile."""

    MODULE = "linux.kdump.calibrate"

    def time_limit(self, arguments: dict[str, t.Any]) -> int:
        machines = _length(arguments.get("memory")) * _length(arguments.get("cpus"))
        # The trial that is under way when the time of a machine is over may still end.
        return machines * sum(_number(arguments.get(name), default) for name, default in DEFAULTS.items())


def _length(value: t.Any) -> int:
    """How many elements the module will see: Ansible splits a string at its commas."""
    items = value.split(",") if isinstance(value, str) else value
    return max(len(items), 1) if isinstance(items, list) else 1


def _number(value: t.Any, default: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return default  # the module says what is wrong with it
