# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrate: find the smallest reservation by drills on emulated machines, and keep the figures.

What was found for one machine is written at once: an interrupted calibration goes on with the next one.
"""

from __future__ import annotations

import datetime
import os
import shutil
import tempfile
import time
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..command import CommandRunner
from ..crashkernel import table
from ..crashkernel.calibration import GRANULARITY, Bounds, Budget, Trial, search
from ..crashkernel.evaluate import amount
from ..errors import KdumpError
from ..files import canonical_json, sha256_file, write_atomic
from ..progress import Progress
from .drill.run import run
from .drill.spec import DrillResult, DrillSpec
from .sizes import parse_size
from .waiting import Clock, SystemClock, locked

#: How a drill is run; a test has its own way.
RunDrill = Callable[..., DrillResult]

#: The kind of target that a drill's own disk is.
TARGET: t.Final = "local"
_CONSOLE: t.Final = "console.log"
_LONGEST_DETAIL: t.Final = 300
_LOCK_LIMIT: t.Final = 60.0
#: A drill's disk, sparse. What a mounted file system takes of the capture kernel's memory grows a little with its size,
#: so it is as large as a small host's.
_DISK: t.Final = 16 << 30


@dataclass(frozen=True)
class Request:
    """What to measure and how."""

    path: str
    profile: str
    #: The drill of the first trial; size, memory and processors differ from machine to machine.
    drill: DrillSpec
    machines: tuple[tuple[int, int], ...]
    bounds: Bounds
    passes: int
    budget: Budget
    force: bool = False
    logs: t.Optional[str] = None
    release: t.Optional[str] = None


@dataclass(frozen=True)
class Plan:
    """What is still to be measured."""

    cases: tuple[table.Case, ...]

    @property
    def changed(self) -> bool:
        """Whether anything is."""
        return bool(self.cases)


def request(options: Mapping[str, t.Any]) -> Request:
    """The request that a module's options make."""
    architecture = options["architecture"]
    step = parse_size(options["granularity"], name="granularity") if options["granularity"] else None
    granularity = step or GRANULARITY.get(architecture, 1 << 20)
    sizes = {name: parse_size(options[name], name=name) for name in ("smallest", "largest", "first")}
    memories = [parse_size(size, name="memory") for size in options["memory"]]
    machines = tuple((memory, cpus) for memory in memories for cpus in options["cpus"])
    if not machines:
        raise KdumpError("Cannot calibrate for no machine: memory or cpus is empty. Name one of each at least.")
    if options["trials"] < 1 or options["seconds"] < 1:
        raise KdumpError("Cannot calibrate without a budget: trials and seconds must be 1 or more.")
    specs = [_spec(options, architecture, memory, cpus) for memory, cpus in machines]
    return Request(
        path=options["path"],
        profile=options["profile"],
        drill=specs[0],
        machines=machines,
        bounds=Bounds(sizes["smallest"], sizes["largest"], sizes["first"], granularity),
        passes=options["passes"],
        budget=Budget(options["trials"], options["seconds"]),
        force=options["force"],
        logs=options["logs"],
        release=options["release"],
    )


def desired(request: Request) -> tuple[table.Case, ...]:
    """What is to be known in the end."""
    try:
        kernel, initramfs = sha256_file(request.drill.capture_kernel), sha256_file(request.drill.initramfs)
    except OSError as error:
        raise KdumpError(
            f"Cannot calibrate with {error.filename}: {error.strerror or error}. Build it with the role "
            "linux.kdump.capture_kernel."
        ) from error
    return tuple(
        table.Case(
            profile=request.profile,
            architecture=request.drill.architecture,
            kernel=kernel,
            initramfs=initramfs,
            memory=memory,
            cpus=cpus,
            target=TARGET,
            release=request.release,
        )
        for memory, cpus in request.machines
    )


def plan(cases: Sequence[table.Case], known: Sequence[table.Entry], *, force: bool) -> Plan:
    """What is not known yet. A search whose budget ran out is made again."""
    answered = {table.key_of(item) for item in known if item["smallest_bytes"] is not None}
    return Plan(tuple(case for case in cases if force or case.key not in answered))


def apply(
    plan: Plan,
    request: Request,
    *,
    probe_of: Callable[[table.Case], Callable[[int], Trial]],
    warn: Callable[[str], None],
) -> None:
    """Measure, machine by machine, and write what is known after each."""
    for case in plan.cases:
        outcome = search(probe_of(case), request.bounds, passes=request.passes, budget=request.budget)
        found = table.entry(
            case,
            outcome,
            granularity=request.bounds.granularity,
            passes=request.passes,
            date=datetime.datetime.now(datetime.timezone.utc),
        )
        kept = _keep(request.path, found)
        if outcome.smallest is None:
            stays = "" if kept else " What was measured before stays."
            warn(f"Cannot tell what {_name(case)} needs: {outcome.remarks[0]}. Allow more trials or seconds.{stays}")


