# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KD-7xx: whether it has been shown to work, and still is what was shown."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from ...proof.text import human_duration
from ..model import Case, Finding, MissingError, Spec, failed, not_applicable, passed, unknown
from ..proofs import Proof, changed_files
from ..references import KDUMP, RED_HAT
from .common import engine_of, listed, uses_collection


def proven(case: Case) -> Finding:
    """The last drill that counts is not too old."""
    proof, last = case.proven.current, case.proven.last
    if proof is None and _by_kdumpctl(case):
        return _tested(case)
    if proof is None:
        return failed(_why_not(case, last))
    case.note("proof.started", proof.started.strftime("%Y-%m-%dT%H:%M:%SZ"))
    case.note("proof.host", proof.host)
    return _aged(case, proof.started, f"{proof.opening} was captured, with what this host loads")


def _why_not(case: Case, last: Proof | None) -> str:
    if last is None and case.find("load") is None and engine_of(case) is None:
        return "This collection's loader has loaded nothing, so there is nothing that a drill could have proven."
    if last is None:
        return "No crash of this host, or of one like it, has ever been shown to be captured."
    case.note("proof.started", last.started.strftime("%Y-%m-%dT%H:%M:%SZ"))
    case.note("proof.host", last.host)
    if not last.ok:
        return f"The last drill failed ({last.named}): {last.headline}"
    return f"Since {last.named}, this has changed: {listed(case.proven.changed)}."


def _by_kdumpctl(case: Case) -> bool:
    """Whether kdumpctl's own test decides: no drill counts, and none of this host has failed after the test."""
    if engine_of(case) != "kdump-utils" or case.find("kdumpctl_test.status") is None:
        return False
    last = case.proven.last
    return last is None or last.ok or last.started.timestamp() <= case.number("kdumpctl_test.at")


def _tested(case: Case) -> Finding:
    """kdumpctl removes its note whenever it builds its save environment anew, but a file may change before."""
    status, at = case.text("kdumpctl_test.status"), case.number("kdumpctl_test.at")
    if at > case.now.timestamp():
        return unknown(f"kdumpctl's own test is of {_day(at)}, which is to come. Look at the host's clock.")
    if status != "success":
        return failed(f"kdumpctl's own test of {_day(at)} ended with: {status}.")
    when = datetime.fromtimestamp(at, tz=timezone.utc)
    if not case.table("files"):
        raise MissingError("files")
    changed = changed_files(case.evidence, since=when)
    if changed:
        return failed(f"Since kdumpctl's own test of {_day(at)}, this has changed: {listed(changed)}.")
    return _aged(case, when, f"kdumpctl's own test of {_day(at)} succeeded")


def _aged(case: Case, when: datetime, words: str) -> Finding:
    age, limit = (case.now - when).days, case.thresholds.proof_days
    if age > limit:
        return failed(f"{words}; that is {age} days ago, and up to {limit} are allowed.")
    return passed(f"{words}.")


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def readable(case: Case) -> Finding:
    """What the drill saved is a dump, of that kernel, of that crash."""
    proof = case.proven.current
    if proof is None and _by_kdumpctl(case) and _tested(case).status == "pass":
        return not_applicable("kdumpctl's own test has looked at the dump itself and removed it; no drill counts.")
    if proof is None:
        return unknown("There is no dump of a drill that counts.")
    case.note("proof.verdict", proof.verdict)
    if proof.verdict is None:
        return unknown(f"Nobody has read the dump of {proof.named}.")
    found = [] if proof.verdict == "ok" else [f"the verdict is {proof.verdict}"]
    if proof.verdict_release != case.text("release"):
        found.append(f"it is of the kernel {proof.verdict_release}")
    if not proof.panic:
        found.append("it holds no panic")
    if proof.nonce_found is not True:
        found.append("it does not hold the drill's nonce")
    if found:
        return failed(f"About the dump of {proof.named}: {listed(found)}.")
    return passed(f"The dump of {proof.named} is whole, and of that kernel and that very crash.")


