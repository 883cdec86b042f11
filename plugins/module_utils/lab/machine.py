# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, watch and stop one guest's QEMU."""

from __future__ import annotations

import contextlib
import os
import re
import time
import typing as t
from dataclasses import dataclass, field, replace

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import read_text
from . import qmp
from .argv import PORT_TAKEN, Launch, qemu_argv
from .image import last_lines
from .process import Process, Started
from .spec import GuestSpec
from .state import HOST, USER, GuestPaths, GuestRecord, Run, start_ticks
from .waiting import Clock, SystemClock, poll

#: Seconds one attempt to log in may take; a busy emulated guest needs a few for the key exchange.
LOGIN_LIMIT: t.Final = 30

#: What the console shows when a boot has come to nothing.
_DEAD = re.compile(
    r"Kernel panic - not syncing[^\r\n]*|No bootable device|grub rescue>|You are in emergency mode"
    r"|Unable to mount root[^\r\n]*|ALERT! [^\r\n]*does not exist|Target filesystem doesn't have[^\r\n]*"
    r"|No init found|can't access tty; job control turned off"
)
#: What ssh says when trying again cannot help.
_REFUSED = ("Permission denied", "Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED")


@dataclass(frozen=True)
class Machine:
    """One guest's files and the means to act on them."""

    paths: GuestPaths
    runner: CommandRunner
    clock: Clock = field(default_factory=SystemClock)

    def start(self, spec: GuestSpec, *, accel: str, boot: int, lifetime: int) -> Run:
        """Start QEMU and return once its monitor answers; nothing is left running when that fails."""
        console = os.path.basename(self.paths.console(boot))
        launch = Launch(accel=accel, console=console, port=spec.port or 0, lab=os.path.dirname(self.paths.root))
        process, started = self._process(spec.name), int(time.time())
        try:
            running = process.start(qemu_argv(spec, launch), lifetime=lifetime)
        except KdumpError as error:
            if PORT_TAKEN in str(error.facts.get("stderr")) and spec.port:
                raise KdumpError(
                    f"Cannot start the guest {spec.name}: port {spec.port} of {HOST} is taken."
                    " Leave the option port out and a free one is chosen."
                ) from error
            raise
        try:
            port = qmp.ssh_port(self.paths.socket)
        except BaseException:
            process.kill()
            raise
        return Run(
            pid=running.pid, ticks=running.ticks, port=port, boot=boot, accel=accel, started=started,
            expires=started + lifetime,
        )  # fmt: skip

    def _process(self, name: str) -> Process:
        return Process(self.paths.root, f"the guest {name}", self.runner, self.clock)

    def kill(self) -> None:
        """End whatever qemu.pid names, with all of its process group. Only for a QEMU that was started just now."""
        self._process(self.paths.name).kill()

    def stop(self, record: GuestRecord, *, grace: int) -> None:
        """End a running guest: with ``grace`` seconds to shut down by itself, then by force."""
        run = record.run
        if run is None or not record.running:
            return
        if grace:
            with contextlib.suppress(KdumpError):
                qmp.execute(self.paths.socket, "system_powerdown")
                if poll(lambda: start_ticks(run.pid) != run.ticks or None, seconds=grace, clock=self.clock):
                    return
        self._process(self.paths.name).end(Started(run.pid, run.ticks))

    def await_login(self, record: GuestRecord, *, seconds: int) -> GuestRecord:
        """Return once somebody can log in; a guest that has died meanwhile is told at once, not after ``seconds``."""
        run = record.run
        if run is None:
            raise KdumpError(f"Cannot wait for the guest {self.paths.name}: it is not running.")
        answered = poll(lambda: self._look(record, run), seconds=seconds, clock=self.clock)
        if answered is None:
            raise self._trouble(run, f"it did not answer ssh within {seconds} seconds")
        return replace(record, run=replace(run, answered=True))

    def _look(self, record: GuestRecord, run: Run) -> bool | None:
        if not record.running:
            log = (read_text(self.paths.qemu_log) or "").strip()
            raise self._trouble(run, f"QEMU ended{': ' + log.splitlines()[-1] if log else ''}")
        dead = _DEAD.search(read_text(self.paths.console(run.boot)) or "")
        if dead and not run.answered:
            raise self._trouble(run, dead.group().strip().rstrip("."))
        argv = [
            "ssh", *self.paths.ssh_options, "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "LogLevel=ERROR",
            "-i", self.paths.key, "-p", str(run.port), "-l", USER, HOST, "true",
        ]  # fmt: skip
        try:
            done = self.runner.run(argv, what="log in", timeout=LOGIN_LIMIT, check=False)
        except KdumpError:
            return None
        refused = next((words for words in _REFUSED if words in done.err), None)
        if refused:
            raise self._trouble(run, f"it refuses the lab's ssh key ({refused})")
        return done.rc == 0 or None

    def _trouble(self, run: Run, cause: str) -> KdumpError:
        console = self.paths.console(run.boot)
        return KdumpError(
            f"Cannot boot the guest {self.paths.name}: {cause}. Its console is in {console}.",
            console=last_lines(console), console_path=console,
        )  # fmt: skip
