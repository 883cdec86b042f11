# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every report says in the same way, out of text that nobody can vouch for.

A host's name, a command line or the name of a dump may hold anything: control characters, text that runs backwards,
half a surrogate pair. None of it leaves here but as visible signs; each form escapes what has a meaning in it.
"""

from __future__ import annotations

import functools
import json
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import (
    AuditDocument,
    Control,
    HostResult,
    Result,
)
from ansible_collections.linux.kdump.plugins.module_utils.proof.text import printable

#: Characters of one message, and of one value of the evidence; the result document has them whole.
MESSAGE_LIMIT: t.Final = 2000
VALUE_LIMIT: t.Final = 400
_CONSTANTS: t.Final[dict[t.Optional[bool], str]] = {None: "null", True: "true", False: "false"}
STATUS_WORDS: t.Final = {
    "pass": "pass",
    "fail": "fail",
    "unknown": "unknown",
    "excepted": "excepted",
    "not_applicable": "not applicable",
}


@functools.lru_cache(maxsize=1 << 14)
def line(text: str) -> str:
    """A text as one line of visible characters."""
    return text if text.isprintable() and len(text) <= MESSAGE_LIMIT else printable(text, limit=MESSAGE_LIMIT)


def plain(value: object) -> str:
    """A value of the evidence as one line."""
    # Most values are of these, and there are hundreds of thousands.
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if text.isprintable() and len(text) <= VALUE_LIMIT else printable(text, limit=VALUE_LIMIT)


def evidence_lines(evidence: t.Mapping[str, object]) -> list[str]:
    """The evidence, a key and its value each."""
    return [f"{line(key)} = {plain(value)}" for key, value in sorted(evidence.items())]


def exception_line(result: Result) -> t.Optional[str]:
    """By whom, until when and why a result stands under an exception."""
    note = result["exception"]
    return note and f"Excepted until {note['expires']} by {note['owner']}: {note['justification']}"


def catalogue(document: AuditDocument) -> dict[str, Control]:
    """The controls by their ids."""
    return {control["id"]: control for control in document["controls"]}


def with_status(host: HostResult, status: str) -> list[str]:
    """The controls that have this status on a host."""
    return [result["control"] for result in host["results"] if result["status"] == status]


def standing(host: HostResult) -> str:
    """A host in one word: the worst of its results, where not applicable is as good as a pass."""
    found = {result["status"] for result in host["results"]}
    return next((status for status in ("fail", "unknown", "excepted") if status in found), "pass")
