# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring one guest into the state that is asked for."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import typing as t
from dataclasses import dataclass, replace

from ..command import CommandRunner
from ..errors import KdumpError
from . import qmp
from .accel import choose
from .argv import OVMF, VARIABLES, disk_name
from .keys import ensure_lab_key, seed_guest
from .machine import Machine
from .network import check_neighbours
from .spec import GuestSpec, checked_lifetime, checked_name, differences, guest_spec
from .state import GuestPaths, GuestRecord, LabPaths, describe, known_networks, read_record, write_record
from .waiting import AttendedClock, Clock, locked, nobody_listens, orderly_end

_LOCK_LIMIT: t.Final = 900
_DISK_LIMIT: t.Final = 60


@dataclass(frozen=True)
class Desired:
    """What is asked for."""

    name: str
    state: str
    spec: GuestSpec | None
    recreate: bool
    wait: bool
    wait_seconds: int
    stop_seconds: int
    lifetime: int


@dataclass(frozen=True)
class Current:
    """What is there."""

    exists: bool
    record: GuestRecord | None

    @property
    def running(self) -> bool:
        return self.record is not None and self.record.running


def current(lab: LabPaths, name: str, *, tolerant: bool) -> Current:
    """The guest as it is; ``tolerant`` takes a damaged record for a guest of unknown make, fit to be removed."""
    paths = lab.guest(name)
    try:
        record = read_record(paths)
    except KdumpError:
        if not tolerant:
            raise
        record = None
    exists = os.path.isdir(paths.root)
    if exists:
        _check_ours(paths)
    return Current(exists=exists, record=record)


def plan(desired: Desired, now: Current) -> tuple[str, ...]:
    """The steps from what is there to what is asked for, in order; none when it is there already."""
    stop = ("stop",) if now.running else ()
    if desired.state == "absent":
        return (*stop, "remove") if now.exists else ()
    make = _make(desired, now, stop)
    if desired.state == "stopped":
        return make or stop
    if make:
        return (*make, "start")
    if desired.state == "restarted":
        return (*stop, "start")
    return () if now.running else ("start",)


def _make(desired: Desired, now: Current, stop: tuple[str, ...]) -> tuple[str, ...]:
    """The steps that (re)make the guest, if it is not the right one."""
    if desired.spec is None:
        raise KdumpError(f"Cannot make the guest {desired.name}: it has no image.")
    if now.record is None:
        return ("remove", "create") if now.exists else ("create",)
    changed = differences(now.record.spec, desired.spec)
    if not changed:
        return ()
    if not desired.recreate:
        raise KdumpError(
            f"Cannot change the guest {desired.name}: {', '.join(changed)} differ from what it was made with."
            " Set recreate to true to make it anew, which loses its disk."
        )
    return (*stop, "remove", "create")


