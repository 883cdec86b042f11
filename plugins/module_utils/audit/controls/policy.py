# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KD-0xx: what is wanted of a host at all, and whether its hardening lets that be."""

from __future__ import annotations

import typing as t

from ...crashkernel.grammar import PARAMETER, on_command_line
from ...host import paths
from ...proof.text import human_size
from ..documents import POSTURES
from ..model import Case, Finding, Spec, failed, passed
from ..references import KDUMP, KDUMP_OFF, KEXEC_OFF
from .common import PLACE, active_units, check_place, engine_of, every_dump, listed, whole

DISABLED: t.Final = "kernel.kexec_load_disabled"


def posture_declared(case: Case) -> Finding:
    """Somebody has decided."""
    case.note("policy.posture", case.posture if case.declared else None)
    if case.declared:
        return passed(f"The policy says that kdump is {case.posture} here.")
    return failed(
        f"The policy does not say what is wanted of this host; it was judged as if kdump were {case.posture}."
    )


def nothing_left(case: Case) -> Finding:
    """Off means that nothing loads, nothing is loaded, nothing is reserved and nothing lies around."""
    found = [*_armed(case), *_reserved(case), *_left_over(case)]
    if found:
        return failed(f"Kdump is forbidden here, but {listed(found, most=6)}.")
    check_place(case, afterwards=True)
    whole(case, "boot.entries")
    every_dump(case)
    none = "The running kernel can load no crash image" if _cannot(case) else "Nothing loads a crash image"
    return passed(f"{none}, nothing is reserved, and no dump lies here.")


def _cannot(case: Case) -> bool:
    """A kernel that was built without kexec has no files that say what is loaded and reserved."""
    if case.nullable("crash.loaded") is not None or case.nullable("crash.reserved_bytes") is not None:
        return False
    lacks, symbols = case.items("kernel_lacks"), case.table("kernel_config.symbols")
    return "CRASH_DUMP" in lacks or ("KEXEC" in lacks and symbols.get("KEXEC_FILE") != "y")


def _armed(case: Case) -> list[str]:
    found = ["a crash image is loaded"] if not _cannot(case) and case.flag("crash.loaded") else []
    return found + [f"{unit} is on" for unit in active_units(case)]


def _reserved(case: Case) -> list[str]:
    reserved = 0 if _cannot(case) else case.number("crash.reserved_bytes")
    found = [f"{human_size(reserved)} of memory are reserved"] if reserved else []
    if on_command_line(case.text("command_line")):
        found.append(f"{PARAMETER} is on the running command line")
    entries = case.entries("boot.entries")
    passing = [str(entry["title"]) for entry in entries if entry.get("managed") and entry.get("crashkernel")]
    return found + ([f"{PARAMETER} is in the boot entries {listed(passing)}"] if passing else [])


def _left_over(case: Case) -> list[str]:
    dumps = case.entries("dumps")
    count = "a dump lies" if len(dumps) == 1 else f"{len(dumps)} dumps lie"
    return [f"{count} in {case.find('target.path')}"] if dumps else []


def no_conflict(case: Case) -> Finding:
    """Kdump is wanted, so nothing of the host's hardening may be against it."""
    masked = [str(unit) for unit in case.items("masked")]
    mine = paths.UNIT_NAME if engine_of(case) is None else case.text("engine.unit")
    found = [f"{mine} is masked"] if mine in masked else []
    setting = case.table("boot_sysctls").get(DISABLED) or {}
    forbidden = setting.get("value", "0") != "0"
    if forbidden and engine_of(case):
        found.append(f"{setting['path']} sets {DISABLED}={setting['value']} before the service has loaded anything")
    if case.flag("crash.load_disabled") and not case.flag("crash.loaded"):
        found.append(f"{DISABLED} is 1 and nothing is loaded")
    if found:
        return failed(f"What is wanted and the host's hardening are at odds: {listed(found)}.")
    if forbidden:
        return passed(f"{DISABLED} is set at boot, after this collection's loader has loaded the image.")
    return passed("Nothing of the host's hardening keeps the crash image from being loaded.")


CONTROLS: t.Final = (
    Spec(
        id="KD-001",
        title="The policy says what is wanted of the host",
        severity="medium",
        rationale="Benchmarks want kdump off, operators want it on and tested. On one host only one of them can be "
        "right, so somebody has to decide for every host, in writing.",
        postures=POSTURES,
        evidence=(),
        remediation="Give the host, or one of its groups, a posture in kdump_audit_policy: required, optional or "
        "forbidden.",
        judge=posture_declared,
        references=(*KDUMP_OFF, KDUMP),
    ),
    Spec(
        id="KD-002",
        title="Where kdump is forbidden, nothing of it is left",
        severity="high",
        rationale="Switching the service off fulfils the letter of the benchmarks. The reservation still takes memory "
        "that nobody can use, an image that is loaded still runs at the next panic, and old dumps still hold what was "
        "in memory.",
        postures=("forbidden",),
        evidence=(
            "crash.loaded", "service.enabled", "service.active", "distribution", "crash.reserved_bytes", "command_line",
            "boot.entries", "dumps", "omitted.boot.entries", "omitted.dumps", "unread", "omitted.unread",
            "kernel_lacks", "kernel_config.symbols",
            *(key for key in PLACE if key != "service.enabled"),
        ),
        remediation="Run linux.kdump.deploy with kdump_state=absent and kdump_reboot=true; for the kdump of the "
        "distribution use linux.kdump.kdump_service with state=disarmed. Move old dumps off the host with "
        "linux.kdump.collect and kdump_collect_remove=true.",
        judge=nothing_left,
        references=KDUMP_OFF,
    ),
    Spec(
        id="KD-003",
        title="The host's hardening does not keep kdump from working",
        severity="high",
        rationale="Hardening roles mask the service or set kernel.kexec_load_disabled=1 at boot. Both are silent: the "
        "host looks configured, and loads nothing from the next boot on.",
        evidence=(
            "masked", "boot_sysctls", "crash.load_disabled", "crash.loaded", "load", "service.enabled", "engine.name",
            "engine.unit",
        ),
        remediation="Unmask the unit, or take the setting out of the file that is named. This collection's loader runs "
        "before settings are applied, so it can live with kernel.kexec_load_disabled=1. Where the benchmark has to "
        "win, make the posture forbidden or write an exception.",
        judge=no_conflict,
        references=(*KDUMP_OFF, *KEXEC_OFF),
    ),
)  # fmt: skip
