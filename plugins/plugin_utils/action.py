# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of this collection's action plugins: validated options, one clear error, nothing else."""

from __future__ import annotations

import abc
import typing as t
from collections.abc import Mapping

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.errors import KdumpError
from ..module_utils.proof.text import printable

display = Display()


class KdumpAction(ActionBase, metaclass=abc.ABCMeta):
    """An action plugin whose options are those of the module of the same name."""

    TRANSFERS_FILES = False
    _requires_connection = True

    @abc.abstractmethod
    def argument_spec(self) -> dict[str, t.Any]:
        """The same keyword arguments that AnsibleModule takes: argument_spec, required_if ..."""

    @abc.abstractmethod
    def perform(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Mapping[str, t.Any]:
        """Do the work and return the result, or raise KdumpError."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        self._host = str(self._task.delegate_to or (task_vars or {}).get("inventory_hostname", "localhost"))
        _validation, options = self.validate_argument_spec(**self.argument_spec())
        try:
            result.update(self.perform(options, task_vars or {}))
        except KdumpError as error:
            result.update(error.as_result(), failed=True)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    @property
    def check_mode(self) -> bool:
        """True where nothing may be changed."""
        return bool(self._task.check_mode)

    def progress(self, text: str) -> None:
        """Show one line of progress on the terminal while the task runs."""
        shown = printable(text)  # much of it is what the host says, which must not reach the terminal's own controls
        display.display(f"  [{self._host}] {shown}", color="dark gray")

    def module(
        self, name: str, arguments: dict[str, t.Any], task_vars: dict[str, t.Any], *, check_mode: bool | None = None
    ) -> dict[str, t.Any]:
        """Run one of our modules on the managed host; a failed one becomes a KdumpError with its own message."""
        before = self._task.check_mode
        self._task.check_mode = before if check_mode is None else check_mode
        try:
            result: dict[str, t.Any] = self._execute_module(
                module_name=name, module_args=arguments, task_vars=task_vars, wrap_async=False
            )
        finally:
            self._task.check_mode = before
        if result.get("failed") or result.get("unreachable"):
            facts = {key: value for key, value in result.items() if key not in ("msg", "failed")}
            raise KdumpError(str(result.get("msg", f"Cannot run {name}: it reported no reason")), **facts)
        return result
