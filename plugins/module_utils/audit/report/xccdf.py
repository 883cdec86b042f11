# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XCCDF 1.2: the catalogue as a Benchmark, a Profile for each posture, a TestResult for each host.

XCCDF has no word for an exception. Its override would be the place, but where one result of a host has an override, the
schematron of OpenSCAP 1.3.7 wants one on every other; so an excepted result is informational, and a message tells by
whom, until when and why.
"""

from __future__ import annotations

import functools
import itertools
import re
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import (
    POSTURES,
    AuditDocument,
    Control,
    HostResult,
    Reference,
    Result,
)
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.markup import element, pieces
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.words import evidence_lines, exception_line

NAMESPACE: t.Final = "http://checklists.nist.gov/xccdf/1.2"
DUBLIN_CORE: t.Final = "http://purl.org/dc/elements/1.1/"
PLATFORM: t.Final = "cpe:/o:linux:linux_kernel"
SYSTEM: t.Final = "urn:linux.kdump:audit"
SCORING: t.Final = "urn:xccdf:scoring:flat-unweighted"
RESULTS: t.Final = {
    "pass": "pass",
    "fail": "fail",
    "unknown": "unknown",
    "not_applicable": "notapplicable",
    "excepted": "informational",
}
#: XCCDF ends at high.
SEVERITIES: t.Final = {"critical": "high"}
#: What the score counts: whatever could have passed.
_SCORED: t.Final = frozenset({"pass", "fail", "unknown"})


def render(document: AuditDocument) -> t.Iterator[str]:
    """The audit as one XCCDF document, in pieces."""
    applied = {control["id"]: set(control["postures"]) for control in document["controls"]}
    children = [
        element("status", "accepted", date=document["judged_at"][:10]),
        element("title", "linux.kdump: what would happen if this host crashed now"),
        element("description", "Controls on kdump, judged from evidence that was gathered in one task on each host."),
        element("platform", idref=PLATFORM),
        element("version", document["collection"], time=document["judged_at"]),
        element("metadata", None, [element("dc:publisher", "linux.kdump", xmlns__dc=DUBLIN_CORE)]),
        *(_profile(posture, applied) for posture in POSTURES),
        *map(_rule, document["controls"]),
    ]
    results = (_test_result(host, document) for host in document["hosts"])
    given = {"xmlns": NAMESPACE, "id": identifier("benchmark", "audit"), "xml__lang": "en", "resolved": "true"}
    return pieces("Benchmark", itertools.chain(children, results), **given)


@functools.lru_cache(maxsize=1 << 10)
def identifier(kind: str, name: str) -> str:
    """An id as XCCDF wants it; two names never share one."""
    safe = re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):X}_", name)
    return f"xccdf_linux.kdump_{kind}_{safe}"


def _profile(posture: str, applied: t.Mapping[str, set[str]]) -> str:
    selected = [
        element("select", idref=identifier("rule", control), selected=str(posture in postures).lower())
        for control, postures in applied.items()
    ]
    children = [element("title", f"Posture {posture}"), *selected]
    return element("Profile", None, children, id=identifier("profile", posture))


def _rule(control: Control) -> str:
    children = [
        element("status", "accepted"),
        element("version", control["since"]),
        element("title", control["title"]),
        element("description", f"Reads {', '.join(control['evidence']) or 'nothing but the policy'}."),
        *map(_reference, control["references"]),
        element("rationale", control["rationale"]),
        element("fixtext", control["remediation"]),
        _check(control["id"]),
    ]
    severity = SEVERITIES.get(control["severity"], control["severity"])
    return element("Rule", None, children, id=identifier("rule", control["id"]), severity=severity, selected="true")


def _reference(reference: Reference) -> str:
    where = {"href": reference["url"]} if reference["url"] else {}
    told = [reference["source"], reference["id"], reference["title"]]
    return element("reference", " ".join(filter(None, told)), **where)


@functools.lru_cache(maxsize=1 << 10)
def _check(control: str) -> str:
    return element("check", None, [element("check-content-ref", href="audit.json", name=control)], system=SYSTEM)


def _test_result(host: HostResult, document: AuditDocument) -> str:
    scored = [result["status"] for result in host["results"] if result["status"] in _SCORED]
    score = {"system": SCORING, "maximum": str(len(scored) or 1)}
    children = [
        element("title", f"{host['name']}: {host['state']}"),
        *([element("remark", host["reason"])] if host["reason"] else []),
        element("profile", idref=identifier("profile", host["posture"])),
        element("target", host["name"]),
        element("target-facts", None, [_fact(*fact) for fact in _facts(host, document)]),
        *(_rule_result(result, document) for result in host["results"]),
        element("score", str(scored.count("pass")), **score),
    ]
    return element(
        "TestResult", None, children, id=identifier("testresult", host["name"]), version=document["collection"],
        **{"start_time": host["collected_at"] or document["judged_at"], "end_time": document["judged_at"]},
        **{"test_system": f"cpe:/a:linux:kdump:{document['collection']}"},
    )  # fmt: skip


def _facts(host: HostResult, document: AuditDocument) -> list[tuple[str, str]]:
    told = {
        "state": host["state"],
        "policy-sha256": document["policy"]["sha256"],
        "evidence-sha256": host["evidence_sha256"],
        "release": host["facts"]["release"],
        "machine": host["facts"]["machine"],
        "distribution": host["facts"]["distribution"],
    }
    groups = [("group", group) for group in host["groups"]]
    return [(key, value) for key, value in told.items() if value] + groups


def _fact(name: str, value: str) -> str:
    return element("fact", value, name=f"{SYSTEM}:{name}", type="string")


def _rule_result(result: Result, document: AuditDocument) -> str:
    applies = result["status"] != "not_applicable"
    told = [result["message"], exception_line(result), *(evidence_lines(result["evidence"]) if applies else [])]
    severity = "error" if result["status"] in ("fail", "unknown") else "info"
    children = [
        element("result", RESULTS[result["status"]]),
        *(element("message", text, severity=severity) for text in told if text),
        _check(result["control"]),
    ]
    about = {"idref": identifier("rule", result["control"]), "time": document["judged_at"]}
    return element("rule-result", None, children, **about)
