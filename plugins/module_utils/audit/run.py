# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One audit on the controller: read, check the policy, judge, write, tell. What it needs is given; it asks no host."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..errors import KdumpError
from ..files import read_text, replacing, write_atomic
from .artifacts import Artifacts, read_artifacts
from .documents import HOST_SCHEMA, SEVERITIES, AuditDocument, HostDocument
from .drift import drift, read_result
from .judge import Bench, judge, wanting
from .merge import read_documents
from .moments import parse_moment
from .policy import Policy, read_policy
from .prune import remove, surplus
from .report.forms import Form

NEVER: t.Final = "never"
#: Hosts that the message of a failed audit names.
_NAMED: t.Final = 10

OPTIONS: t.Final[dict[str, t.Any]] = {
    "policy": {"type": "dict", "default": {}},
    "partial": {"type": "bool", "default": False},
    "check_only": {"type": "bool", "default": False},
    "evidence": {"type": "path"},
    "hosts": {"type": "list", "elements": "str"},
    "expected": {"type": "list", "elements": "str", "default": []},
    "since": {"type": "str"},
    "artifacts": {"type": "path"},
    "dest": {"type": "path"},
    "reports": {"type": "list", "elements": "str", "default": ["json"]},
    "baseline": {"type": "path"},
    "judged_at": {"type": "str"},
    "keep": {"type": "int", "default": 0},
    "fail_on": {"type": "str", "choices": [*SEVERITIES, NEVER], "default": "high"},
    "fail_on_unknown": {"type": "bool", "default": True},
    "fail_on_drift": {"type": "bool", "default": False},
}


class AuditFailedError(KdumpError):
    """Hosts are not as the policy wants them; the result says which."""


@dataclass(frozen=True)
class Inventory:
    """The hosts that the controller knows, with their groups, and all groups, also those without hosts."""

    hosts: Mapping[str, Sequence[str]]
    groups: Sequence[str]


@dataclass(frozen=True)
class Request:
    """The options of one audit, checked."""

    options: Mapping[str, t.Any]
    inventory: Inventory
    now: datetime
    collection: str
    #: In which a report can be written.
    forms: Mapping[str, Form]
    #: Nothing is removed, and only said what would be.
    check_mode: bool = False


def make_request(
    options: Mapping[str, t.Any],
    inventory: Inventory,
    *,
    now: datetime,
    collection: str,
    forms: Mapping[str, Form],
    check_mode: bool = False,
) -> Request:
    """Refuse what makes no sense before anything is read."""
    unknown = [name for name in options["reports"] if name not in forms]
    if unknown:
        raise KdumpError(f"Cannot write the report {unknown[0]}: there is none. There are {', '.join(forms)}")
    moment = now if options["judged_at"] is None else parse_moment(options["judged_at"])
    if moment is None:
        raise KdumpError(
            f"Cannot judge as of {options['judged_at']!r}: it is no moment. Write it as 2026-01-02T03:04:05Z"
        )
    if not options["check_only"] and not options["evidence"]:
        raise KdumpError("Cannot judge without evidence: name the folder of the hosts' documents with evidence")
    if options["fail_on_drift"] and not options["baseline"]:
        raise KdumpError("Cannot fail on drift without a result to compare with: name one with baseline")
    if options["keep"] < 0:
        raise KdumpError(f"Cannot keep {options['keep']} documents of a host: give a number from 1, or 0 for all")
    return Request(options, inventory, moment, collection, forms, check_mode)


def check(request: Request) -> Policy:
    """The policy against the hosts of the inventory."""
    return _policy(request, {})


def run(request: Request) -> dict[str, t.Any]:
    """The audit; an AuditFailedError that holds the same result where hosts are not as they should be."""
    options = request.options
    documents = _documents(request)
    policy = _policy(request, {document["host"]: document["groups"] for document in documents})
    artifacts = read_artifacts(options["artifacts"]) if options["artifacts"] else Artifacts()
    bench = Bench(request.now, request.collection, artifacts.proofs, artifacts.collected)
    former = _baseline(options["baseline"])
    document = judge(documents, policy, bench)
    changes = drift(former, document) if former else None
    answer: dict[str, t.Any] = {
        "changed": False,
        "summary": {name: document["summary"][name] for name in ("hosts", "results", "by_severity")},
        "drift": changes,
        "reports": _write(request, document, changes),
        "skipped": list(artifacts.skipped),
    }
    answer["pruned"] = _prune(request, documents)
    answer["changed"] = bool(answer["pruned"])
    _judge_run(options, document, changes, answer)
    return answer


