# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OSCAL assessment results, version 1.2.1.

What many hosts have in common, to the last value of the evidence, is one observation with all of them as its subjects:
a fleet of a thousand like hosts does not need thirty thousand of them. All identifiers follow from the content (UUIDs
of version 5), so the same audit gives the same document.
"""

from __future__ import annotations

import json
import re
import typing as t
import uuid

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import (
    AuditDocument,
    Control,
    ExceptionNote,
    HostResult,
    Result,
)
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.words import evidence_lines, line

OSCAL_VERSION: t.Final = "1.2.1"
#: For the names of properties that OSCAL does not define.
PROPERTIES: t.Final = "urn:linux.kdump:audit"
Json = dict[str, object]


class Observed(t.NamedTuple):
    """Results of one control that are alike."""

    id: str
    result: Result
    hosts: list[str]


def render(document: AuditDocument) -> str:
    """The audit in OSCAL's JSON."""
    return json.dumps({"assessment-results": _Writer(document).document()}, sort_keys=True, ensure_ascii=False) + "\n"


def token(text: str) -> str:
    """A text as a name in OSCAL."""
    return "_".join(re.findall(r"[\w.-]+", text)) or "none"


def short(text: t.Optional[str]) -> str:
    """A text as OSCAL's strings have to be: one line, not empty, no space at its ends."""
    return line(text or "").strip() or "–"


