# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel log of a dump: which reader understands it, and what it found."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from ..findings import Finding, finding, unreadable
from ..translate.memory import Memory
from ..vmcoreinfo import VmcoreInfo
from . import buffer, characters, ring
from .records import Walk

#: Which reader, by the symbol that a kernel of its generation exports, newest first.
READERS: t.Final[dict[str, Callable[[Memory, VmcoreInfo], Walk]]] = {
    "SYMBOL(prb)": ring.walk,
    "SYMBOL(log_first_idx)": buffer.walk,
    "SYMBOL(log_end)": characters.walk,
}


@dataclass(frozen=True)
class LogSummary:
    """How complete the log is."""

    generation: str
    records: int
    lost: int
    gaps: int
    #: None where records had been overwritten, but nobody knows how many.
    overwritten: int | None
    #: Older records that were left out because there are so many.
    unread: int


def read_log(memory: Memory, info: VmcoreInfo) -> Walk:
    """All records that the dump holds, oldest first."""
    for symbol, reader in READERS.items():
        if symbol in info:
            return reader(memory, info)
    raise unreadable("log-unsupported")


def summarise(log: Walk) -> LogSummary:
    """The figures of a walk."""
    return LogSummary(
        generation=log.generation,
        records=len(log.records),
        lost=log.lost,
        gaps=log.gaps,
        overwritten=log.overwritten,
        unread=log.unread,
    )


def judge_log(log: Walk) -> list[Finding]:
    """What is wrong with the log, and what was lost from it."""
    findings = [finding("log-damaged", cause=cause) for cause in log.damage]
    if not log.records:
        findings.append(finding("log-empty"))
    counted = {"log-lost": log.lost, "log-gaps": log.gaps, "log-overwritten": log.overwritten, "log-long": log.unread}
    findings += [finding(rule, count=count) for rule, count in counted.items() if count]
    return findings + ([finding("log-wrapped")] if log.overwritten is None else [])