def _prune(request: Request, documents: Sequence[HostDocument]) -> list[str]:
    """What is beyond the newest documents of the hosts that were judged: removed, or only told in check mode."""
    keep = request.options["keep"]
    paths = surplus(request.options["evidence"], [each["host"] for each in documents], keep=keep) if keep else []
    if not request.check_mode:
        remove(paths)
    return paths


def _policy(request: Request, found: Mapping[str, Sequence[str]]) -> Policy:
    return read_policy(
        request.options["policy"],
        {**found, **request.inventory.hosts},
        groups=request.inventory.groups,
        today=request.now.date(),
        partial=request.options["partial"],
    )


def _documents(request: Request) -> list[HostDocument]:
    """Those of the hosts that are asked for; one that left no document has a result as well."""
    documents = {document["host"]: document for document in read_documents(request.options["evidence"])}
    names = documents if request.options["hosts"] is None else request.options["hosts"]
    found = {name: documents.get(name) for name in dict.fromkeys([*names, *request.options["expected"]])}
    return [_placed(_current(name, document, request), request.inventory) for name, document in found.items()]


def _placed(document: HostDocument, inventory: Inventory) -> HostDocument:
    """In the groups that the inventory has it in, if it knows it: a host may have written its document itself."""
    groups = inventory.hosts.get(document["host"])
    if groups is None or document["groups"] == list(groups):
        return document
    return {**document, "groups": list(groups)}


def _current(name: str, document: HostDocument | None, request: Request) -> HostDocument:
    """What the host told in this run: what it told in an earlier one says nothing of today."""
    if document is None:
        return _absent(name, request.inventory, "there is no document of this host.")
    if document["run"] < (request.options["since"] or ""):
        return _absent(name, request.inventory, f"its last document is of {document['collected_at'] or 'another run'}.")
    return document


def _absent(name: str, inventory: Inventory, why: str) -> HostDocument:
    return {
        "schema": t.cast(t.Any, dict(HOST_SCHEMA)), "run": "-", "host": name,
        "groups": list(inventory.hosts.get(name, ())), "state": "failed",
        "reason": f"Nobody has asked it: {why}", "collected_at": None, "evidence": None,
    }  # fmt: skip


def _baseline(path: str | None) -> AuditDocument | None:
    if not path:
        return None
    text = read_text(path)
    if text is None:
        raise KdumpError(f"Cannot compare with {path}: there is no such file. Give the audit.json of an earlier run.")
    return read_result(text, path)


def _write(request: Request, document: AuditDocument, changes: Mapping[str, t.Any] | None) -> dict[str, str]:
    """The reports that are asked for, by name; whole files or none."""
    folder = request.options["dest"]
    if not folder:
        return {}
    os.makedirs(folder, exist_ok=True)
    written = {}
    for name in dict.fromkeys(request.options["reports"]):
        form = request.forms[name]
        written[name] = os.path.join(folder, form.file)
        with replacing(written[name], mode=0o600) as stream:
            stream.writelines(piece.encode("utf-8", "surrogateescape") for piece in form.render(document))
    if changes is not None:
        written["drift"] = os.path.join(folder, "drift.json")
        write_atomic(written["drift"], json.dumps(changes, sort_keys=True, indent=2) + "\n", mode=0o600)
    return written


def _judge_run(
    options: Mapping[str, t.Any], document: AuditDocument, changes: Mapping[str, t.Any] | None, answer: dict[str, t.Any]
) -> None:
    """Whether the run has failed, by its thresholds."""
    reasons = [] if options["fail_on"] == NEVER else _reasons(document, options)
    if options["fail_on_drift"]:
        worse = [change for change in (changes or {}).get("changes", ()) if change["worse"]]
        reasons += [f"{change['host']}: {change['control']} was {change['before']}" for change in worse]
    if not reasons:
        return
    more = f", and {len(reasons) - _NAMED} more" if len(reasons) > _NAMED else ""
    raise AuditFailedError(
        f"The audit has failed: {'; '.join(reasons[:_NAMED])}{more}. The reports say why, and what to do.", **answer
    )


def _reasons(document: AuditDocument, options: Mapping[str, t.Any]) -> list[str]:
    """One for each host, with the controls that are counted against it; one that nobody could ask has no others."""
    statuses = ["fail", "unknown"] if options["fail_on_unknown"] else ["fail"]
    found: dict[str, list[str]] = {}
    states = {}
    for host, result in wanting(document, floor=options["fail_on"], statuses=statuses):
        states[host["name"]] = host["state"]
        mark = " (unknown)" if result["status"] == "unknown" else ""
        found.setdefault(host["name"], []).append(f"{result['control']}{mark}")
    return [
        f"{name}: {', '.join(controls) if states[name] == 'judged' else states[name]}"
        for name, controls in found.items()
    ]
