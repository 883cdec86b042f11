# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a drill proved what it was for, and if not, why."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .reader import Reader

Severity = t.Literal["error", "warning", "info"]

#: What each outcome of ``panic`` but "captured" means for the reader of the report.
OUTCOMES: t.Final = {
    "never_went_down": "The host did not go down: the crash was triggered, but the kernel kept running.",
    "never_came_back": "The host went down and did not come back within the time allowed.",
    "elsewhere": "The host came back, and its dump is not on it: nobody has looked where it was sent to.",
    "no_capture": "The host came back without a dump: the capture kernel did not run, or was not loaded.",
    "capture_out_of_memory": "The capture kernel ran out of memory: the reservation is too small.",
    "save_failed": "The capture kernel ran, but the dump could not be saved.",
}
#: What each verdict on the dump but "ok" means.
VERDICTS: t.Final = {
    "incomplete": "The dump is incomplete: a part of the crashed memory is missing.",
    "corrupt": "The dump is corrupt: its contents contradict each other.",
    "mismatch": "The dump is not the one expected: it is from another host, kernel or crash.",
    "unrecognised": "The file is not a dump in any format known.",
}
#: Above this share of what the capture kernel had, the next bigger dump may not fit.
TIGHT_PERCENT: t.Final = 90


@dataclass(frozen=True)
class Reason:
    """One finding that bears on the result."""

    id: str
    severity: Severity
    message: str

    def as_dict(self) -> dict[str, object]:
        return {"id": self.id, "severity": self.severity, "message": self.message}


@dataclass(frozen=True)
class Inputs:
    """The documents a proof is made of."""

    panic: Reader
    record: Reader
    verdict: Reader
    fetch: Reader


def weigh(inputs: Inputs) -> list[Reason]:
    """Every reason why the drill is not a proof, and what else deserves attention; errors first."""
    reasons = [*_drill(inputs), *_dump(inputs), *_identity(inputs), *_record(inputs), *_protection(inputs)]
    order = ("error", "warning", "info")
    return sorted(reasons, key=lambda reason: order.index(reason.severity))


def headline(reasons: list[Reason]) -> str:
    """The result in one sentence."""
    errors = [reason.message for reason in reasons if reason.severity == "error"]
    return errors[0] if errors else "The crash was captured, and the dump is complete and from this very crash."


def _drill(inputs: Inputs) -> list[Reason]:
    outcome = inputs.panic.at("outcome").text(60)
    if outcome == "captured":
        return []
    if outcome is None:
        return [Reason("no-outcome", "error", "The drill was broken off before its outcome was known.")]
    reasons = [Reason(outcome, "error", OUTCOMES.get(outcome, f"The drill ended with the outcome {outcome}."))]
    message = inputs.panic.at("message").text(1000) or inputs.panic.at("msg").text(1000)
    return [*reasons, Reason("drill-message", "error", message)] if message else reasons


def _dump(inputs: Inputs) -> list[Reason]:
    verdict = inputs.verdict.at("verdict").text(60)
    if verdict is None:
        return [Reason("not-verified", "error", "No dump was verified.")]
    reasons = []
    if verdict != "ok":
        message = VERDICTS.get(verdict, f"The verdict on the dump is {verdict}.")
        reasons.append(Reason(f"dump-{verdict}", "error", message))
    for finding in inputs.verdict.at("findings").items():
        message = finding.at("message").text(500) or "No explanation was given."
        reasons.append(Reason(finding.at("id").text(80) or "finding", _severity(finding), message))
    return reasons


def _severity(finding: Reader) -> Severity:
    severity = finding.at("severity").value
    return "error" if severity == "error" else "warning" if severity == "warning" else "info"


def nonce_in_dump(inputs: Inputs) -> bool | None:
    """Whether the dump holds this drill's nonce; None where nobody looked."""
    found, nonce = inputs.verdict.at("nonce_found").flag(), inputs.verdict.at("nonce").text(64)
    if found is None and nonce is not None:
        return nonce == inputs.panic.at("nonce").text(64)
    return found


def _identity(inputs: Inputs) -> list[Reason]:
    reasons = _nonce(inputs) if inputs.verdict.present else []
    before, after = inputs.panic.at("before", "boot_id").text(), inputs.panic.at("after", "boot_id").text()
    if before is not None and before == after:
        reasons.append(Reason("same-boot", "error", "The host still runs the same boot: it has not crashed."))
    return reasons


def _nonce(inputs: Inputs) -> list[Reason]:
    if any(finding.at("id").value == "nonce-missing" for finding in inputs.verdict.at("findings").items()):
        return []
    found = nonce_in_dump(inputs)
    if found is None:
        return [Reason("nonce-unchecked", "error", "Nobody looked for this drill's nonce in the dump.")]
    return [] if found else [Reason("nonce-missing", "error", "The dump does not hold this drill's nonce.")]


def _record(inputs: Inputs) -> list[Reason]:
    record = inputs.record
    if not record.present:
        return [_no_record(inputs.panic.at("dump", "engine").text(40))]
    reasons = []
    if record.at("status").text() == "failed":
        tag = record.at("failure").text(60) or "no tag"
        reasons.append(Reason("save-recorded-failed", "error", f"The save environment recorded a failure: {tag}."))
    nonce, wanted = record.at("nonce").text(64), inputs.panic.at("nonce").text(64)
    if nonce != wanted:
        reasons.append(Reason("record-nonce", "error", "The record holds another nonce than this drill's."))
    return reasons + _headroom(record)


def _no_record(engine: str | None) -> Reason:
    if engine in (None, "collection"):
        return Reason("no-record", "warning", "The save environment left no record (kdump.json) of what it did.")
    message = f"The dump was saved by {engine}, which leaves no record of what it did. Its log holds the nonce."
    return Reason("other-engine", "info", message)


def _headroom(record: Reader) -> list[Reason]:
    total, peak = record.at("memory", "total_kib").number(), record.at("memory", "peak_used_kib").number()
    if not total or peak is None or peak * 100 < total * TIGHT_PERCENT:
        return []
    share = round(peak * 100 / total)
    return [Reason("reservation-tight", "warning", f"The save environment used {share} % of the memory it had.")]


def _protection(inputs: Inputs) -> list[Reason]:
    after = inputs.panic.at("after", "crash", "loaded").flag()
    reasons = []
    if after is False:
        message = "No crash image is loaded now: the host's next crash would not be captured."
        reasons.append(Reason("unprotected", "warning", message))
    if inputs.verdict.present and not inputs.fetch.present:
        reasons.append(Reason("not-fetched", "warning", "The dump was not brought home; it is on the host alone."))
    return reasons
