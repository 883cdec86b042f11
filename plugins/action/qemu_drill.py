# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drill on an emulated machine with its stages on the terminal; the work is the module's."""

from __future__ import annotations

import typing as t

from ..module_utils.lab.drill.run import MARGIN
from ..module_utils.lab.drill.spec import DrillSpec
from ..plugin_utils.long_task import LongModuleAction


class ActionModule(LongModuleAction):
    """Runs the module of the same name and shows what it says meanwhile."""

    MODULE = "linux.kdump.qemu_drill"

    def time_limit(self, arguments: dict[str, t.Any]) -> int:
        try:
            return int(arguments.get("timeout", DrillSpec.timeout)) + MARGIN
        except (TypeError, ValueError):
            return DrillSpec.timeout + MARGIN  # the module says what is wrong with it
