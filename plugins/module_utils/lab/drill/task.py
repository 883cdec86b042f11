# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module that drills does with its options."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping

from ...command import CommandRunner
from ...progress import Progress
from ..sizes import parse_size
from ..waiting import AttendedClock, locked
from .argv import capture_line, qemu_argv
from .run import run
from .spec import DrillError, DrillResult, DrillSpec

#: Stands for the UUID of a disk that is not made yet.
_SOME_UUID: t.Final = "00000000-0000-0000-0000-000000000000"
#: Seconds to wait for another drill in the same folder, which may be one that was interrupted and is tidying up.
_LOCK_LIMIT: t.Final = 60


def drill_spec(options: Mapping[str, t.Any]) -> DrillSpec:
    """The drill that a task's options ask for."""
    return DrillSpec(
        architecture=options["architecture"],
        kernel=options["kernel"],
        capture_kernel=options["capture_kernel"],
        initramfs=options["initramfs"],
        tools=options["tools"],
        modules=options["modules"] or None,
        memory=parse_size(options["memory"], name="memory"),
        cpus=options["cpus"],
        crashkernel=options["crashkernel"],
        targets=tuple(options["targets"]),
        append=options["append"],
        system_append=options["system_append"],
        syscall=options["syscall"],
        disk=parse_size(options["disk_size"], name="disk_size") if options["disk_size"] else None,
        extra_args=tuple(options["extra_args"]),
        timeout=options["timeout"],
        stall=options["stall"],
        nonce=options["nonce"] or None,
    )


def produce(
    options: Mapping[str, t.Any], *, runner: CommandRunner, progress: Progress, check: bool
) -> dict[str, t.Any]:  # fmt: skip
    """The whole work of the module; anything but a sound dump of this very crash is an error."""
    spec, folder = drill_spec(options), os.path.abspath(options["path"])
    known = {"changed": True, "argv": qemu_argv(spec), "command_line": capture_line(spec, uuid=_SOME_UUID)}
    if check:
        return known
    clock = AttendedClock(progress.abandoned)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with locked(os.path.join(folder, ".lock"), what=f"drill in {folder}", seconds=_LOCK_LIMIT, clock=clock):
        result = run(spec, folder=folder, runner=runner, clock=clock, say=progress.say)
    facts = described(result)
    if not result.captured:
        raise DrillError(result.message, **facts)
    if result.verdict and not result.ok:
        raise DrillError(f"Cannot trust the dump {result.vmcore}: {_complaint(result)}.", **facts)
    return {**known, **facts}


def described(result: DrillResult) -> dict[str, t.Any]:
    """A result as a task returns it."""
    return {
        "outcome": result.outcome,
        "nonce": result.nonce,
        "events": [event.as_dict() for event in result.events],
        "seconds": _seconds(result),
        "memory": {
            "reserved_bytes": result.reserved_bytes,
            "total_kib": result.total_kib,
            "peak_used_kib": result.peak_used_kib,
        },
        "record": result.record,
        "dump": result.dump,
        "vmcore": result.vmcore,
        "verdict": result.verdict,
        "console": result.console,
    }


#: The stages of a drill that a person asks for: the events that each lies between.
STAGES: t.Final = {
    "boot": ("start", "armed"),
    "to_capture_kernel": ("panic", "capture_kernel"),
    "to_save_start": ("panic", "save-start"),
    "to_saved": ("panic", "core-saved"),
    "to_reboot": ("panic", "final-action"),
    "all": ("start", "end"),
}


def _seconds(result: DrillResult) -> dict[str, float | None]:
    times = {name: result.seconds(first, last) for name, (first, last) in STAGES.items()}
    return {name: None if seconds is None else round(seconds, 2) for name, seconds in times.items()}


def _complaint(result: DrillResult) -> str:
    verdict = result.verdict or {}
    findings = "; ".join(str(found["message"]).rstrip(".") for found in verdict.get("findings", ()))
    return f"its verdict is {verdict.get('verdict')}: {findings or 'nothing more is known'}"
