# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One page for the whole fleet, that needs no server and nothing else beside it.

What it shows lies in it as JSON in which every text stands once, compressed and in base64: an alphabet in which no
text of a host can end the element that holds it. The page takes it apart and sets it as text, never as markup.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import typing as t
from collections import Counter

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import (
    SEVERITIES,
    STATES,
    AuditDocument,
    Control,
    ExceptionNote,
    HostResult,
    Result,
)
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.words import line, plain, standing
from ansible_collections.linux.kdump.plugins.module_utils.proof.text import html_text

#: One sign for each status in a host's row; the page knows them too.
SIGNS: t.Final = {"pass": "p", "fail": "f", "unknown": "u", "excepted": "e", "not_applicable": "n"}
#: A control that a host has no result of.
NO_RESULT: t.Final = "-"
_SLOT: t.Final = re.compile(r"@@(\w+)@@")


class Page(t.NamedTuple):
    """What is the same in every audit: markup with slots, style and script."""

    markup: str
    style: str
    script: str


def render(document: AuditDocument, page: Page) -> str:
    """The page."""
    values = {
        **{name: html_text(value) for name, value in _figures(document).items()},
        "style": page.style,
        "script": page.script,
        "style_hash": _digest(page.style),
        "script_hash": _digest(page.script),
        "data": base64.b64encode(gzip.compress(packed(document).encode(), 6, mtime=0)).decode(),
    }
    # In one go: what is put in is never looked through for slots.
    return _SLOT.sub(lambda slot: values[slot[1]], page.markup)


def packed(document: AuditDocument) -> str:
    """What the page needs to know, small: texts, outcomes and exceptions stand once and are told by their number."""
    packer = _Packer(document["controls"])
    hosts = [packer.host(host) for host in document["hosts"]]
    data = {
        "controls": [packer.control(control) for control in document["controls"]],
        "hosts": hosts,
        "texts": list(packer.texts),
        "outcomes": list(packer.outcomes),
        "exceptions": list(packer.exceptions),
        "states": list(STATES),
        "severities": list(SEVERITIES),
    }
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


class _Packer:
    """The numbers of everything that stands once."""

    def __init__(self, controls: t.Iterable[Control]) -> None:
        self.order = [control["id"] for control in controls]
        self.texts: dict[str, int] = {}
        self.outcomes: dict[tuple[int, ...], int] = {}
        self.exceptions: dict[tuple[int, ...], int] = {}

    def host(self, host: HostResult) -> list[object]:
        """One host: signs of its results, the number of each one's outcome, and the exceptions among them."""
        results = {result["control"]: result for result in host["results"]}
        found = [results.get(control) for control in self.order]
        facts = [host["reason"], host["collected_at"], host["evidence_sha256"], *_facts(host)]
        notes = {index: result["exception"] for index, result in enumerate(found) if result and result["exception"]}
        return [
            line(host["name"]),
            [self._text(group) for group in host["groups"]],
            self._text(host["posture"]),
            STATES.index(host["state"]),
            [self._text(fact or "") for fact in facts],
            "".join(SIGNS[result["status"]] if result else NO_RESULT for result in found),
            [self._outcome(result) if result else -1 for result in found],
            {index: self._exception(note) for index, note in notes.items() if note},
        ]

    @staticmethod
    def control(control: Control) -> dict[str, object]:
        """One control, as it is but for signs that nobody can see."""
        texts = {
            "id": control["id"],
            "title": control["title"],
            "severity": control["severity"],
            "rationale": control["rationale"],
            "remediation": control["remediation"],
            "since": control["since"],
        }
        references = [
            [line(" ".join(filter(None, (one["source"], one["id"], one["title"])))), one["url"]]
            for one in control["references"]
        ]
        visible = {name: line(text) for name, text in texts.items()}
        return {**visible, "postures": control["postures"], "evidence": control["evidence"], "references": references}

    def _text(self, text: str) -> int:
        return self.texts.setdefault(line(text), len(self.texts))

    def _outcome(self, result: Result) -> int:
        told = [self._text(result["message"])]
        for key, value in sorted(result["evidence"].items()):
            told += [self._text(key), self._text(plain(value))]
        return self.outcomes.setdefault(tuple(told), len(self.outcomes))

    def _exception(self, note: ExceptionNote) -> int:
        told = (note["id"], note["owner"], note["justification"], note["expires"])
        return self.exceptions.setdefault(tuple(map(self._text, told)), len(self.exceptions))


def _facts(host: HostResult) -> tuple[t.Optional[str], ...]:
    facts = host["facts"]
    return facts["distribution"], facts["release"], facts["machine"]


def _figures(document: AuditDocument) -> dict[str, str]:
    """What stands at the top, before anything is taken apart."""
    hosts = document["hosts"]
    counted = Counter(map(standing, hosts))
    results = Counter(result["status"] for host in hosts for result in host["results"])
    good = counted["pass"] + counted["excepted"]
    failing = Counter({level: counts.get("fail", 0) for level, counts in document["summary"]["by_severity"].items()})
    levels = [f"{failing[level]:,} {level}" for level in reversed(SEVERITIES) if failing[level]]
    states = document["summary"]["hosts"]
    return {
        "class": "good" if good == len(hosts) else "bad",
        "sign": "✓" if good == len(hosts) else "✕",
        "good": f"{good:,}",
        "hosts": f"{len(hosts):,}",
        "headline": _headline(counted, len(hosts)),
        "judged_at": document["judged_at"].replace("T", " ").replace("Z", " UTC"),
        "policy": document["policy"]["name"],
        "policy_digest": document["policy"]["sha256"],
        "collection": document["collection"],
        "controls": str(len(document["controls"])),
        "fail": f"{results['fail']:,}",
        "fail_levels": ", ".join(levels) or "none of any severity",
        "unknown": f"{results['unknown']:,}",
        "excepted": f"{results['excepted']:,}",
        "missing": f"{states['unreachable'] + states['failed']:,}",
        "missing_states": f"{states['unreachable']:,} unreachable, {states['failed']:,} failed",
    }


def _headline(counted: t.Mapping[str, int], hosts: int) -> str:
    if not hosts:
        return "The audit has no hosts."
    told = {
        "fail at least one control": counted["fail"],
        "fail none, but are not known well enough": counted["unknown"],
        "pass by an exception": counted["excepted"],
    }
    said = "; ".join(f"{count:,} {what}" for what, count in told.items() if count)
    return f"{said}." if said else "Every control that applies is met on every host."


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
