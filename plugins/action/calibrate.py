# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrate with its progress on the terminal; the work is the module's."""

from __future__ import annotations

import typing as t

from ..plugin_utils.long_task import LongModuleAction

#: The module's default for the option seconds.
_DEFAULT_LIMIT = 14400


class ActionModule(LongModuleAction):
    """Runs the module of the same name and shows what it says meanwhile."""

    MODULE = "linux.kdump.calibrate"

    def time_limit(self, arguments: dict[str, t.Any]) -> int:
        machines = 1
        for name in ("memory", "cpus"):
            value = arguments.get(name)
            machines *= max(len(value), 1) if isinstance(value, list) else 1
        try:
            return int(arguments.get("seconds", _DEFAULT_LIMIT)) * machines
        except (TypeError, ValueError):
            return _DEFAULT_LIMIT  # the module says what is wrong with it
