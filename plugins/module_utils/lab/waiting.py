# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a state, never for a time; and one holder at a time for what must not be done twice at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import time
import typing as t
from collections.abc import Callable, Iterator

from ..errors import KdumpError

Value = t.TypeVar("Value")

_ENDING: t.Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Seconds between two looks.
INTERVAL: t.Final = 0.2


@contextlib.contextmanager
def orderly_end() -> Iterator[None]:
    """Let a polite request to end reach the clean-up code, as Ctrl-C does, and not end the process on the spot."""

    def interrupt(_number: int, _frame: object) -> None:
        for other in _ENDING:  # once is enough; the clean-up itself is not to be interrupted
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Clock(t.Protocol):
    """What waiting needs of time."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


def nobody_listens() -> bool:
    """True once the reader of this process's output is gone: whoever started it was interrupted."""
    poller = select.poll()
    poller.register(1, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _fd, event in poller.poll(0))


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class AttendedClock(SystemClock):
    """A clock on which nothing waits any longer once nobody waits for the result."""

    def __init__(self, abandoned: Callable[[], bool]) -> None:
        self._abandoned = abandoned

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self._abandoned():
            raise KeyboardInterrupt


def poll(look: Callable[[], Value | None], *, seconds: float, clock: Clock, interval: float = INTERVAL) -> Value | None:
    """What ``look`` found as soon as it found something, or None after ``seconds``; it looks at least once."""
    end = clock.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        if clock.monotonic() >= end:
            return None
        clock.sleep(interval)


@contextlib.contextmanager
def locked(path: str, *, what: str, seconds: float, clock: Clock) -> Iterator[None]:
    """Hold the lock file ``path``; the kernel lets go of it when the process ends, however it ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:

        def take() -> bool | None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            return True

        if poll(take, seconds=seconds, clock=clock) is None:
            raise KdumpError(
                f"Cannot {what}: another process has been busy with it for {seconds:.0f} seconds ({path})."
            )
        yield
    finally:
        os.close(handle)
