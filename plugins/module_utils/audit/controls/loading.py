# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KD-3xx: whether the image is loaded, and will be again."""

from __future__ import annotations

import posixpath
import typing as t
from collections.abc import Mapping

from ...host import paths
from ...kexec.refusal import LOCKED
from ..model import Case, Finding, MissingError, Spec, failed, passed, unknown
from ..references import HOTPLUG, KDUMP, KEXEC_OFF, SYSCTL
from .common import distribution_units, engine_of, listed, uses_collection
from .policy import DISABLED

_OURS: t.Final = "collection"
#: Who brings which rule of udev: it restarts that one's service, whoever else serves the host.
_RULES: t.Final[Mapping[str, str]] = {
    posixpath.basename(paths.HOTPLUG_RULE): _OURS, "98-kexec.rules": "kdump-utils",
    "50-kdump-tools.rules": "kdump-tools", "70-kdump.rules": "suse",
}  # fmt: skip
_LIMIT: t.Final = "kernel.kexec_load_limit_panic"


def loaded(case: Case) -> Finding:
    """At this moment."""
    if case.flag("crash.loaded"):
        return passed("A crash image is loaded.")
    why = case.find("load_error")
    return failed(f"No crash image is loaded. {why}" if isinstance(why, str) and why else "No crash image is loaded.")


def as_on_disk(case: Case) -> Finding:
    """What is loaded is what was installed."""
    if not case.flag("crash.loaded"):
        return failed("No crash image is loaded.")
    if engine_of(case):
        return _changed_since_boot(case)
    if case.find("load") is None:
        return failed("Something is loaded that this collection's loader did not load.")
    if case.flag("load_current"):
        return passed("What is loaded was loaded in this boot, and is what lies on the disk.")
    return failed("What is loaded is not what lies on the disk, or was not loaded in this boot.")


def _changed_since_boot(case: Case) -> Finding:
    """The distributions remember no digests: files that are older than the boot are what it loaded."""
    uptime = case.find("uptime")
    if not isinstance(uptime, (int, float)):
        raise MissingError("uptime")
    release, files = case.text("release"), case.table("files")
    image = next(
        (kernel["initramfs"] for kernel in case.entries("engine.kernels") if kernel["release"] == release), None
    )
    if image is None or image not in files:
        raise MissingError("engine.kernels")
    if files[image]["modified"] > case.number("system.time") - uptime:
        return unknown(f"{image} was written after the boot; whether it was loaded again nobody knows.")
    return passed(f"{image} is as it was when the host booted.")


def service_on(case: Case) -> Finding:
    """Exactly one unit loads the image at every boot."""
    own = {"unit": paths.UNIT_NAME, "enabled": case.flag("service.enabled"), "active": case.flag("service.active")}
    units = [own, *distribution_units(case)]
    on = [unit for unit in units if unit.get("enabled") is True]
    if not on:
        return failed("No service loads a crash image at boot.")
    names = [str(unit["unit"]) for unit in on]
    if len(on) > 1:
        return failed(f"Several services load a crash image, each in the other's place: {listed(names)}.")
    if on[0].get("active") is not True:
        why = case.find("load_error")
        return failed(
            f"{names[0]} is enabled and has failed, or did not run. {why if isinstance(why, str) else ''}".strip()
        )
    return passed(f"{names[0]} is enabled and has run.")


def allowed_next_boot(case: Case) -> Finding:
    """Settings, limits and signatures."""
    settings = case.table("boot_sysctls")
    engine = engine_of(case)
    for name, forbids in ((DISABLED, _not_zero), (_LIMIT, _is_zero)):
        setting = settings.get(name)
        # This collection's loader runs before systemd-sysctl.
        if engine and isinstance(setting, dict) and forbids(str(setting.get("value"))):
            return failed(f"{setting['path']} sets {name}={setting['value']}, before {case.text('engine.unit')} runs.")
    lockdown = case.nullable("crash.lockdown")
    if lockdown not in LOCKED:
        return passed("No setting forbids it, and the kernel is not locked down.")
    if case.flag("crash.loaded"):
        return passed(f"The kernel is locked down ({lockdown}), and took the image in this boot.")
    return failed(f"The kernel is locked down ({lockdown}) and takes signed images only; nothing is loaded.")


def _not_zero(value: str) -> bool:
    return value != "0"


