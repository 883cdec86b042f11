# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One QEMU as a process of its own, with its files in one folder: start it, see whether it lives, end it."""

from __future__ import annotations

import contextlib
import os
import signal
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import read_text
from . import qmp
from .argv import detached
from .state import start_ticks
from .waiting import Clock, SystemClock, poll

#: Seconds for QEMU to open its monitor, to end when asked, to end when told.
START_LIMIT: t.Final = 30
QUIT_LIMIT: t.Final = 15
KILL_LIMIT: t.Final = 10

#: What QEMU, or timeout(1) for it, says when the machine it is on lacks something, and what to do then.
_ADVICE: t.Final = {
    "failed to run command": ". Install QEMU, for instance with the role linux.kdump.controller.",
    "'type' expects a netdev backend type": ". Install a QEMU that has user networking (libslirp).",
    "network backend 'user' is not compiled": ". Install a QEMU that has user networking (libslirp).",
}


@dataclass(frozen=True)
class Started:
    """A process: its number, and when it began, which tells it from the number's next owner."""

    pid: int
    ticks: int

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return start_ticks(self.pid) == self.ticks


@dataclass(frozen=True)
class Process:
    """A QEMU in its folder; ``name`` is what messages call it."""

    root: str
    name: str
    runner: CommandRunner
    clock: Clock = field(default_factory=SystemClock)

    @property
    def pid_file(self) -> str:
        return os.path.join(self.root, "qemu.pid")

    @property
    def socket(self) -> str:
        return os.path.join(self.root, "qmp.sock")

    @property
    def log(self) -> str:
        return os.path.join(self.root, "qemu.log")

    def start(self, argv: Sequence[str], *, lifetime: int) -> Started:
        """Start QEMU and return once its monitor answers; nothing is left running when that fails."""
        for stale in (self.pid_file, self.socket, self.log):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(stale)
        try:
            what = f"start {self.name}"
            self.runner.run(detached(list(argv), lifetime=lifetime), what=what, timeout=START_LIMIT, cwd=self.root)
            return self._await_monitor()
        except BaseException:
            self.kill()
            raise

    def _await_monitor(self) -> Started:
        def look() -> Started | None:
            pid = self._written_pid()
            if pid is None:
                return None
            ticks = start_ticks(pid)
            if ticks is None:
                raise self._never_started()
            try:
                qmp.execute(self.socket, "query-status")
            except qmp.QmpUnreachableError:
                return None
            return Started(pid, ticks)

        found = poll(look, seconds=START_LIMIT, clock=self.clock)
        if found is None:
            raise KdumpError(f"Cannot start {self.name}: QEMU opened no monitor in {START_LIMIT} seconds.")
        return found

    def _written_pid(self) -> int | None:
        text = (read_text(self.pid_file) or "").strip()
        return int(text) if text.isdigit() else None

    def _never_started(self) -> KdumpError:
        text = (read_text(self.log) or "").strip()
        words = text.splitlines()[-1] if text else "it printed nothing"
        advice = next((advice for sign, advice in _ADVICE.items() if sign in text), "")
        return KdumpError(f"Cannot start {self.name}: QEMU ended at once: {words}{advice}", stderr=text)

    def kill(self) -> None:
        """End whatever the folder's pid file names, with its process group. Only for what was started just now."""
        pid = self._written_pid()
        ticks = start_ticks(pid) if pid else None
        if pid and ticks is not None:
            self.end(Started(pid, ticks))

    def end(self, process: Started) -> None:
        """End a process and its group: politely, then not."""
        # on the plain clock: this is how an interrupted task leaves nothing behind
        clock = SystemClock()
        for number, seconds in ((signal.SIGTERM, QUIT_LIMIT), (signal.SIGKILL, KILL_LIMIT)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            if poll(lambda: not process.alive or None, seconds=seconds, clock=clock):
                return
        raise KdumpError(f"Cannot stop {self.name}: process {process.pid} does not end, not even killed.")
