# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A summary in Markdown: what fails, where, and what to do, for a merge request or a mail."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import (
    SEVERITIES,
    STATUSES,
    AuditDocument,
    Control,
    HostResult,
)
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.words import (
    STATUS_WORDS,
    line,
    standing,
    with_status,
)

#: A summary is for reading; the whole is in the other forms.
HOST_LIMIT: t.Final = 100
#: What means something in the middle of a line, to one dialect or another; an underscore does so at the edge of a word.
_SPECIAL: t.Final = re.compile(r"[\\`*{}\[\]<>()#!|~&@$^]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.", re.IGNORECASE)


def render(document: AuditDocument) -> str:
    """The summary."""
    parts = [_head(document), _totals(document), _controls(document), _hosts(document["hosts"])]
    missing = [host for host in document["hosts"] if host["state"] != "judged"]
    return "\n\n".join([*parts, *([_missing(missing)] if missing else [])]) + "\n"


def text(value: str) -> str:
    """A text that stays a text, in a table too: what could mean something is written as an entity."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line(value))


def _head(document: AuditDocument) -> str:
    hosts = document["hosts"]
    good = sum(standing(host) in ("pass", "excepted") for host in hosts)
    policy = document["policy"]
    return (
        f"# Kdump audit: {good} of {len(hosts)} hosts without a finding\n\n"
        f"Judged at {text(document['judged_at'])} by policy {text(policy['name'])} (sha256 `{policy['sha256']}`), "
        f"linux.kdump {text(document['collection'])}."
    )


def _totals(document: AuditDocument) -> str:
    counted = document["summary"]["by_severity"]
    rows = [
        [severity, *(str(counted[severity].get(status, 0)) for status in STATUSES)]
        for severity in reversed(SEVERITIES)
        if severity in counted
    ]
    return _table(["severity", *(STATUS_WORDS[status] for status in STATUSES)], rows)


def _controls(document: AuditDocument) -> str:
    counted = document["summary"]["by_control"]
    bad = [control for control in document["controls"] if _open(counted.get(control["id"], {}))]
    if not bad:
        return "## Controls\n\nEvery control that applies is met, or stands under an exception."
    order = {severity: -index for index, severity in enumerate(SEVERITIES)}
    bad.sort(key=lambda control: (order[control["severity"]], -counted[control["id"]].get("fail", 0)))
    rows = [_control(control, counted[control["id"]]) for control in bad]
    return "## Controls\n\n" + _table(["control", "severity", "fail", "unknown", "what to do"], rows)


def _open(counts: t.Mapping[str, int]) -> bool:
    return bool(counts.get("fail", 0) or counts.get("unknown", 0))


def _control(control: Control, counts: t.Mapping[str, int]) -> list[str]:
    name = f"{text(control['id'])} {text(control['title'])}"
    numbers = [str(counts.get(status, 0)) for status in ("fail", "unknown")]
    return [name, control["severity"], *numbers, text(control["remediation"])]


def _hosts(hosts: t.Sequence[HostResult]) -> str:
    bad = [host for host in hosts if standing(host) in ("fail", "unknown") and host["state"] == "judged"]
    if not bad:
        return "## Hosts\n\nNone that was judged has a finding."
    bad.sort(key=lambda host: -len(with_status(host, "fail")))
    rows = [
        [text(host["name"]), text(", ".join(host["groups"])), host["posture"],
         *(text(" ".join(with_status(host, status))) for status in ("fail", "unknown"))]
        for host in bad[:HOST_LIMIT]
    ]  # fmt: skip
    more = f"\n\nAnd {len(bad) - HOST_LIMIT} more." if len(bad) > HOST_LIMIT else ""
    return "## Hosts\n\n" + _table(["host", "groups", "posture", "fail", "unknown"], rows) + more


def _missing(hosts: t.Sequence[HostResult]) -> str:
    rows = [[text(host["name"]), host["state"], text(host["reason"] or "")] for host in hosts[:HOST_LIMIT]]
    more = f"\n\nAnd {len(hosts) - HOST_LIMIT} more." if len(hosts) > HOST_LIMIT else ""
    return "## Hosts that could not be judged\n\n" + _table(["host", "state", "reason"], rows) + more


def _table(head: t.Sequence[str], rows: t.Iterable[t.Sequence[str]]) -> str:
    written = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in written)
