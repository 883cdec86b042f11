# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack packages with the progress on the terminal; the work is the module's."""

from __future__ import annotations

import typing as t

from ..module_utils.lab.packages import APT_LIMIT, LOCK_LIMIT, UNPACK_LIMIT
from ..plugin_utils.long_task import LongModuleAction


class ActionModule(LongModuleAction):
    """Runs the module of the same name and shows what it says meanwhile."""

    MODULE = "linux.kdump.package_tree"

    def time_limit(self, arguments: dict[str, t.Any]) -> int:
        return LOCK_LIMIT + 3 * APT_LIMIT + 3 * UNPACK_LIMIT
