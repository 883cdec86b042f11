# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KD-5xx: which faults end in a panic, and what comes after one."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...policy.panic import SETTINGS
from ..model import Case, Finding, MissingError, Spec, failed, not_applicable, passed, unknown
from ..references import ANSSI, KDUMP, PARAMETERS, SYSCTL
from ..words import words_of
from .common import capture_words, engine_of, listed, told

#: What else turns a setting on at every boot: the kernel's configuration, or an argument of its command line.
_BUILT_IN: t.Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "panic_on_oops": ("PANIC_ON_OOPS", ("oops=panic",)),
    "softlockup_panic": ("BOOTPARAM_SOFTLOCKUP_PANIC", ("softlockup_panic=1",)),
    "hardlockup_panic": ("BOOTPARAM_HARDLOCKUP_PANIC", ("nmi_watchdog=panic", "hardlockup_panic=1")),
    "hung_task_panic": ("BOOTPARAM_HUNG_TASK_PANIC", ("hung_task_panic=1",)),
    "unknown_nmi_panic": ("", ("unknown_nmi_panic",)),
    "panic_on_warn": ("", ("panic_on_warn=1", "panic_on_warn")),
}
_NMI: t.Final = ("unknown_nmi_panic", "panic_on_unrecovered_nmi", "panic_on_io_nmi")
#: The detectors without which a setting never comes to pass.
_DETECTORS: t.Final[Mapping[str, str]] = {
    "softlockup_panic": "kernel.watchdog", "hardlockup_panic": "kernel.nmi_watchdog",
}  # fmt: skip
#: What leaves a host standing after a capture that failed.
_STANDS: t.Final = frozenset({"shell", "halt", "poweroff"})
_NO: t.Final = frozenset({"no", "false", "0"})


def _problem(case: Case, setting: str) -> str | None:
    """Why a fault would not panic, now or after the next boot; None where it would."""
    name = SETTINGS[setting][0]
    live = case.nullable(f"sysctls.{name}")
    if live is None:
        return f"the kernel has no {name}"
    if live != 1:
        return f"{name} is {live}"
    at_boot = case.find("boot_sysctls")
    if not isinstance(at_boot, dict):
        raise MissingError("boot_sysctls")
    told = at_boot.get(name)
    if isinstance(told, dict):
        return None if told.get("value") == "1" else f"{told.get('path')} sets {name}={told.get('value')} at boot"
    return None if _from_the_start(case, setting) else f"{name} is 1 until the next boot only"


def _from_the_start(case: Case, setting: str) -> bool:
    symbol, arguments = _BUILT_IN.get(setting, ("", ()))
    words = {word.text for word in words_of(case.text("command_line"))}
    built_in = bool(symbol) and case.find(f"kernel_config.symbols.{symbol}") == "y"
    return built_in or bool(words & set(arguments))


def oops_panics(case: Case) -> Finding:
    """An oops leaves a kernel behind that nobody can trust."""
    problem = _problem(case, "panic_on_oops")
    return (
        failed(f"An oops does not panic: {problem}.") if problem else passed("An oops panics, now and at every boot.")
    )


def faults_panic(case: Case) -> Finding:
    """The others that the policy names."""
    wanted = case.thresholds.panic_on
    if not wanted:
        return not_applicable("The policy names no further fault that must panic.")
    problems = [problem for problem in (_problem(case, setting) for setting in wanted) if problem]
    problems += [
        f"{detector} is 0, so nothing is ever detected"
        for setting, detector in _DETECTORS.items()
        if setting in wanted and case.number(f"sysctls.{detector}") == 0
    ]
    if problems:
        return failed(f"Not all faults that the policy names panic: {listed(problems)}.")
    return passed(f"What the policy names panics: {listed(list(wanted), most=9)}.")


def nmi_panics(case: Case) -> Finding:
    """Providers and management controllers send an NMI to a host that hangs."""
    if not case.thresholds.nmi_panics:
        return not_applicable("The policy does not say that NMIs are sent to this host.")
    problems = [problem for problem in (_problem(case, setting) for setting in _NMI) if problem]
    return failed(f"Not every NMI panics: {listed(problems)}.") if problems else passed("Every NMI that counts panics.")


def comes_back(case: Case) -> Finding:
    """A host that cannot save must at least come back."""
    problem = _stands_still(case)
    if problem:
        return failed(f"{problem}: after a panic that nobody captures, the host stands still.")
    words = capture_words(case)
    if words is not None:
        return _capture_comes_back({word.text for word in words})
    if engine_of(case) is None:
        return unknown("Nobody knows what the capture kernel does where it fails.")
    settings = case.table("engine.settings")
    final = told(settings, "final_action")
    if final in _STANDS:
        return failed(f"After a dump the host does not come back: final_action {final}.")
    at_once = told(settings, "KDUMP_IMMEDIATE_REBOOT")
    if at_once in _NO:
        return failed(f"After a dump the host does not come back: KDUMP_IMMEDIATE_REBOOT={at_once}.")
    action = told(settings, "failure_action") or told(settings, "default")
    if action in _STANDS or told(settings, "KDUMP_CONTINUE_ON_ERROR") in _NO:
        return failed("Where the distribution's kdump fails to save, the host does not reboot.")
    return passed("The host reboots after a panic, and where saving fails.")