class _Writer:
    """The parts of one document, which refer to each other."""

    def __init__(self, document: AuditDocument) -> None:
        self.audit = document
        root = uuid.uuid5(uuid.NAMESPACE_URL, PROPERTIES)
        # The same host has the same identifier in every audit, what was found has its own in each.
        self.fleet = root
        self.run = uuid.uuid5(root, " ".join([document["judged_at"], document["policy"]["sha256"], _content(document)]))
        self.observed = self._observe()

    def document(self) -> Json:
        """All of it."""
        audit = self.audit
        metadata: Json = {
            "title": "linux.kdump audit",
            "last-modified": audit["judged_at"],
            "version": audit["collection"],
            "oscal-version": OSCAL_VERSION,
        }
        return {
            "uuid": str(self.run),
            "metadata": metadata,
            "import-ap": {"href": f"#{self._id('policy')}", "remarks": "The policy takes the assessment plan's place."},
            "results": [self._results()],
            "back-matter": {"resources": [self._policy()]},
        }

    def _results(self) -> Json:
        audit = self.audit
        selected = [{"control-id": control["id"]} for control in audit["controls"]]
        found: Json = {
            "uuid": self._id("results"),
            "title": short(f"Audit by policy {audit['policy']['name']}"),
            "description": "Every control of the catalogue on every host of the audit.",
            "start": min(
                [host["collected_at"] or audit["judged_at"] for host in audit["hosts"]] + [audit["judged_at"]]
            ),
            "end": audit["judged_at"],
            "reviewed-controls": {"control-selections": [{"include-controls": selected}]},
        }
        lists = {
            "observations": [self._observation(one) for many in self.observed.values() for one in many],
            "risks": self._risks(),
            "findings": [self._finding(control) for control in audit["controls"]],
        }
        if audit["hosts"]:
            found["local-definitions"] = {"inventory-items": [self._item(host) for host in audit["hosts"]]}
        # OSCAL has no empty lists.
        return {**found, **{name: entries for name, entries in lists.items() if entries}}

    def _id(self, *names: str) -> str:
        return str(uuid.uuid5(self.run, "\0".join(names).encode("utf-8", "replace").decode()))

    def _host(self, name: str) -> str:
        return str(uuid.uuid5(self.fleet, name.encode("utf-8", "replace").decode()))

    def _policy(self) -> Json:
        policy = self.audit["policy"]
        link = {"href": "audit.json", "hashes": [{"algorithm": "SHA-256", "value": policy["sha256"]}]}
        return {"uuid": self._id("policy"), "title": short(policy["name"]), "rlinks": [link]}

    def _item(self, host: HostResult) -> Json:
        told = {
            "posture": host["posture"],
            "state": host["state"],
            "reason": host["reason"],
            "collected-at": host["collected_at"],
            "evidence-sha256": host["evidence_sha256"],
            **host["facts"],
        }
        pairs = [(name, str(value)) for name, value in told.items() if value]
        properties = [_property(name, value) for name, value in pairs + [("group", group) for group in host["groups"]]]
        return {"uuid": self._host(host["name"]), "description": short(host["name"]), "props": properties}

    def _observe(self) -> dict[str, list[Observed]]:
        found: dict[str, dict[str, Observed]] = {control["id"]: {} for control in self.audit["controls"]}
        for host in self.audit["hosts"]:
            for result in host["results"]:
                alike = found[result["control"]]
                key = json.dumps(
                    [result["status"], result["message"], result["evidence"], result["exception"]], sort_keys=True
                )
                if key not in alike:
                    alike[key] = Observed(self._id("observation", result["control"], key), result, [])
                alike[key].hosts.append(host["name"])
        return {control: list(alike.values()) for control, alike in found.items()}

    def _observation(self, observed: Observed) -> Json:
        result = observed.result
        subjects = [{"subject-uuid": self._host(name), "type": "inventory-item"} for name in observed.hosts]
        told: Json = {
            "uuid": observed.id,
            "title": f"{result['control']} {result['status']}",
            "description": short(result["message"]),
            "methods": ["TEST"],
            "props": [_property("control", result["control"]), _property("status", result["status"])],
            "subjects": subjects,
            "collected": self.audit["judged_at"],
        }
        evidence = [{"description": text} for text in evidence_lines(result["evidence"])]
        return {**told, "relevant-evidence": evidence} if evidence else told

    def _finding(self, control: Control) -> Json:
        observed = self.observed[control["id"]]
        statuses = {one.result["status"] for one in observed}
        state = "satisfied" if statuses <= {"pass", "not_applicable"} else "not-satisfied"
        target: Json = {
            "type": "objective-id",
            "target-id": token(control["id"]),
            "status": {"state": state, "reason": "pass" if state == "satisfied" else _why(statuses)},
        }
        finding: Json = {
            "uuid": self._id("finding", control["id"]),
            "title": short(control["title"]),
            "description": short(control["rationale"]),
            "target": target,
        }
        risks = [{"risk-uuid": risk} for risk in self._risks_of(control["id"])]
        related = [{"observation-uuid": one.id} for one in observed]
        lists = {"related-observations": related, "related-risks": risks}
        return {**finding, **{name: entries for name, entries in lists.items() if entries}}

    def _risks_of(self, control: str) -> list[str]:
        """The identifiers of the risks that a control's results make: one that is open, one for each exception."""
        observed = self.observed[control]
        opened = [self._id("risk", control)] if any(one.result["status"] == "fail" for one in observed) else []
        return opened + sorted({self._id("risk", control, note["id"]) for note in _exceptions(observed)})

    def _risks(self) -> list[Json]:
        found: list[Json] = []
        for control in self.audit["controls"]:
            observed = self.observed[control["id"]]
            failing = [one for one in observed if one.result["status"] == "fail"]
            if failing:
                found.append(self._risk(control, failing))
            for note in {note["id"]: note for note in _exceptions(observed)}.values():
                under = [one for one in observed if note in _exceptions([one])]
                found.append(self._deviation(control, note, under))
        return found

    def _risk(self, control: Control, observed: list[Observed]) -> Json:
        cure = {
            "uuid": self._id("remedy", control["id"]),
            "lifecycle": "recommendation",
            "title": short(f"How {control['id']} is met"),
            "description": short(control["remediation"]),
        }
        return {
            "uuid": self._id("risk", control["id"]),
            "title": short(control["title"]),
            "description": short(control["rationale"]),
            "statement": short(f"{control['id']} fails on {sum(len(one.hosts) for one in observed)} hosts."),
            "props": [_property("severity", control["severity"])],
            "status": "open",
            "remediations": [cure],
            "related-observations": [{"observation-uuid": one.id} for one in observed],
        }

    def _deviation(self, control: Control, note: ExceptionNote, observed: list[Observed]) -> Json:
        return {
            "uuid": self._id("risk", control["id"], note["id"]),
            "title": short(f"{control['id']}: exception {note['id']}"),
            "description": short(note["justification"]),
            "statement": short(f"Accepted by {note['owner']} until {note['expires']}."),
            "props": [_property("owner", note["owner"]), _property("expires", note["expires"])],
            "status": "deviation-approved",
            "related-observations": [{"observation-uuid": one.id} for one in observed],
        }


def _content(document: AuditDocument) -> str:
    digests = [f"{host['name']}={host['evidence_sha256']}" for host in document["hosts"]]
    return " ".join(digests).encode("utf-8", "replace").decode()


def _property(name: str, value: str) -> Json:
    return {"name": token(name), "ns": PROPERTIES, "value": short(value)}


def _exceptions(observed: t.Iterable[Observed]) -> list[ExceptionNote]:
    return [note for one in observed if (note := one.result["exception"]) is not None]


def _why(statuses: set[str]) -> str:
    return "fail" if "fail" in statuses else "other"
