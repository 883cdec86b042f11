# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the evidence of hosts against a policy, on the controller; no host is asked."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import typing as t
from collections.abc import Mapping

import yaml

from ..module_utils.audit.run import OPTIONS, Inventory, check, make_request, run
from ..plugin_utils.action import KdumpAction
from ..plugin_utils.audit_reports import REPORTS

#: Groups that every inventory has and nobody has made.
_GENERAL = frozenset({"all", "ungrouped"})


class ActionModule(KdumpAction):
    """Runs once for a play: what it reads and writes is on the controller."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False

    def argument_spec(self) -> dict[str, t.Any]:
        return {"argument_spec": OPTIONS}

    def perform(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Mapping[str, t.Any]:
        now = datetime.datetime.now(datetime.timezone.utc)
        inventory = _inventory(task_vars)
        request = make_request(
            options, inventory, now=now, collection=_version(), forms=REPORTS, check_mode=self.check_mode
        )
        if not options["check_only"]:
            return run(request)
        policy = check(request)
        return {
            "changed": False, "policy": {"name": policy.name, "sha256": policy.sha256}, "run": _run_name(now),
            "documents": options["dest"] and os.path.join(options["dest"], "hosts"),
        }  # fmt: skip


def _inventory(task_vars: Mapping[str, t.Any]) -> Inventory:
    """The whole inventory, whatever the play is limited to."""
    groups: Mapping[str, t.Any] = task_vars.get("groups") or {}
    hosts: dict[str, list[str]] = {str(name): [] for name in groups.get("all", ())}
    for group in sorted(set(groups) - _GENERAL):
        for host in groups[group]:
            hosts.setdefault(str(host), []).append(str(group))
    return Inventory(hosts, sorted(set(groups) - _GENERAL))


def _run_name(now: datetime.datetime) -> str:
    """What the documents of one run are called; runs sort by it."""
    return now.strftime("%Y%m%dT%H%M%S.%fZ")


def _version() -> str:
    """This collection's own version."""
    root = pathlib.Path(__file__).resolve().parents[2]
    manifest = root / "MANIFEST.json"  # instead of galaxy.yml where it was installed
    if manifest.exists():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    return str(yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"])
