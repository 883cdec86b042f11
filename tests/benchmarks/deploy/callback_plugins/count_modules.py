# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a line for each module that is executed on a host into $MODULE_LOG: some tasks run none, some two."""

from __future__ import annotations

import os
import typing as t

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: count_modules
type: aggregate
short_description: Write a line for each module that is executed on a host
description:
  - Each line holds the host and the module. The file is named by C(MODULE_LOG) in the environment.
requirements:
  - enabled by C(ANSIBLE_CALLBACKS_ENABLED)
author: The linux.kdump maintainers (@linux-kdump)
"""

_execute = ActionBase._execute_module


def _counted(self: t.Any, module_name: t.Any = None, *args: t.Any, **options: t.Any) -> t.Any:
    task_vars = options.get("task_vars") or {}
    line = f"{task_vars.get('inventory_hostname')} {module_name or self._task.action}\n"
    with open(os.environ["MODULE_LOG"], "a", encoding="utf-8") as log:
        log.write(line)
    return _execute(self, module_name, *args, **options)


# Here, in the process from which every worker is forked.
ActionBase._execute_module = _counted


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """It does its work by being loaded."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "count_modules"
    CALLBACK_NEEDS_ENABLED = True
