# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has changed between two audits."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import KdumpError
from .documents import AUDIT_SCHEMA, AuditDocument

#: From the best to the worst; a step down is a regression.
_RANK: t.Final = {"pass": 0, "not_applicable": 0, "excepted": 1, "unknown": 2, "fail": 3}


@dataclass(frozen=True)
class Change:
    """One result that is not what it was."""

    host: str
    control: str
    before: str
    after: str
    message: str

    @property
    def worse(self) -> bool:
        """Whether it is a step down."""
        return _RANK[self.after] > _RANK[self.before]


def drift(before: AuditDocument, after: AuditDocument) -> dict[str, t.Any]:
    """Hosts that came and went, results that changed, and whether the policy did, which may explain them."""
    old, new = _statuses(before), _statuses(after)
    changes = [
        Change(host, control, old[host][control][0], status, message)
        for host in sorted(old.keys() & new.keys())
        for control, (status, message) in new[host].items()
        if control in old[host] and old[host][control][0] != status
    ]
    return {
        "from": before["judged_at"],
        "to": after["judged_at"],
        "policy_changed": before["policy"]["sha256"] != after["policy"]["sha256"],
        "hosts_added": sorted(new.keys() - old.keys()),
        "hosts_removed": sorted(old.keys() - new.keys()),
        "changes": [
            {
                "host": change.host, "control": change.control, "before": change.before, "after": change.after,
                "worse": change.worse, "message": change.message,
            }
            for change in changes
        ],
    }  # fmt: skip


def read_result(text: str, path: str) -> AuditDocument:
    """A result document that was saved; an error for anything else."""
    try:
        document = json.loads(text)
        statuses = _statuses(document)
        good = document["schema"] == AUDIT_SCHEMA and isinstance(document["judged_at"], str)
        good = good and isinstance(document["policy"]["sha256"], str)
        good = good and all(status in _RANK for results in statuses.values() for status, _message in results.values())
    except (ValueError, KeyError, TypeError, RecursionError):
        good = False
    if not good:
        raise KdumpError(
            f"Cannot compare with {path}: it is no result of an audit. Give the audit.json of an earlier run."
        )
    return t.cast(AuditDocument, document)


def _statuses(document: AuditDocument) -> Mapping[str, dict[str, tuple[str, str]]]:
    return {
        host["name"]: {result["control"]: (result["status"], result["message"]) for result in host["results"]}
        for host in document["hosts"]
    }
