# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents for the tests of audit and its reports."""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import STATUSES, AuditDocument

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"


def schema(name: str) -> dict[str, t.Any]:
    """The JSON Schema of a document."""
    return t.cast("dict[str, t.Any]", json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


def small_document() -> AuditDocument:
    """Two controls on three hosts: one judged by both, one under an exception, one that nobody reached."""
    return copy.deepcopy(_SMALL)


def _counts(**given: int) -> dict[str, int]:
    return {status: given.get(status, 0) for status in STATUSES}


_SMALL: AuditDocument = {
    "schema": {"name": "linux.kdump/audit", "version": 1},
    "collection": "0.1.0",
    "judged_at": "2026-01-02T03:04:05Z",
    "policy": {"name": "fleet", "sha256": "ab" * 32},
    "controls": [
        {
            "id": "KD-101",
            "title": "crashkernel= is on the running command line",
            "severity": "high",
            "rationale": "Without it the kernel reserves nothing.",
            "postures": ["required", "optional"],
            "evidence": ["command_line"],
            "remediation": "Set kdump_crashkernel and run linux.kdump.deploy.",
            "references": [
                {
                    "source": "Linux kernel documentation",
                    "id": "admin-guide/kdump/kdump",
                    "title": "Documentation for Kdump",
                    "url": "https://docs.kernel.org/admin-guide/kdump/kdump.html",
                }
            ],
            "since": "0.1.0",
        },
        {
            "id": "KD-601",
            "title": "Dumps are root's alone",
            "severity": "medium",
            "rationale": "A dump holds everything that was in memory.",
            "postures": ["required", "optional"],
            "evidence": ["target.mode"],
            "remediation": "chmod 0700 the folder.",
            "references": [],
            "since": "0.1.0",
        },
    ],
    "hosts": [
        {
            "name": "db-01",
            "groups": ["databases", "production"],
            "posture": "required",
            "state": "judged",
            "reason": None,
            "collected_at": "2026-01-02T03:00:00Z",
            "evidence_sha256": "cd" * 32,
            "facts": {"release": "6.1.0-28-amd64", "machine": "x86_64", "distribution": "Debian GNU/Linux 12"},
            "results": [
                {
                    "control": "KD-101",
                    "status": "fail",
                    "message": "The running kernel was started without crashkernel=.",
                    "evidence": {"command_line": "ro quiet"},
                    "exception": None,
                },
                {
                    "control": "KD-601",
                    "status": "excepted",
                    "message": "/var/crash has mode 0755.",
                    "evidence": {"target.mode": "0755"},
                    "exception": {
                        "id": "EX-1",
                        "owner": "storage team",
                        "justification": "A collector without root reads it until it is replaced.",
                        "expires": "2026-06-30",
                    },
                },
            ],
        },
        {
            "name": "db-02",
            "groups": ["databases"],
            "posture": "required",
            "state": "unreachable",
            "reason": "ssh: connect to host db-02 port 22: No route to host",
            "collected_at": None,
            "evidence_sha256": None,
            "facts": {"release": None, "machine": None, "distribution": None},
            "results": [
                {
                    "control": name,
                    "status": "unknown",
                    "message": "Nobody reached it.",
                    "evidence": {},
                    "exception": None,
                }
                for name in ("KD-101", "KD-601")
            ],
        },
        {
            "name": "web-01",
            "groups": ["web"],
            "posture": "forbidden",
            "state": "judged",
            "reason": None,
            "collected_at": "2026-01-02T03:00:01Z",
            "evidence_sha256": "ef" * 32,
            "facts": {"release": "6.1.0-28-amd64", "machine": "x86_64", "distribution": None},
            "results": [
                {
                    "control": name,
                    "status": "not_applicable",
                    "message": "Not for hosts that must not dump.",
                    "evidence": {},
                    "exception": None,
                }
                for name in ("KD-101", "KD-601")
            ],
        },
    ],
    "summary": {
        "hosts": {"judged": 2, "unreachable": 1, "failed": 0},
        "results": _counts(fail=1, excepted=1, unknown=2, not_applicable=2),
        "by_control": {
            "KD-101": _counts(fail=1, unknown=1, not_applicable=1),
            "KD-601": _counts(excepted=1, unknown=1, not_applicable=1),
        },
        "by_severity": {
            "high": _counts(fail=1, unknown=1, not_applicable=1),
            "medium": _counts(excepted=1, unknown=1, not_applicable=1),
        },
    },
}