class Lab:
    """Acts on the guests of one lab."""

    def __init__(self, lab: LabPaths, *, runner: CommandRunner, clock: Clock) -> None:
        self._lab = lab
        self._runner = runner
        self._clock = clock

    def ensure(self, desired: Desired, *, check: bool) -> dict[str, t.Any]:
        """The result of a task: what was, or would be, done and the guest as it is then."""
        if check or (desired.state == "absent" and not os.path.isdir(self._lab.root)):
            return self._result(desired, current(self._lab, desired.name, tolerant=desired.state == "absent"))
        if desired.state != "absent":
            qmp.require_library()
            ensure_lab_key(self._lab, runner=self._runner, clock=self._clock)
        lock = self._lab.lock(desired.name)
        with locked(lock, what=f"act on the guest {desired.name}", seconds=_LOCK_LIMIT, clock=self._clock):
            now = current(self._lab, desired.name, tolerant=desired.state == "absent")
            result = self._result(desired, now)
            record = self.apply(desired, now, result["steps"])
        result["guest"] = describe(self._lab.guest(desired.name), record) if record else None
        return result

    def _result(self, desired: Desired, now: Current) -> dict[str, t.Any]:
        paths = self._lab.guest(desired.name)
        steps = plan(desired, now)
        before = {"state": _state(now), **(now.record.spec if now.record else {})}
        after_state = {"present": "running", "restarted": "running"}.get(desired.state, desired.state)
        after = {"state": after_state, **(desired.spec.as_dict() if desired.spec else {})}
        return {
            "changed": bool(steps),
            "steps": list(steps),
            "guest": describe(paths, now.record) if now.record else None,
            "diff": {"before": before if steps else {}, "after": after if steps else {}},
        }

    def apply(self, desired: Desired, now: Current, steps: t.Sequence[str]) -> GuestRecord | None:
        """Do the steps, wait if asked to; whatever ends it early, no process and no half-made guest stay behind."""
        machine = Machine(self._lab.guest(desired.name), self._runner, self._clock)
        record = now.record
        try:
            for step in steps:
                record = self._step(step, desired, machine, record)
            if desired.wait and desired.state in ("present", "restarted") and record:
                record = machine.await_login(record, seconds=desired.wait_seconds)
                write_record(machine.paths, record)
        except BaseException as error:
            self._clean_up(machine, error)
            raise
        return record

    def _step(
        self, step: str, desired: Desired, machine: Machine, record: GuestRecord | None
    ) -> GuestRecord | None:  # fmt: skip
        if step == "stop" and record:
            machine.stop(record, grace=0 if desired.state == "absent" else desired.stop_seconds)
            record = record.with_run(None)
        elif step == "remove":
            shutil.rmtree(machine.paths.root)
            return None
        elif step == "create" and desired.spec:
            record = self._create(desired.spec, machine)
        elif step == "start" and desired.spec:
            boot = (record.boots if record else 0) + 1
            accel = choose(desired.spec, lab=self._lab, runner=self._runner, clock=self._clock)
            run = machine.start(desired.spec, accel=accel, boot=boot, lifetime=desired.lifetime)
            record = (record or GuestRecord(desired.spec.as_dict())).with_run(run)
        if record:
            write_record(machine.paths, record)
        return record

    def _create(self, spec: GuestSpec, machine: Machine) -> GuestRecord:
        if not os.path.isfile(spec.image):
            raise KdumpError(f"Cannot make the guest {spec.name}: there is no image {spec.image}. Build it first.")
        if spec.firmware == "efi" and not all(map(os.path.isfile, OVMF)):
            raise KdumpError(f"Cannot make the guest {spec.name}: there is no {' or no '.join(OVMF)}. Install ovmf.")
        self._check_size(spec)
        check_neighbours(spec.name, spec.networks, known_networks(self._lab.root))
        root = machine.paths.root
        os.mkdir(root, 0o700)
        size = [str(spec.disk_size)] if spec.disk_size else []
        overlay = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", spec.image, disk_name(0), *size]
        self._runner.run(overlay, what=f"make the disk of {spec.name}", timeout=_DISK_LIMIT, cwd=root)
        for number, disk in enumerate(spec.disks, start=1):
            argv = ["qemu-img", "create", "-q", "-f", "qcow2", disk_name(number), str(disk)]
            self._runner.run(argv, what=f"make a disk of {spec.name}", timeout=_DISK_LIMIT, cwd=root)
        if spec.firmware == "efi":
            shutil.copyfile(OVMF[1], machine.paths.at(VARIABLES))
        seed_guest(machine.paths, networks=spec.networks, runner=self._runner)
        return GuestRecord(spec.as_dict())

    def _check_size(self, spec: GuestSpec) -> None:
        """A disk may be larger than its image; a smaller one would cut off the end of the file system."""
        if spec.disk_size is None:
            return
        argv = ["qemu-img", "info", "--output=json", spec.image]
        done = self._runner.run(argv, what=f"look at the image {spec.image}", timeout=_DISK_LIMIT)
        size = int(json.loads(done.out)["virtual-size"])
        if spec.disk_size < size:
            raise KdumpError(
                f"Cannot make the guest {spec.name}: disk_size is {spec.disk_size} bytes and its image has {size}."
                " Leave disk_size out or set a larger one."
            )

    def _clean_up(self, machine: Machine, error: BaseException) -> None:
        """Stop what runs; a guest nobody could ever log in to goes altogether, but for its console."""
        paths = machine.paths
        record = None
        with contextlib.suppress(KdumpError):
            record = read_record(paths)
        if record:
            machine.stop(record, grace=0)
        # without a run it was stopped on purpose, so somebody has had it
        if record and record.boots and (record.boots > 1 or record.run is None or record.run.answered):
            write_record(paths, replace(record, run=None))
            return
        if record and record.boots:
            kept = self._lab.failed_console(paths.name)
            with contextlib.suppress(OSError):
                os.replace(paths.console(record.boots), kept)
            _say_kept(error, paths.console(record.boots), kept)
        shutil.rmtree(paths.root, ignore_errors=True)


def _check_ours(paths: GuestPaths) -> None:
    """Refuse to touch a folder of something else; a making that was cut short leaves it empty or with the disk."""
    names = set(os.listdir(paths.root))
    if names and not names & {os.path.basename(paths.record), disk_name(0)}:
        raise KdumpError(
            f"Cannot act on the guest {paths.name}: the folder {paths.root} holds no guest. Check the option lab_dir."
        )


def _say_kept(error: BaseException, before: str, now: str) -> None:
    if isinstance(error, KdumpError) and "console_path" in error.facts:
        error.message = error.message.replace(before, now)
        error.facts["console_path"] = now


def _state(now: Current) -> str:
    if not now.exists:
        return "absent"
    return "running" if now.running else "stopped"


def produce(options: t.Mapping[str, t.Any], *, runner: CommandRunner, check: bool) -> dict[str, t.Any]:
    """The whole work of the module."""
    desired = Desired(
        name=checked_name(options["name"]),
        state=options["state"],
        spec=guest_spec(options) if options["state"] != "absent" else None,
        recreate=options["recreate"],
        wait=options["wait"],
        wait_seconds=options["wait_timeout"],
        stop_seconds=options["stop_timeout"],
        lifetime=checked_lifetime(options["lifetime"]),
    )
    lab = Lab(LabPaths(os.path.abspath(options["lab_dir"])), runner=runner, clock=AttendedClock(nobody_listens))
    with orderly_end():
        try:
            return lab.ensure(desired, check=check)
        except OSError as error:
            raise KdumpError(f"Cannot act on the guest {desired.name}: {error}.") from error
