# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a lab image with its progress on the terminal; the work is the module's."""

from __future__ import annotations

import typing as t

from ..module_utils.lab.image import BOOTSTRAP_LIMIT, FINISH_LIMIT, LOCK_LIMIT, STEP_LIMIT
from ..plugin_utils.long_task import LongModuleAction


class ActionModule(LongModuleAction):
    """Runs the module of the same name and shows what it says meanwhile."""

    MODULE = "linux.kdump.qemu_image"

    def time_limit(self, arguments: dict[str, t.Any]) -> int:
        return LOCK_LIMIT + BOOTSTRAP_LIMIT + FINISH_LIMIT + 3 * STEP_LIMIT