def calibrate(
    options: Mapping[str, t.Any],
    *,
    runner: CommandRunner,
    progress: Progress,
    check: bool,
    warn: Callable[[str], None],
    clock: t.Optional[Clock] = None,
    drill: RunDrill = run,
) -> dict[str, t.Any]:
    """The module's whole work."""
    wanted = request(options)
    cases = desired(wanted)
    todo = plan(cases, table.read(wanted.path), force=wanted.force)
    if todo.changed and not check:
        probes = Probes(wanted, runner, progress, clock or SystemClock(), drill, len(todo.cases))
        apply(todo, wanted, probe_of=probes.of, warn=warn)
    keys = {case.key for case in cases}
    entries = [item for item in table.read(wanted.path) if table.key_of(item) in keys]
    return {
        "changed": todo.changed,
        "path": wanted.path,
        "calibration": table.document(entries),
        "table": table.lines(entries),
        "remarks": [f"{amount(item['memory_bytes'])}: {remark}" for item in entries for remark in item["remarks"]],
    }


@dataclass(frozen=True)
class Probes:
    """Makes the drills of a calibration."""

    request: Request
    runner: CommandRunner
    progress: Progress
    clock: Clock
    drill: RunDrill
    machines: int

    def of(self, case: table.Case) -> Callable[[int], Trial]:
        """The probe for one machine."""
        number = iter(range(1, 1 << 30))
        where = _name(case)

        def probe(size: int) -> Trial:
            count = next(number)
            self.progress.say(f"{where}: trial {count}, {amount(size)}")
            trial = self._try(case, size, count)
            used = f", {trial.peak_used_kib / 1024:.1f}M used" if trial.peak_used_kib else ""
            self.progress.say(f"{where}: trial {count}, {amount(size)}: {trial.outcome}{used}")
            return trial

        return probe

    def _try(self, case: table.Case, size: int, count: int) -> Trial:
        spec = replace(self.request.drill, memory=case.memory, cpus=case.cpus, crashkernel=f"{size >> 10}K")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="linux-kdump-calibrate-") as folder:
            result = self.drill(spec, folder=folder, runner=self.runner, clock=self.clock)
            self._keep_console(result, f"{case.memory >> 20}M-{case.cpus}-{size >> 10}K-{count}.log")
        passed = result.ok
        return Trial(
            size=size,
            passed=passed,
            outcome="captured" if passed else _failure(result),
            detail="" if passed else _cause(result.message),
            seconds=time.monotonic() - began,
            total_kib=result.total_kib,
            peak_used_kib=result.peak_used_kib,
        )

    def _keep_console(self, result: DrillResult, name: str) -> None:
        if self.request.logs and os.path.isfile(result.console):
            os.makedirs(self.request.logs, exist_ok=True)
            shutil.copyfile(result.console, os.path.join(self.request.logs, name))


def _name(case: table.Case) -> str:
    return f"{case.profile}, {amount(case.memory)} RAM, {case.cpus} CPUs"


def _cause(message: str) -> str:
    """What a drill's message says of the cause; the console that it names goes away with the trial."""
    return message.partition("Cannot drill: ")[2].split(". ")[0][:_LONGEST_DETAIL]


def _failure(result: DrillResult) -> str:
    """The drill's word, or that its dump is not a good one."""
    if not result.captured:
        return result.outcome
    return f"dump {(result.verdict or {}).get('verdict') or 'not found'}"


def _spec(options: Mapping[str, t.Any], architecture: str, memory: int, cpus: int) -> DrillSpec:
    return DrillSpec(
        architecture=architecture,
        kernel=options["kernel"],
        modules=options["modules"],
        tools=options["tools"],
        capture_kernel=options["capture_kernel"],
        initramfs=options["initramfs"],
        memory=memory,
        cpus=cpus,
        append=options["append"],
        system_append=options["system_append"],
        disk=_DISK,
        timeout=options["timeout"],
        stall=options["stall"],
    )


def _keep(path: str, found: table.Entry) -> bool:
    """Whether it went into the document, which a search without an answer may not."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with locked(f"{path}.lock", what=f"write {path}", seconds=_LOCK_LIMIT, clock=SystemClock()):
        merged = table.merge(table.read(path), [found])
        write_atomic(path, canonical_json(table.document(merged)))
    return found in merged
