# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what hosts told to the result: pure, so that the same documents and policy give the same bytes anywhere."""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..proof.reader import network_drivers, path_drivers
from .catalogue import CATALOGUE, described
from .collector import paused
from .controls.common import is_armed
from .documents import (
    AUDIT_SCHEMA,
    SEVERITIES,
    STATES,
    STATUSES,
    AuditDocument,
    HostDocument,
    HostResult,
    Result,
    Summary,
    severity_at_least,
)
from .model import Case, Finding, MissingError, Spec, not_applicable, unknown
from .moments import parse_moment, spelled
from .policy import HostPolicy, Policy
from .proofs import Proof, Proofs

#: Judged whatever is on: the decision itself, and what lies around.
_ALWAYS: t.Final = frozenset({"KD-001", "KD-601"})
#: An exception takes the place of these.
_EXCUSABLE: t.Final = frozenset({"fail", "unknown"})


@dataclass(frozen=True)
class Bench:
    """What judging goes by beside the policy."""

    now: datetime
    collection: str
    proofs: Sequence[Proof] = ()
    #: The dumps on the controller by host; None where nobody looked.
    collected: t.Optional[Mapping[str, frozenset[str]]] = None
    specs: Sequence[Spec] = field(default=CATALOGUE)


@paused()
def judge(documents: Iterable[HostDocument], policy: Policy, bench: Bench) -> AuditDocument:
    """The result document of these hosts, each of which the policy must know."""
    documents = sorted(documents, key=lambda document: document["host"])
    proofs = Proofs(
        # As of an earlier day, what came after has not happened.
        (proof for proof in bench.proofs if proof.started <= bench.now),
        paths=_drivers(documents, path_drivers),
        cards=_drivers(documents, network_drivers),
    )
    hosts = [judge_host(document, policy.hosts[document["host"]], bench, proofs) for document in documents]
    return {
        "schema": t.cast(t.Any, dict(AUDIT_SCHEMA)),
        "collection": bench.collection,
        "judged_at": spelled(bench.now),
        "policy": {"name": policy.name, "sha256": policy.sha256},
        "controls": [described(spec) for spec in bench.specs],
        "hosts": hosts,
        "summary": summary(hosts, bench.specs),
    }


def _drivers(documents: Iterable[HostDocument], of: Callable[[object], list[str] | None]) -> dict[str, frozenset[str]]:
    found = ((document["host"], of(document["evidence"])) for document in documents)
    return {name: frozenset(drivers) for name, drivers in found if drivers}


def judge_host(document: HostDocument, policy: HostPolicy, bench: Bench, proofs: Proofs) -> HostResult:
    """Every control on one host."""
    evidence = document["evidence"]
    if evidence is None:
        results = [_unheard(spec, document) for spec in bench.specs]
    else:
        results = _results(document, evidence, policy, bench, proofs)
    return {
        "name": document["host"],
        "groups": sorted(document["groups"]),
        "posture": policy.posture,
        "state": document["state"],
        "reason": document["reason"],
        "collected_at": document["collected_at"] if evidence is not None else None,
        "evidence_sha256": None if evidence is None else digest(evidence),
        "facts": {
            "release": _text(evidence, "release"),
            "machine": _text(evidence, "machine"),
            "distribution": _text((evidence or {}).get("system"), "name"),
        },
        "results": results,
    }


def _results(
    document: HostDocument, evidence: Mapping[str, t.Any], policy: HostPolicy, bench: Bench, proofs: Proofs
) -> list[Result]:
    name, stale = document["host"], _stale(document["collected_at"], policy.thresholds.evidence_days, bench.now)
    proven = proofs.of(name, evidence)
    collected = None if bench.collected is None else bench.collected.get(name, frozenset())
    results = []
    for spec in bench.specs:
        case = Case(evidence, policy.posture, policy.declared, policy.thresholds, bench.now, proven, collected, stale)
        finding = find(spec, case)
        exception = policy.exceptions.get(spec.id) if finding.status in _EXCUSABLE else None
        status = "excepted" if exception else finding.status
        results.append(_result(spec, status, finding.message, evidence=case.used, exception=exception))
    return results