def _stands_still(case: Case) -> str | None:
    """Why the kernel itself would not reboot after a panic, now or after the next boot; None where it would."""
    live = case.find("sysctls.kernel.panic")
    if not isinstance(live, int):
        raise MissingError("sysctls.kernel.panic")
    if live == 0:
        return "kernel.panic is 0"
    told = case.table("boot_sysctls").get("kernel.panic")
    if isinstance(told, dict):
        return f"{told.get('path')} sets kernel.panic=0 at boot" if told.get("value") == "0" else None
    built_in = case.find("kernel_config.symbols.PANIC_TIMEOUT") not in (None, "0")
    given = any(word.name == "panic" and word.text != "panic=0" for word in words_of(case.text("command_line")))
    return None if built_in or given else f"kernel.panic is {live} until the next boot only"


def _capture_comes_back(words: set[str]) -> Finding:
    final = next((word.partition("=")[2] for word in words if word.startswith("kdump.final=")), None)
    if final in _STANDS:
        return failed(f"After a capture the host does not come back: kdump.final={final}.")
    if not any(word.startswith("panic=") and word != "panic=0" for word in words):
        return failed("A capture kernel that panics itself stands still: its command line has no panic=.")
    return passed("The host reboots after a panic, after a capture, and where the capture kernel fails.")


CONTROLS: t.Final = (
    Spec(
        id="KD-501",
        title="An oops panics",
        severity="high",
        rationale="After an oops the kernel goes on with a task less and locks that nobody releases. Without a panic "
        "there is no dump of the bug, and data may be damaged.",
        evidence=(
            "sysctls.kernel.panic_on_oops",
            "boot_sysctls",
            "command_line",
            "kernel_config.symbols.PANIC_ON_OOPS",
        ),
        remediation="kdump_panic_policy: {panic_on_oops: 1} of linux.kdump.deploy, or linux.kdump.panic_policy.",
        judge=oops_panics,
        references=(SYSCTL, ANSSI),
    ),
    Spec(
        id="KD-502",
        title="The faults that the policy names panic",
        severity="medium",
        rationale="A host that hangs in a lockup saves nothing until somebody crashes it. Which faults should crash it "
        "is for its owner to say.",
        evidence=(
            *(f"sysctls.{name}" for name, _range in SETTINGS.values()), "sysctls.kernel.watchdog",
            "sysctls.kernel.nmi_watchdog", "boot_sysctls", "command_line",
            *(f"kernel_config.symbols.{symbol}" for symbol, _arguments in _BUILT_IN.values() if symbol),
        ),
        remediation="Name them in kdump_panic_policy of linux.kdump.deploy, or linux.kdump.panic_policy; what must "
        "panic is the policy's threshold panic_on.",
        judge=faults_panic,
        references=(SYSCTL, PARAMETERS),
    ),
    Spec(
        id="KD-503",
        title="An NMI panics",
        severity="low",
        rationale="Clouds and management controllers offer to send an NMI to a host that answers no more: the last "
        "way to a dump. The kernel ignores it unless it is told not to.",
        evidence=(*(f"sysctls.kernel.{name}" for name in _NMI), "boot_sysctls", "command_line"),
        remediation="kdump_panic_policy: {unknown_nmi_panic: 1, panic_on_unrecovered_nmi: 1, panic_on_io_nmi: 1}. "
        "Where nobody sends any, leave the threshold nmi_panics false.",
        judge=nmi_panics,
        references=(SYSCTL,),
    ),
    Spec(
        id="KD-504",
        title="The host comes back whatever happens",
        severity="medium",
        rationale="kernel.panic=0 leaves a host standing after a panic without a crash image, and a capture kernel "
        "that fails or ends in a shell leaves it standing too.",
        evidence=("sysctls.kernel.panic", "boot_sysctls", "kernel_config.symbols.PANIC_TIMEOUT", "command_line",
                  "load.command_line", "engine.settings", "engine.name", "load", "service.enabled"),
        remediation="kdump_panic_policy: {panic: 10}, and kdump_final_action=reboot; for the distribution's kdump "
        "final_action and failure_action reboot, or KDUMP_IMMEDIATE_REBOOT and KDUMP_CONTINUE_ON_ERROR true.",
        judge=comes_back,
        references=(SYSCTL, KDUMP),
    ),
)  # fmt: skip
