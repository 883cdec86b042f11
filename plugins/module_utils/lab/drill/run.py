# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a drill: make the machine, follow its console until it ends, read its disk, judge."""

from __future__ import annotations

import contextlib
import os
import shutil
import typing as t
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...command import CommandRunner
from ...console import Lines, Tail
from ...files import write_atomic
from ...host.dumps import Dump, list_dumps
from ...host.tree import Host
from ...vmcore.examine import examine
from ...vmcore.identity import Expectation
from .. import qmp
from ..process import Process, Started
from ..waiting import Clock, SystemClock
from .argv import CONSOLE_FILE, DEBUGGER_FILE, DISK_FILE, KERNEL_FILE, SYSTEM_FILE, qemu_argv
from .breakpoint import Breakpoint
from .disk import Disk
from .follow import Story
from .outcome import judge
from .spec import DrillError, DrillResult, DrillSpec
from .system import build

#: Seconds between two looks at the console: what the time line can tell apart.
_EVERY: t.Final = 0.05
#: QEMU's own end, should nobody be left to end it: so many seconds after the drill's.
MARGIN: t.Final = 300


def _nothing(_text: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Drill:
    """One drill in a folder of its own."""

    spec: DrillSpec
    folder: str
    runner: CommandRunner
    clock: Clock = field(default_factory=SystemClock)
    #: Called with the socket of QEMU's monitor while the machine stands still, where the spec says ``hold``.
    on_hold: Callable[[str], None] | None = None
    #: Called with one line for each thing that happens.
    say: Callable[[str], None] = _nothing

    def run(self) -> DrillResult:
        """The whole of it. Whatever ends it early, QEMU has ended with it."""
        qmp.require_library()
        nonce, disk_uuid = self.spec.nonce or uuid.uuid4().hex, str(uuid.uuid4())
        disk = Disk(self.folder, self.runner)
        try:
            self._prepare(disk, nonce=nonce, disk_uuid=disk_uuid)
            story, why = self._follow()
            dump = self._dump_of(nonce, disk.read())
        finally:
            self._forget(KERNEL_FILE, SYSTEM_FILE, DISK_FILE, DEBUGGER_FILE)
        return self._result(story, why, nonce=nonce, dump=dump)

    def _prepare(self, disk: Disk, *, nonce: str, disk_uuid: str) -> None:
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            self._forget(CONSOLE_FILE, DISK_FILE, DEBUGGER_FILE)
            write_atomic(os.path.join(self.folder, SYSTEM_FILE), build(self.spec, nonce=nonce, uuid=disk_uuid))
            shutil.copyfile(self.spec.kernel, os.path.join(self.folder, KERNEL_FILE))
            write_atomic(self._console, b"")
        except OSError as error:
            raise DrillError(
                f"Cannot prepare the drill: {error.filename or self.folder}: {error.strerror or error}."
            ) from error
        disk.make(self.spec, uuid=disk_uuid)

    def _forget(self, *names: str) -> None:
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, name))

    @property
    def _console(self) -> str:
        return os.path.join(self.folder, CONSOLE_FILE)

    def _follow(self) -> tuple[Story, str | None]:
        """The story, and why it was cut short if it was."""
        story = Story(stall=self.spec.stall, late_console=self.spec.machine.late_console)
        tail, lines = Tail(self._console), Lines()
        process = Process(self.folder, "the drill's machine", self.runner, self.clock)
        zero = self.clock.monotonic()
        argv, lifetime = qemu_argv(self.spec), self.spec.timeout + MARGIN
        with _running(process, argv, lifetime=lifetime) as machine, self._breakpoint() as place:
            told, held = 0, not self.spec.hold
            while True:
                alive = machine.alive
                place.look()
                text, seconds = tail.read(), self.clock.monotonic() - zero
                for line in lines.feed(text):
                    story.line(seconds, line)
                told = self._tell(story, told)
                if not held and story.seen("save-start"):
                    held = True
                    zero += self._hold(process.socket)
                why = story.hopeless(seconds)
                if not why and seconds > self.spec.timeout:
                    why = f"the time limit of {self.spec.timeout} seconds is over"
                if why:
                    return story, why
                if not text and not alive:
                    story.ended(seconds)
                    self._tell(story, told)
                    return story, None
                if not text:
                    self.clock.sleep(_EVERY)

    def _breakpoint(self) -> Breakpoint:
        return Breakpoint(os.path.join(self.folder, DEBUGGER_FILE), self.spec.machine.capture_entry)

    def _tell(self, story: Story, told: int) -> int:
        for event in story.events[told:]:
            self.say(f"drill: {event.seconds:.1f} s, {event.name} {event.text}".rstrip())
        return len(story.events)

    def _hold(self, socket: str) -> float:
        """Let somebody look at the machine while it stands still; how many seconds that took."""
        began = self.clock.monotonic()
        qmp.execute(socket, "stop")
        if self.on_hold:
            self.on_hold(socket)
        qmp.execute(socket, "cont")
        return self.clock.monotonic() - began

    def _dump_of(self, nonce: str, folder: str | None) -> Dump | None:
        """This crash's dump: the one whose record carries the nonce, else the only one there is."""
        dumps = list_dumps(folder, Host()) if folder else []
        return next(
            (dump for dump in dumps if (dump.record or {}).get("nonce") == nonce), dumps[-1] if dumps else None
        )  # fmt: skip

    def _result(self, story: Story, why: str | None, *, nonce: str, dump: Dump | None) -> DrillResult:
        record = dump.record if dump else None
        outcome, message = judge(story, record=record, why=why, console=self._console)
        readable = dump.readable if dump else None
        size = (story.text("armed") or "").strip()
        return DrillResult(
            outcome=outcome,
            message=message,
            nonce=nonce,
            events=tuple(story.events),
            console=self._console,
            record=record,
            dump=dump.path if dump else None,
            vmcore=dump.core if dump else None,
            verdict=examine(readable, expected=Expectation(nonce=nonce)) if readable else None,
            reserved_bytes=int(size) if size.isdigit() else None,
        )


@contextlib.contextmanager
def _running(process: Process, argv: list[str], *, lifetime: int) -> Iterator[Started]:
    """A machine that does not outlive the block."""
    machine = process.start(argv, lifetime=lifetime)
    try:
        yield machine
    finally:
        if machine.alive:
            process.end(machine)


def run(
    spec: DrillSpec,
    *,
    folder: str,
    runner: CommandRunner,
    clock: Clock | None = None,
    on_hold: Callable[[str], None] | None = None,
    say: Callable[[str], None] = _nothing,
) -> DrillResult:
    """Run a drill with its files in ``folder``; an error only where it could not be run at all."""
    return Drill(spec, os.path.abspath(folder), runner, clock or SystemClock(), on_hold, say).run()
