# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long commands on the managed host: how far they are, and an end to them when nobody waits any more.

The waiting action (``plugin_utils.long_task``) makes a folder on the host and hands its path to the module. The
module writes its news there as one line of text; the action touches a file there, the lease, as often as it looks.
Where the lease is gone or has not been touched for long, the controller was interrupted: the command is stopped, so
that no build goes on for nobody. Without a folder nothing is written and nothing is watched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import types
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence

from .command import CommandRunner, Completed
from .errors import KdumpError
from .files import read_text

#: Files in the folder that action and module share.
NEWS: t.Final = "news"
LEASE: t.Final = "lease"
ALIVE: t.Final = "alive"

#: Seconds without a touch after which nobody waits any more; a connection may be slow for a while.
LEASE_SECONDS: t.Final = 60.0
#: Seconds between two looks.
_TICK = 0.5
#: Seconds between TERM and KILL.
_GRACE = 5.0


class InterruptedWorkError(KdumpError):
    """The work was stopped since nobody waits for it any more."""


class Progress:
    """Tells the waiting action the news and learns from it whether it still waits."""

    def __init__(self, folder: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._started = clock()
        self._touched: tuple[int, float] = (-1, self._started)
        self._said = ""

    @property
    def seconds(self) -> float:
        """Time since the work began."""
        return self._clock() - self._started

    def say(self, text: str) -> None:
        """Write the news, in one step, if there is somebody to read it and it is new."""
        if not self._folder or text == self._said:
            return
        self._said = text
        path = os.path.join(self._folder, NEWS)
        with contextlib.suppress(OSError):  # the folder goes away with the action
            with open(f"{path}.new", "w", encoding="utf-8") as stream:
                stream.write(f"{text}\n")
            os.replace(f"{path}.new", path)

    def abandoned(self) -> bool:
        """Whether the lease is gone, or has not been touched for too long by this host's own clock."""
        if not self._folder:
            return False
        try:
            touched = os.stat(os.path.join(self._folder, LEASE)).st_mtime_ns
        except OSError:
            return True
        if touched != self._touched[0]:
            self._touched = (touched, self._clock())
        return self._clock() - self._touched[1] > LEASE_SECONDS

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """Say that the work goes on, until it and its tidying up are over; an interrupted action waits for that."""
        path = os.path.join(self._folder, ALIVE) if self._folder else ""
        if path:
            with contextlib.suppress(OSError), open(path, "w", encoding="utf-8"):
                pass
        try:
            with _signals_raise():
                yield
        finally:
            if path:
                with contextlib.suppress(OSError):
                    os.unlink(path)


@contextlib.contextmanager
def _signals_raise() -> Iterator[None]:
    """Let TERM and HUP end the work as Ctrl-C does: by an exception, so that everything is tidied up."""

    def leave(number: int, _frame: types.FrameType | None) -> t.NoReturn:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Watcher(threading.Thread):
    """Passes on the news while a command runs, and stops the command when it is abandoned."""

    def __init__(self, progress: Progress, news: Callable[[], str], pid_file: str) -> None:
        super().__init__(daemon=True)
        self._progress = progress
        self._news = news
        self._pid_file = pid_file
        self._over = threading.Event()
        self.stopped = False

    def run(self) -> None:
        while not self._over.wait(_TICK):
            self._progress.say(self._news())
            if self._progress.abandoned():
                self.stopped = True
                stop_group(self._pid_file)
                return

    def finish(self) -> None:
        self._over.set()
        self.join()


def run_watched(
    runner: CommandRunner,
    argv: Sequence[str],
    *,
    what: str,
    timeout: int,
    log: str,
    progress: Progress,
    news: Callable[[], str],
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run a long command with its output in the file ``log``; its status is for the caller to judge.

    ``news`` is asked for a line of text twice a second, from another thread. However the wait for the command
    ends, by an interrupt too, the command and its children have ended with it.
    """
    pid_file = f"{log}.pid"
    forget(pid_file)  # an earlier command's, if that was killed: its number may be somebody else's by now
    script = 'echo $$ >"$1" && log="$2" && shift 2 && exec "$@" >>"$log" 2>&1 </dev/null'
    watcher = _Watcher(progress, news, pid_file)
    watcher.start()
    try:
        done = runner.run(
            ["sh", "-c", script, "sh", pid_file, log, *argv], what=what, timeout=timeout, cwd=cwd, env=env, check=False
        )
    except BaseException:
        stop_group(pid_file)
        raise
    finally:
        watcher.finish()
        forget(pid_file)
    if watcher.stopped:
        raise InterruptedWorkError(f"Cannot {what}: it was interrupted, since nobody waits for it any more")
    return done


def forget(pid_file: str) -> None:
    """Remove ``pid_file``, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(pid_file)


def stop_group(pid_file: str) -> None:
    """End the process named in ``pid_file`` and its process group: TERM, and KILL for what is left after a while."""
    text = (read_text(pid_file) or "").strip()
    with contextlib.suppress(OSError, ValueError):
        pid = int(text)
        if pid <= 1:  # no process but "my own group" or "everybody"
            return
        group = os.getpgid(pid)
        if group == os.getpgrp():  # a runner without a group of its own: only the command itself is to end
            os.kill(pid, signal.SIGTERM)
            return
        os.killpg(group, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.05)
        os.killpg(group, signal.SIGKILL)


def minutes(seconds: float) -> str:
    """A duration as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
