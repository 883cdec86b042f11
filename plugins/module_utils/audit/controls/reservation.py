# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KD-1xx: the memory that is set aside for the capture kernel."""

from __future__ import annotations

import typing as t

from ...crashkernel.evaluate import NothingReservedError, evaluate
from ...crashkernel.grammar import PARAMETER, SpecError, on_command_line, parse_spec
from ...crashkernel.vendor import Distribution, Hardware, NoTableError, Vendor, choose_table
from ...kexec.cmdline import MACHINES
from ...proof.text import human_size
from ..model import Case, Finding, MissingError, Spec, failed, passed, unknown
from ..proofs import Proof
from ..references import KDUMP, PARAMETERS
from .common import engine_of, listed, whole

_OUT_OF_MEMORY: t.Final = "capture_out_of_memory"
#: What Red Hat's kernels up to version 8 take for a size of their own choice.
_AUTO: t.Final = "auto"


def on_line(case: Case) -> Finding:
    """The running kernel was told to reserve."""
    values = on_command_line(case.text("command_line"))
    if values:
        return passed(f"The running kernel was started with {' '.join(PARAMETER + value for value in values)}.")
    return failed(f"The running kernel was started without {PARAMETER}.")


def in_every_entry(case: Case) -> Finding:
    """Whatever boots next is told the same."""
    entries = case.find("boot.entries")
    if not isinstance(entries, list):
        return unknown(f"The boot entries cannot be told: {case.find('boot.problem') or 'nobody asked'}")
    running = " ".join(PARAMETER + value for value in on_command_line(case.text("command_line")))
    ours = [entry for entry in entries if entry.get("managed")]
    without = [str(entry["title"]) for entry in ours if not entry.get("crashkernel")]
    other = [str(entry["title"]) for entry in ours if entry.get("crashkernel") not in ("", running)]
    if without:
        return failed(f"These boot entries would start without {PARAMETER}: {listed(without)}.")
    if not ours:
        return unknown("The boot loader has no entry of this system.")
    if other:
        return failed(f"These boot entries reserve something else than the running kernel: {listed(other)}.")
    whole(case, "boot.entries")
    return passed(f"All {len(ours)} boot entries pass {running}.")


def really_made(case: Case) -> Finding:
    """The kernel did what it was told."""
    reserved = case.number("crash.reserved_bytes")
    if not reserved:
        return failed("The running kernel has reserved nothing.")
    if case.nullable("crash.expected_bytes") is None and _AUTO in on_command_line(case.text("command_line")):
        return _chosen_by_kernel(case, reserved)
    expected = case.number("crash.expected_bytes")
    if reserved < expected:
        return failed(f"{human_size(reserved)} are reserved of {human_size(expected)} that were asked for.")
    return passed(f"{human_size(reserved)} are reserved.")


def _chosen_by_kernel(case: Case, reserved: int) -> Finding:
    """By the vendor's table, which is what its kernel goes by; without one there is nothing to compare with."""
    found = _as_vendor(case, reserved)
    if found.status != "unknown":
        return found
    return passed(f"{human_size(reserved)} are reserved; the kernel itself chose the size ({PARAMETER}{_AUTO}).")


def large_enough(case: Case) -> Finding:
    """Measured where it was measured; otherwise what the distribution itself reserves on such a machine."""
    reserved = case.number("crash.reserved_bytes")
    unlock = case.find("folder.unlock_bytes")
    if isinstance(unlock, int) and unlock > reserved:
        return failed(
            f"Opening the encrypted disk takes {human_size(unlock)}, and {human_size(reserved)} are reserved."
        )
    last, proof = case.proven.last, case.proven.current
    if last and last.outcome == _OUT_OF_MEMORY and last.reserved is not None and reserved <= last.reserved:
        return failed(
            f"In {last.named} the capture kernel ran out of memory with {human_size(last.reserved)} reserved."
        )
    if proof and proof.peak is not None and proof.usable:
        return _measured(case, proof, peak=proof.peak, usable=proof.usable)
    if engine_of(case):
        return _as_vendor(case, reserved)
    return unknown("No drill has measured what the capture kernel needs here.")


def _measured(case: Case, proof: Proof, *, peak: int, usable: int) -> Finding:
    margin = case.thresholds.memory_margin_percent
    case.note("proof.memory", {"peak_bytes": peak, "usable_bytes": usable})
    words = f"in {proof.named} the capture kernel used {human_size(peak)} of {human_size(usable)} at most"
    if peak * (100 + margin) > usable * 100:
        return failed(f"Less than {margin}% were left: {words}.")
    return passed(f"At least {margin}% were left: {words}.")