def _stale(collected_at: str | None, limit: int, now: datetime) -> str | None:
    """Why nothing follows from what a host told then, if so: it says that it was armed that day."""
    moment = parse_moment(collected_at)
    if not limit or (moment and (now - moment).days <= limit):
        return None
    when = f"is of {moment.date()}" if moment else "does not say of which day it is"
    return f"The evidence {when}, and may be {limit} days old at most (evidence_days). Ask the host again."


def find(spec: Spec, case: Case) -> Finding:
    """What a control comes to: evidence that is too old tells only what it is not about."""
    finding = _heard(spec, case)
    return unknown(case.stale) if case.stale and finding.status != "not_applicable" else finding


def _heard(spec: Spec, case: Case) -> Finding:
    """What a control's judge says; evidence that is missing, or is not what it should be, makes it unknown."""
    if case.posture not in spec.postures:
        return not_applicable(f"It is not for hosts where kdump is {case.posture}.")
    if case.posture == "optional" and spec.id not in _ALWAYS:
        if not is_armed(case):
            return not_applicable("Kdump is optional here, and not on.")
        case.used.clear()
    try:
        return spec.judge(case)
    except MissingError as missing:
        return unknown(f"The evidence does not tell {missing.what}{_why(case, missing)}.")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError):
        # It comes from a host: anything may be in it.
        return unknown("The evidence is not what it should be, and cannot be judged.")


def _why(case: Case, missing: MissingError) -> str:
    if missing.why:
        return f": {missing.why}"
    if case.evidence.get("privileged") is False:
        return ": it was gathered without root"
    return ": it is of an older kdump_info" if missing.what.partition(".")[0] not in case.evidence else ""


def _unheard(spec: Spec, document: HostDocument) -> Result:
    words = "Nobody reached the host" if document["state"] == "unreachable" else "The host could not be asked"
    return _result(spec, "unknown", f"{words}.", evidence={}, exception=None)


def _result(spec: Spec, status: str, message: str, *, evidence: dict[str, t.Any], exception: t.Any) -> Result:
    return {"control": spec.id, "status": status, "message": message, "evidence": evidence, "exception": exception}


def summary(hosts: Sequence[HostResult], specs: Sequence[Spec]) -> Summary:
    """Counts of hosts by state, and of results by status."""
    severity = {spec.id: spec.severity for spec in specs}
    totals = _zeros()
    by_control = {spec.id: _zeros() for spec in specs}
    by_severity = {name: _zeros() for name in SEVERITIES if name in severity.values()}
    for host in hosts:
        for result in host["results"]:
            for counts in (totals, by_control[result["control"]], by_severity[severity[result["control"]]]):
                counts[result["status"]] += 1
    return {
        "hosts": {state: sum(host["state"] == state for host in hosts) for state in STATES},
        "results": totals,
        "by_control": by_control,
        "by_severity": by_severity,
    }


def wanting(document: AuditDocument, *, floor: str, statuses: Iterable[str]) -> list[tuple[HostResult, Result]]:
    """The results at this severity or above with one of the statuses."""
    counted = {entry["id"] for entry in document["controls"] if severity_at_least(entry["severity"], floor)}
    wanted = set(statuses)
    return [
        (host, result)
        for host in document["hosts"]
        for result in host["results"]
        if result["status"] in wanted and result["control"] in counted
    ]


def digest(evidence: Mapping[str, t.Any]) -> str:
    """The sha256 of evidence as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(evidence, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _zeros() -> dict[str, int]:
    return dict.fromkeys(STATUSES, 0)


def _text(document: object, key: str) -> str | None:
    value = document.get(key) if isinstance(document, Mapping) else None
    return value if isinstance(value, str) else None
