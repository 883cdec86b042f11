# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control is, and what its judge gets to see: one host's evidence, its policy, and the drills that count."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .documents import Reference
from .proofs import Proven

#: No value is shown longer than this among what decided a result.
MAX_TEXT: t.Final = 300
MAX_ITEMS: t.Final = 8
_ABSENT: t.Final = object()
_PLAIN: t.Final = frozenset({type(None), bool, int, float})


class MissingError(Exception):
    """The evidence does not tell what a judge has to know."""

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(what)
        self.what = what
        #: Where it is not for want of rights, or of a newer kdump_info.
        self.why = why


@dataclass(frozen=True)
class Finding:
    """What a judge found: a status and one sentence about this host."""

    status: str
    message: str


def passed(message: str) -> Finding:
    """The host is as it should be."""
    return Finding("pass", message)


def failed(message: str) -> Finding:
    """It is not."""
    return Finding("fail", message)


def not_applicable(message: str) -> Finding:
    """The control is not about this host."""
    return Finding("not_applicable", message)


def unknown(message: str) -> Finding:
    """Nobody can tell."""
    return Finding("unknown", message)


@dataclass(frozen=True)
class Thresholds:
    """What is enough, on one host."""

    #: How old the evidence may be, in days, as seen from the moment that is judged as of; 0 for any age.
    evidence_days: int = 30
    #: How old the last successful drill may be, in days.
    proof_days: int = 90
    #: How much more memory the capture kernel must have had than it used, in percent.
    memory_margin_percent: int = 25
    #: The largest reservation, in percent of the memory.
    reserved_percent: int = 15
    #: How large a dump is taken to be where nobody has counted, in percent of the memory.
    dump_percent: int = 50
    #: How many expected dumps must fit into the free space, in percent: 150 is one and a half.
    free_percent: int = 150
    dump_count: int = 10
    #: How many GiB all of them may take together; 0 for as many as fit.
    dump_gib: int = 0
    dump_days: int = 30
    dump_level: int = 31
    #: From the panic until the host is back.
    back_seconds: int = 900
    encryption: bool = False
    nmi_panics: bool = False
    fence_kdump: bool = False
    #: Which faults beyond an oops must panic.
    panic_on: tuple[str, ...] = ("hardlockup_panic", "softlockup_panic")


@dataclass
class Case:
    """One host before the judges. What they look at is noted, as it is shown beside the result."""

    evidence: Mapping[str, t.Any]
    posture: str
    declared: bool
    thresholds: Thresholds
    now: datetime
    proven: Proven
    #: Dumps that are on the controller, by their names; None where nobody knows.
    collected: t.Optional[frozenset[str]] = None
    #: Why the evidence is too old to say anything; None where it is not.
    stale: t.Optional[str] = None
    used: dict[str, t.Any] = field(default_factory=dict)

    def find(self, key: str) -> t.Any:
        """The value of a key whose parts are joined by dots; None where there is none."""
        value = _lookup(self.evidence, key)
        value = None if value is _ABSENT else value
        self.used[key] = _shown(value)
        return value

    def nullable(self, key: str) -> t.Any:
        """A value that may be null, which says something; a MissingError where the key is not there at all."""
        if _lookup(self.evidence, key) is _ABSENT:
            raise MissingError(key)
        return self.find(key)

    def flag(self, key: str) -> bool:
        """A value that is true or false; a MissingError where it is neither."""
        return t.cast(bool, self._typed(key, bool))

    def number(self, key: str) -> int:
        """A whole number that is not negative."""
        value = self._typed(key, int)
        if isinstance(value, bool) or value < 0:
            raise MissingError(key)
        return t.cast(int, value)

    def text(self, key: str) -> str:
        """A text, empty or not."""
        return t.cast(str, self._typed(key, str))

    def items(self, key: str) -> list[t.Any]:
        """A list."""
        return t.cast("list[t.Any]", self._typed(key, list))

    def entries(self, key: str) -> list[dict[str, t.Any]]:
        """A list of dictionaries."""
        found = self.items(key)
        if not all(isinstance(item, dict) for item in found):
            raise MissingError(key)
        return found

    def table(self, key: str) -> dict[str, t.Any]:
        """Values by name."""
        return t.cast("dict[str, t.Any]", self._typed(key, dict))

    def note(self, key: str, value: t.Any) -> None:
        """Show something that is not the evidence's own."""
        self.used[key] = _shown(value)

    def _typed(self, key: str, kind: type) -> t.Any:
        value = self.find(key)
        if not isinstance(value, kind):
            raise MissingError(key)
        return value


Judge = Callable[[Case], Finding]


@dataclass(frozen=True)
class Spec:
    """A control, and who judges it."""

    id: str
    title: str
    severity: str
    rationale: str
    evidence: tuple[str, ...]
    remediation: str
    judge: Judge
    references: tuple[Reference, ...] = ()
    postures: tuple[str, ...] = ("required", "optional")
    since: str = "0.1.0"


def _lookup(value: object, key: str) -> object:
    """Names of settings have dots themselves, so the longest name counts."""
    if not isinstance(value, dict):
        return _ABSENT
    if key in value:
        return value[key]
    head, dot, rest = key.partition(".")
    return _lookup(value[head], rest) if dot and head in value else _ABSENT


def _shown(value: t.Any) -> t.Any:
    """A value that is small enough to stand beside a result."""
    if type(value) in _PLAIN:  # most are
        return value
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value[:MAX_ITEMS]]
    if isinstance(value, dict):
        return {str(name): _shown(value[name]) for name in sorted(value)[:MAX_ITEMS]}
    return value
