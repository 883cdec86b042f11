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
from .ring import Walk, walk

#: Which reader, by the symbol that a kernel of its generation exports.
READERS: t.Final[dict[str, Callable[[Memory, VmcoreInfo], Walk]]] = {"SYMBOL(prb)": walk}


@dataclass(frozen=True)
class LogSummary:
    """How complete the log is."""

    records: int
    lost: int
    gaps: int
    overwritten: int


def read_log(memory: Memory, info: VmcoreInfo) -> Walk:
    """All records that the dump holds, oldest first."""
    for symbol, reader in READERS.items():
        if symbol in info:
            return reader(memory, info)
    raise unreadable("log-unsupported")


def summarise(log: Walk) -> LogSummary:
    """The figures of a walk."""
    overwritten = log.records[0].seq if log.records else 0
    return LogSummary(records=len(log.records), lost=log.lost, gaps=log.gaps, overwritten=overwritten)


def judge_log(log: Walk) -> list[Finding]:
    """What is wrong with the log, and what was lost from it."""
    summary = summarise(log)
    findings = [finding("log-damaged", cause=cause) for cause in log.damage]
    if not log.records:
        findings.append(finding("log-empty"))
    counted = {"log-lost": summary.lost, "log-gaps": summary.gaps, "log-overwritten": summary.overwritten}
    return findings + [finding(rule, count=count) for rule, count in counted.items() if count]
