# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two documents of an audit: what a worker writes of one host, and what is judged of all of them."""

from __future__ import annotations

import typing as t

HOST_SCHEMA: t.Final = {"name": "linux.kdump/audit-host", "version": 1}
AUDIT_SCHEMA: t.Final = {"name": "linux.kdump/audit", "version": 1}

#: From the least to the most.
SEVERITIES: t.Final = ("low", "medium", "high", "critical")
POSTURES: t.Final = ("required", "optional", "forbidden")
#: What became of a control on a host. Evidence that is missing makes it unknown.
STATUSES: t.Final = ("pass", "fail", "unknown", "excepted", "not_applicable")
#: What became of a host.
STATES: t.Final = ("judged", "unreachable", "failed")


class SchemaNote(t.TypedDict):
    """Which document it is."""

    name: str
    version: int


class Reference(t.TypedDict):
    """Where a published rule or document says something about a control."""

    source: str
    id: str
    title: t.Optional[str]
    url: t.Optional[str]


class Control(t.TypedDict):
    """A control as reports show it."""

    id: str
    title: str
    severity: str
    rationale: str
    postures: list[str]
    evidence: list[str]
    remediation: str
    references: list[Reference]
    since: str


class ExceptionNote(t.TypedDict):
    """The exception that a result stands under."""

    id: str
    owner: str
    justification: str
    expires: str


class Result(t.TypedDict):
    """One control on one host."""

    control: str
    status: str
    message: str
    evidence: dict[str, t.Any]
    exception: t.Optional[ExceptionNote]


class HostFacts(t.TypedDict):
    """What a reader wants to know of a host beside its results."""

    release: t.Optional[str]
    machine: t.Optional[str]
    distribution: t.Optional[str]


class HostResult(t.TypedDict):
    """Every control on one host, in the order of the catalogue; on one that could not be asked, all unknown."""

    name: str
    groups: list[str]
    posture: str
    state: str
    reason: t.Optional[str]
    collected_at: t.Optional[str]
    evidence_sha256: t.Optional[str]
    facts: HostFacts
    results: list[Result]


class PolicyNote(t.TypedDict):
    """Which policy was judged by."""

    name: str
    sha256: str


class Summary(t.TypedDict):
    """Counts; one that is zero is there as well, except that a control or severity without results is not."""

    hosts: dict[str, int]
    results: dict[str, int]
    by_control: dict[str, dict[str, int]]
    by_severity: dict[str, dict[str, int]]


class AuditDocument(t.TypedDict):
    """The result of an audit: hosts in the order of their names."""

    schema: SchemaNote
    collection: str
    judged_at: str
    policy: PolicyNote
    controls: list[Control]
    hosts: list[HostResult]
    summary: Summary


class HostDocument(t.TypedDict):
    """What one run learned of one host."""

    schema: SchemaNote
    run: str
    host: str
    groups: list[str]
    state: str
    reason: t.Optional[str]
    collected_at: t.Optional[str]
    evidence: t.Optional[dict[str, t.Any]]


def severity_at_least(severity: str, floor: str) -> bool:
    """Whether a severity is the floor or above it."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(floor)