def _is_zero(value: str) -> bool:
    return value == "0"


def _rules(case: Case) -> tuple[list[str], list[str]]:
    """The rules of udev that are of the kdump that serves the host, and those that nobody's kdump is known to bring."""
    found = [str(rule) for rule in case.items("hotplug.rules")]
    server = _OURS if uses_collection(case) else engine_of(case)
    mine = [rule for rule in found if server and _RULES.get(rule) == server]
    return mine, [rule for rule in found if server and rule not in _RULES]


def follows_hotplug(case: Case) -> Finding:
    """The image describes memory and CPUs as they were when it was loaded."""
    devices = case.number("hotplug.memory_devices")
    possible, present = case.number("hotplug.cpus_possible"), case.number("hotplug.cpus_present")
    rules, doubtful = _rules(case)
    stale = []
    if devices and case.find("hotplug.kernel_updates_memory") != 1:
        stale.append("memory")
    if possible > present and case.find("hotplug.kernel_updates_cpus") != 1:
        stale.append("CPUs")
    if not stale:
        return passed("Nothing can be plugged in, or the kernel itself keeps the image up to date.")
    if rules:
        return passed(f"{' and '.join(stale)} can be plugged in, and {listed(rules)} has the image loaded anew.")
    if doubtful:
        return unknown(f"Whether {listed(doubtful)} has this host's image loaded anew nobody knows.")
    return failed(f"{' and '.join(stale)} can be plugged in, and nobody loads the image anew then.")


CONTROLS: t.Final = (
    Spec(
        id="KD-301",
        title="A crash image is loaded",
        severity="critical",
        rationale="If it is not loaded when the kernel panics, nothing is saved.",
        evidence=("crash.loaded", "load_error"),
        remediation="Run linux.kdump.deploy; the message says why the loader failed, where it did.",
        judge=loaded,
        references=(KDUMP,),
    ),
    Spec(
        id="KD-302",
        title="What is loaded is what is installed",
        severity="high",
        rationale="After an update the old image stays in memory until it is loaded anew, and another one may save in "
        "another way, or not at all.",
        evidence=("crash.loaded", "load", "load_current", "service.enabled", "engine.name", "engine.kernels", "files",
                  "system.time", "uptime", "release"),
        remediation="Run linux.kdump.deploy, or restart the service.",
        judge=as_on_disk,
    ),
    Spec(
        id="KD-303",
        title="One service loads it at every boot",
        severity="high",
        rationale="An image that was loaded by hand is gone after the next boot. Two services replace each other's.",
        evidence=("service.enabled", "service.active", "distribution", "load_error"),
        remediation="Run linux.kdump.deploy; switch the other service off with linux.kdump.kdump_service and "
        "state=disarmed.",
        judge=service_on,
    ),
    Spec(
        id="KD-304",
        title="The next boot will be allowed to load it",
        severity="high",
        rationale="kernel.kexec_load_disabled=1 and kernel.kexec_load_limit_panic=0 are applied early in the boot, and "
        "a kernel that is locked down takes only images with a signature that it trusts.",
        evidence=("boot_sysctls", "crash.lockdown", "crash.loaded", "engine.name", "engine.unit", "load",
                  "service.enabled"),
        remediation="Use this collection's loader, which runs before settings are applied; allow one load with "
        "kernel.kexec_load_limit_panic=1; sign the capture kernel (kdump_kernel_sign).",
        judge=allowed_next_boot,
        references=(*KEXEC_OFF, SYSCTL),
    ),
    Spec(
        id="KD-305",
        title="It follows memory and CPUs that are plugged in",
        severity="low",
        rationale="The image describes the machine as it was when it was loaded. What is plugged in later is missing "
        "from the dump, unless the kernel or a rule of udev brings the image up to date.",
        evidence=("hotplug.memory_devices", "hotplug.cpus_possible", "hotplug.cpus_present", "hotplug.rules",
                  "hotplug.kernel_updates_memory", "hotplug.kernel_updates_cpus", "engine.name", "load",
                  "service.enabled"),
        remediation="Boot a kernel with crash hotplug (CONFIG_CRASH_HOTPLUG), or have a rule of udev restart the "
        "service.",
        judge=follows_hotplug,
        references=(HOTPLUG,),
    ),
)  # fmt: skip