def _as_vendor(case: Case, reserved: int) -> Finding:
    total = case.number("memory_total_bytes") + reserved
    try:
        vendor = _vendor(case)
        wanted = evaluate(parse_spec(vendor.spec), ram=total, release=case.text("release")).size
    except NothingReservedError:
        return unknown(
            "The distribution has no figure for a machine with so little memory, and no drill has measured one."
        )
    except (NoTableError, SpecError) as error:
        return unknown(error.message)
    words = f"{vendor.distribution} {vendor.version} reserves {human_size(wanted)} on such a machine"
    if reserved < wanted:
        return failed(f"{human_size(reserved)} are reserved; {words} ({vendor.source}).")
    return passed(f"{human_size(reserved)} are reserved; {words} ({vendor.source}).")


def _vendor(case: Case) -> Vendor:
    """By the tables; a MissingError where the evidence does not say what they go by."""
    architecture = MACHINES.get(case.text("machine"))
    if architecture is None:
        raise MissingError("machine")
    hardware = Hardware(case.flag("system.memory_encryption"), case.flag("system.mlx5"), case.flag("system.smmu"))
    distribution = Distribution(case.text("system.distribution"), case.text("system.version"))
    page = case.number("system.page_bytes")
    return choose_table(distribution, architecture=architecture, page=page, hardware=hardware)


def not_wasteful(case: Case) -> Finding:
    """What is reserved is lost to everything else."""
    reserved = case.number("crash.reserved_bytes")
    total = case.number("memory_total_bytes") + reserved
    share = reserved * 100 / total if total else 0
    words = f"{human_size(reserved)} are {share:.1f}% of the memory"
    limit = case.thresholds.reserved_percent
    return (passed if share <= limit else failed)(f"{words}; up to {limit}% are allowed.")


CONTROLS: t.Final = (
    Spec(
        id="KD-101",
        title="crashkernel= is on the running command line",
        severity="high",
        rationale="Memory can be set aside at boot only. Without the argument nothing is, and nothing can be loaded.",
        evidence=("command_line",),
        remediation="Set kdump_crashkernel, run linux.kdump.deploy with kdump_reboot=true, or use the module "
        "linux.kdump.crashkernel and reboot.",
        judge=on_line,
        references=(KDUMP, PARAMETERS),
    ),
    Spec(
        id="KD-102",
        title="crashkernel= is the same in every boot entry",
        severity="high",
        rationale="The argument of the running kernel says nothing about the next boot. Tools have been seen to say "
        "that they changed an entry and to change none, and entries of new kernels come without it.",
        evidence=("boot.entries", "boot.problem", "command_line", "omitted.boot.entries"),
        remediation="Run linux.kdump.deploy, or the module linux.kdump.crashkernel, which reads every entry again "
        "after it has changed it.",
        judge=in_every_entry,
        references=(PARAMETERS,),
    ),
    Spec(
        id="KD-103",
        title="The reservation has really been made",
        severity="critical",
        rationale="A machine with less memory than the first range, memory in pieces, or a typo make a kernel that was "
        "told to reserve reserve nothing, or less. It says so in its log only.",
        evidence=(
            "crash.reserved_bytes", "crash.expected_bytes", "command_line", "memory_total_bytes", "release", "machine",
            "system.distribution", "system.version", "system.page_bytes", "system.memory_encryption", "system.mlx5",
            "system.smmu",
        ),
        remediation="Look for crashkernel in the kernel's log. linux.kdump.crashkernel tells beforehand what a value "
        "reserves on a host.",
        judge=really_made,
        references=(KDUMP,),
    ),
    Spec(
        id="KD-104",
        title="The reservation is large enough",
        severity="high",
        rationale="A capture kernel that runs out of memory saves nothing. How much it takes depends on the kernel, "
        "the save environment and the machine, so the best figure is a measured one.",
        evidence=(
            "crash.reserved_bytes", "folder.unlock_bytes", "proof.memory", "memory_total_bytes", "release", "machine",
            "system.distribution", "system.version", "system.page_bytes", "system.memory_encryption", "system.mlx5",
            "system.smmu", "engine.name", "load", "service.enabled",
        ),
        remediation="Run a drill (linux.kdump.crash_test), which measures it, or linux.kdump.calibrate, and set "
        "kdump_crashkernel accordingly.",
        judge=large_enough,
        references=(KDUMP,),
    ),
    Spec(
        id="KD-105",
        title="The reservation is not wastefully large",
        severity="low",
        rationale="What is reserved is taken from everything else for as long as the host runs, on every host.",
        evidence=("crash.reserved_bytes", "memory_total_bytes"),
        remediation="Set kdump_crashkernel=fit, which takes the smallest size that was measured to work.",
        judge=not_wasteful,
    ),
)  # fmt: skip
