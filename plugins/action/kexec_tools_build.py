# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build kexec-tools with the progress on the terminal; the work is the module's."""

from __future__ import annotations

import typing as t

from ..plugin_utils.long_task import LongModuleAction, seconds_of

#: The module's default for the option timeout.
_DEFAULT_LIMIT = 1800


class ActionModule(LongModuleAction):
    """Runs the module of the same name and shows what it says meanwhile."""

    MODULE = "linux.kdump.kexec_tools_build"

    def time_limit(self, arguments: dict[str, t.Any]) -> int:
        # Before it fetches the source, and before it builds, it waits as long for others that use the cache.
        return 3 * seconds_of(arguments, "timeout", _DEFAULT_LIMIT)
