# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Result documents of made-up fleets, for the tests of the reports: of any size, and with text that means harm."""

from __future__ import annotations

import hashlib
import typing as t
from collections import Counter

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import (
    AUDIT_SCHEMA,
    STATES,
    STATUSES,
    AuditDocument,
    Control,
    ExceptionNote,
    HostResult,
    Result,
    Summary,
)

JUDGED_AT = "2026-03-04T05:06:07Z"
COLLECTED_AT = "2026-03-04T05:00:00Z"
SEVERITY = ("high", "critical", "medium", "low")
GROUPS = ("web", "database", "edge", "build")
#: Each would do something in at least one of the forms, were it not escaped.
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>&<b>\"'",
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "| a | `b` [c](http://example.org) ![d](x) <img src=x onerror=alert(1)>",
    "line\none\r\ntwo\ttab",
    "\x00\x1b[31m\x7f\x85\u2028\ufffe\u202egnp.exe",
    "\ud800 alone",
    "𝔘𝔫𝔦 – ünïcödé ✓",
    "{{ 7 * 7 }} ${7*7}",
    "'; DROP TABLE hosts; --",
)


def control(number: int) -> Control:
    """One entry of the catalogue."""
    return {
        "id": f"KD-{number + 101}",
        "title": f"Control number {number + 1} is met",
        "severity": SEVERITY[number % 4],
        "rationale": "Without it, a crash leaves nothing behind.",
        "postures": ["required", "optional"] if number else ["required", "optional", "forbidden"],
        "evidence": ["crash.loaded", f"sysctls.number_{number}"],
        "remediation": f"Set kdump_number to {number}, then run linux.kdump.deploy.",
        "references": [
            {"source": "STIG", "id": f"V-{number}", "title": "A rule", "url": f"https://example.org/{number}"},
            {"source": "kernel", "id": "kdump.rst", "title": None, "url": None},
        ],
        "since": "0.1.0",
    }


def result(number: int, status: str, *, message: str = "", evidence: t.Optional[dict[str, t.Any]] = None) -> Result:
    """One control's result."""
    note: t.Optional[ExceptionNote] = None
    if status == "excepted":
        note = {"id": "EX-1", "owner": "ops", "justification": "A test machine.", "expires": "2026-12-31"}
    return {
        "control": f"KD-{number + 101}",
        "status": status,
        "message": message or f"Control {number + 1}: {status}.",
        "evidence": {"crash.loaded": status == "pass"} if evidence is None else evidence,
        "exception": note,
    }


def host(name: str, results: list[Result], *, groups: t.Sequence[str] = ("web",), state: str = "judged") -> HostResult:
    """One host."""
    judged = state == "judged"
    return {
        "name": name,
        "groups": list(groups),
        "posture": "required",
        "state": state,
        "reason": None if judged else "Connection timed out",
        "collected_at": COLLECTED_AT if judged else None,
        "evidence_sha256": hashlib.sha256(name.encode("utf-8", "replace")).hexdigest() if judged else None,
        "facts": {"release": "6.1.0-18-amd64" if judged else None, "machine": "x86_64" if judged else None,
                  "distribution": "Debian 12" if judged else None},
        "results": results,
    }  # fmt: skip


def document(hosts: list[HostResult], controls: int) -> AuditDocument:
    """The whole, with its summary."""
    catalogue = [control(number) for number in range(controls)]
    return {
        "schema": {"name": str(AUDIT_SCHEMA["name"]), "version": 1},
        "collection": "0.1.0",
        "judged_at": JUDGED_AT,
        "policy": {"name": "fleet", "sha256": "ab" * 32},
        "controls": catalogue,
        "hosts": sorted(hosts, key=lambda one: one["name"]),
        "summary": _summary(hosts, {entry["id"]: entry["severity"] for entry in catalogue}),
    }


def _summary(hosts: list[HostResult], severities: dict[str, str]) -> Summary:
    pairs = [(one["control"], one["status"]) for entry in hosts for one in entry["results"]]
    controls = {name: Counter(status for of, status in pairs if of == name) for name in severities}
    levels: dict[str, Counter[str]] = {}
    for name, counted in controls.items():
        levels.setdefault(severities[name], Counter()).update(counted)
    states = Counter(entry["state"] for entry in hosts)
    return {
        "hosts": {state: states[state] for state in STATES},
        "results": {status: sum(counted[status] for counted in controls.values()) for status in STATUSES},
        "by_control": {name: {status: counted[status] for status in STATUSES} for name, counted in controls.items()},
        "by_severity": {name: {status: counted[status] for status in STATUSES} for name, counted in levels.items()},
    }


def small() -> AuditDocument:
    """Six hosts, one of every kind, and four controls."""
    rows = {"good": "pppp", "bad": "pffp", "odd": "p?pn", "spared": "pepp"}
    names = {"p": "pass", "f": "fail", "?": "unknown", "e": "excepted", "n": "not_applicable"}
    hosts = [
        host(name, [result(number, names[letter]) for number, letter in enumerate(row)], groups=[GROUPS[index]])
        for index, (name, row) in enumerate(rows.items())
    ]
    for name, state in (("away", "unreachable"), ("broken", "failed")):
        hosts.append(host(name, [result(number, "unknown") for number in range(4)], state=state, groups=["edge"]))
    return document(hosts, 4)


def hostile() -> AuditDocument:
    """Whatever can be text is hostile, of the hosts and of the policy."""
    hosts = []
    for index, text in enumerate(HOSTILE):
        status = STATUSES[index % len(STATUSES)]
        results = [result(0, status, message=text, evidence={text: text, "list": [text, None, {text: 1.5}]})]
        if (note := results[0]["exception"]) is not None:
            note.update({"id": text, "owner": text, "justification": text})
        hosts.append(host(text, results, groups=[text, "all"]))
        hosts[-1]["facts"]["release"] = text
    made = document(hosts, 1)
    made["policy"]["name"] = HOSTILE[0]
    made["controls"][0].update({"title": HOSTILE[0], "rationale": HOSTILE[7], "remediation": HOSTILE[5]})
    return made


def fleet(count: int, controls: int = 34) -> AuditDocument:
    """Many hosts, most of them in order, each with figures of its own."""
    hosts = []
    for index in range(count):
        state = "unreachable" if index % 97 == 96 else "judged"
        found = [_found(index, number, state) for number in range(controls)]
        name = f"host{index:05}.{GROUPS[index % 4]}.example.org"
        hosts.append(host(name, found, groups=[GROUPS[index % 4], f"rack{index % 40}"], state=state))
    return document(hosts, controls)


def _found(index: int, number: int, state: str) -> Result:
    draw = (index * 7919 + number * 104729) % 1000
    if state != "judged":
        return result(number, "unknown", message="The host was not reached.", evidence={})
    if number % 5 == 4:
        free = 1_000_000_007 * (index + 3) % 10**12
        status, message = (
            "pass" if draw > 30 else "fail",
            f"{free // 10**6} MB are free, {free // 3 // 10**6} are needed.",
        )
        return result(number, status, message=message, evidence={"target.free_bytes": free, "boot_id": f"{index:032x}"})
    status = "fail" if draw < 25 else "unknown" if draw < 32 else "excepted" if draw < 36 else "pass"
    return result(number, "not_applicable" if number == 33 else status)
