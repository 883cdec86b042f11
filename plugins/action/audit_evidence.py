# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask one host for its evidence and put it down on the controller; a host that does not answer is put down as well."""

from __future__ import annotations

import datetime
import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ..module_utils.audit.documents import HOST_SCHEMA, HostDocument
from ..module_utils.audit.merge import write_document
from ..module_utils.audit.moments import spelled
from ..module_utils.errors import KdumpError
from ..module_utils.proof.text import printable
from ..plugin_utils.action import KdumpAction

_INFO: t.Final = "linux.kdump.kdump_info"
_OPTIONS: t.Final = {
    "dest": {"type": "path", "required": True},
    "run": {"type": "str", "required": True},
    "name": {"type": "str"},
    "dump_path": {"type": "str", "default": "/var/crash"},
    "estimate": {"type": "dict"},
}


class ActionModule(KdumpAction):
    """One module call on the host, one file on the controller. The evidence is not part of the task's result."""

    def argument_spec(self) -> dict[str, t.Any]:
        return {"argument_spec": _OPTIONS}

    def perform(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Mapping[str, t.Any]:
        state, reason, evidence = self._ask(options, task_vars)
        document = {
            "schema": dict(HOST_SCHEMA),
            "run": options["run"],
            "host": options["name"] or self._host,
            "groups": sorted(str(name) for name in task_vars.get("group_names") or ()),
            "state": state,
            "reason": reason,
            "collected_at": spelled(datetime.datetime.now(datetime.timezone.utc)),
            "evidence": evidence,
        }
        path = write_document(options["dest"], t.cast(HostDocument, document))
        return {"changed": False, "state": state, "reason": reason, "path": path}

    def _ask(
        self, options: Mapping[str, t.Any], task_vars: dict[str, t.Any]
    ) -> tuple[str, str | None, dict[str, t.Any] | None]:
        arguments = {name: options[name] for name in ("dump_path", "estimate") if options[name] is not None}
        try:
            evidence = self.module(_INFO, arguments, task_vars).get("evidence")
        except AnsibleConnectionFailure as error:
            return "unreachable", printable(error.message or str(error), limit=500), None
        except (AnsibleError, KdumpError) as error:
            # A wrong password of sudo is one. A task that fails takes the host out of the play, and with a whole batch
            # of hosts it would end the play before anything is judged.
            return "failed", printable(str(error.message or error), limit=500), None
        if not isinstance(evidence, dict):
            return "failed", "The host returned no evidence.", None
        return "judged", None, evidence
