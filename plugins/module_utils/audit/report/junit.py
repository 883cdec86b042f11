# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JUnit: a suite for each host, a case for each control."""

from __future__ import annotations

import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import (
    AuditDocument,
    Control,
    HostResult,
    Result,
)
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.markup import element, escaped, pieces
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.words import (
    catalogue,
    evidence_lines,
    exception_line,
)

#: JUnit knows failures, errors and what was skipped: a result without evidence is an error of the audit, no failure.
OUTCOMES: t.Final = {"fail": "failure", "unknown": "error", "excepted": "skipped", "not_applicable": "skipped"}


def render(document: AuditDocument) -> t.Iterator[str]:
    """The audit in JUnit's form, in pieces."""
    controls = catalogue(document)
    suites = (_suite(host, document, controls) for host in document["hosts"])
    name = f"linux.kdump audit by policy {document['policy']['name']}"
    return pieces("testsuites", suites, name=name, **_counts(document["hosts"]))


def _counts(hosts: t.Sequence[HostResult]) -> dict[str, str]:
    found = [OUTCOMES.get(result["status"]) for host in hosts for result in host["results"]]
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(found)), **{name: str(found.count(kind)) for name, kind in kinds.items()}}


def _suite(host: HostResult, document: AuditDocument, controls: dict[str, Control]) -> str:
    given = {
        "posture": host["posture"],
        "state": host["state"],
        "reason": host["reason"],
        "groups": ",".join(host["groups"]),
        "policy": document["policy"]["sha256"],
    }
    properties = [element("property", name=key, value=value) for key, value in given.items() if value]
    cases = [_case(host, result, controls[result["control"]]) for result in host["results"]]
    timestamp = (host["collected_at"] or document["judged_at"]).rstrip("Z")
    children = [element("properties", None, properties), *cases]
    return element("testsuite", None, children, name=host["name"], timestamp=timestamp, time="0", **_counts([host]))


def _case(host: HostResult, result: Result, control: Control) -> str:
    about = {"name": f"{control['id']} {control['title']}", "classname": host["name"], "time": "0"}
    outcome = OUTCOMES.get(result["status"])
    if outcome is None:
        return element("testcase", **about)
    message = " ".join(filter(None, [result["message"], exception_line(result)]))
    cure = f"Remediation: {control['remediation']}"
    told = [] if outcome == "skipped" else [message, *evidence_lines(result["evidence"]), cure]
    kind = {} if outcome == "skipped" else {"type": f"{control['severity']} {result['status']}"}
    return element(
        "testcase", None, [element(outcome, None, ["\n".join(map(escaped, told))], message=message, **kind)], **about
    )
