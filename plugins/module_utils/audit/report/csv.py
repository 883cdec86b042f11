# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CSV, a line for each control of each host, for a spreadsheet.

A spreadsheet takes a cell that begins with one of a few signs for a formula, and would run it; such a cell gets an
apostrophe before it, which a spreadsheet takes for "this is text".
"""

from __future__ import annotations

import csv
import functools
import io
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import (
    AuditDocument,
    Control,
    HostResult,
    Result,
)
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.words import catalogue, evidence_lines, line

COLUMNS: t.Final = (
    "host", "groups", "posture", "state", "collected_at", "control", "severity", "title", "status", "message",
    "evidence", "remediation", "exception", "exception_owner", "exception_expires", "exception_justification",
)  # fmt: skip
#: The full-width forms too: some spreadsheets take them for the others.
_FORMULA: t.Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_NEEDS_REMEDY: t.Final = frozenset({"fail", "unknown", "excepted"})


def render(document: AuditDocument) -> t.Iterator[str]:
    """The audit as comma-separated values with a header line, in pieces."""
    controls = catalogue(document)
    yield _lines([COLUMNS])
    for host in document["hosts"]:
        about = [cell(value) for value in _about(host)]
        yield _lines(about + _cells(result, controls[result["control"]]) for result in host["results"])


def _lines(rows: t.Iterable[t.Sequence[str]]) -> str:
    output = io.StringIO()
    csv.writer(output, lineterminator="\r\n").writerows(rows)
    return output.getvalue()


@functools.lru_cache(maxsize=1 << 14)
def cell(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    shown = line(value)
    return f"'{shown}" if shown.lstrip(" '\"").startswith(_FORMULA) else shown


def _about(host: HostResult) -> list[str]:
    return [host["name"], " ".join(host["groups"]), host["posture"], host["state"], host["collected_at"] or ""]


def _cells(result: Result, control: Control) -> list[str]:
    note = result["exception"]
    excepted = [note["id"], note["owner"], note["expires"], note["justification"]] if note else [""] * 4
    cure = control["remediation"] if result["status"] in _NEEDS_REMEDY else ""
    evidence = "; ".join(evidence_lines(result["evidence"]))
    told = [control["id"], control["severity"], control["title"], result["status"], result["message"], evidence, cure]
    return [cell(value) for value in [*told, *excepted]]