def back_in_time(case: Case) -> Finding:
    """From the panic until the host serves again; nothing resets it meanwhile."""
    proof = case.proven.current
    watchdog = _in_the_way(case, proof)
    if watchdog:
        return failed(watchdog)
    unfenced = _unfenced(case) if case.thresholds.fence_kdump else None
    if unfenced:
        return failed(f"The policy asks for fence_kdump, and {unfenced}.")
    if proof is None or proof.back_seconds is None:
        return unknown("No drill that counts has measured how long the host is away.")
    case.note("proof.back_seconds", proof.back_seconds)
    limit, took = case.thresholds.back_seconds, proof.back_seconds
    words = f"In {proof.named} the host was back after {human_duration(took)}"
    return (passed if took <= limit else failed)(f"{words}; up to {human_duration(limit)} are allowed.")


def _in_the_way(case: Case, proof: Proof | None) -> str | None:
    """A watchdog of the hardware goes on counting in the capture kernel."""
    saving = proof.saved_seconds if proof else None
    for watchdog in case.find("watchdogs") or []:
        limit = watchdog.get("timeout")
        if watchdog.get("state") == "active" and saving is not None and isinstance(limit, int) and 0 < limit < saving:
            return (
                f"The watchdog {watchdog.get('identity')} resets the host after {limit} s, and saving took "
                f"{human_duration(saving)} in {proof.named if proof else ''}."
            )
    return None


def _unfenced(case: Case) -> str | None:
    """Why nobody tells the cluster; the settings of a kdump that does not serve the host tell nobody anything."""
    if uses_collection(case):
        return "this collection's save environment does not send it"
    if engine_of(case) != "kdump-utils":
        return "only the kdump of Red Hat's family sends it, which does not serve this host"
    settings = case.find("engine.settings")
    if isinstance(settings, dict) and settings.get("fence_kdump_nodes"):
        return None
    return "the distribution's kdump is not told any fence_kdump_nodes"


CONTROLS: t.Final = (
    Spec(
        id="KD-701",
        title="A drill has proven it, with what is loaded now",
        severity="high",
        rationale="Everything else is configuration. Only a crash that was captured shows that a crash is captured, "
        "and only for the kernel, the images and the settings that it was captured with. A twin with the same ones "
        "counts: not every host has to be crashed.",
        evidence=("load", "release", "machine", "crash.reserved_bytes", "files", "kdumpctl_test.status",
                  "kdumpctl_test.at", "proof.started", "proof.host", "engine.name", "service.enabled"),
        remediation="Run linux.kdump.crash_test on this host, or on a lab guest with the same images and kernel; with "
        "the kdump of Red Hat's family, kdumpctl test.",
        judge=proven,
        references=(RED_HAT, KDUMP),
    ),
    Spec(
        id="KD-702",
        title="The dump of that drill can be read",
        severity="high",
        rationale="A file called vmcore may be cut off, empty, or of another kernel. Whoever needs it finds out first.",
        evidence=("proof.verdict", "release", "files", "kdumpctl_test.status", "kdumpctl_test.at", "engine.name",
                  "load", "service.enabled"),
        remediation="Look at the report of the drill; the findings of linux.kdump.vmcore_info say what is wrong. Where "
        "no drill counts, run one: linux.kdump.crash_test.",
        judge=readable,
    ),
    Spec(
        id="KD-703",
        title="The host is back in time",
        severity="medium",
        rationale="Saving takes time for as long as the service is down. A cluster that is not told fences the host in "
        "the middle of it, and so does a watchdog that nobody feeds.",
        evidence=("watchdogs", "engine.name", "engine.settings", "load", "service.enabled", "proof.back_seconds"),
        remediation="Run a drill (linux.kdump.crash_test), which measures it. Save less (kdump_collector), "
        "to a faster target, or raise the threshold back_seconds; give the watchdog a longer timeout. In "
        "clusters use the kdump of Red Hat's family with fence_kdump_nodes; no other sends fence_kdump.",
        judge=back_in_time,
    ),
)  # fmt: skip
