# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to a host that is about to vanish: every call ends by itself, however the other side behaves."""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import types
import typing as t
from collections.abc import Callable, Iterator, Mapping

from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase

from .follow import Probe

#: Seconds for connecting. QEMU's user network accepts for a dead guest and then says nothing, so most attempts are
#: short; some are long, for hosts that are slow while they boot.
CONNECT_LIMITS = (3, 3, 3, 3, 3, 3, 3, 15)
#: Seconds beyond that for the probe's own commands, the longest of which waits this long for systemd.
_PROBE_LIMIT = 20
_SETTLE_WAIT = 10
#: ssh -o options, before the user's own since ssh takes the first value it meets. A shared master process would hang
#: on to the dead connection; keep-alives end a call that the crash caught half way.
_SSH_OPTIONS = "-o ControlMaster=no -o ControlPath=none -o ServerAliveInterval=5 -o ServerAliveCountMax=3"

_PROBE = (
    "echo boot_id=$(cat /proc/sys/kernel/random/boot_id); "
    "if test -e /proc/vmcore; then echo capture_kernel=yes; fi; "
    "if command -v systemctl >/dev/null; then echo systemd=$(%s 2>/dev/null); else echo systemd=none; fi"
)
_STATE = "systemctl is-system-running"
_WAIT = f"timeout {_SETTLE_WAIT} {_STATE} --wait || {_STATE}"

#: ``ActionBase._low_level_execute_command``
Execute = Callable[..., Mapping[str, t.Any]]


class LimitReachedError(Exception):
    """A call over the connection did not end in time and was given up."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what runs inside after ``seconds``; a timer that runs already (a task's timeout) goes on after it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    outer = signal.getsignal(signal.SIGALRM)

    def expire(_number: int, _frame: types.FrameType | None) -> None:
        raise LimitReachedError(f"no answer within {seconds:.0f} seconds")

    signal.signal(signal.SIGALRM, expire)
    left, _interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        unused, _interval = signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, outer)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (seconds - unused), 0.01))


def parse_probe(seconds: float, text: str) -> Probe:
    """Read what the probe printed; without a boot id it does not count as an answer."""
    values = dict(line.strip().split("=", 1) for line in text.splitlines() if "=" in line)
    return Probe(
        seconds,
        boot_id=values.get("boot_id") or None,
        capture_kernel=values.get("capture_kernel") == "yes",
        systemd=values.get("systemd", "").split(" ")[-1],
        detail="" if values.get("boot_id") else "the host answered, but not to the question",
    )


class Link:
    """Talks to one host through the task's connection."""

    def __init__(self, connection: ConnectionBase, execute: Execute) -> None:
        self._connection = connection
        self._execute = execute
        self._limits = itertools.cycle(CONNECT_LIMITS)
        self._saved: dict[str, t.Any] = {}

    def isolate(self) -> None:
        """From now on every call has its own connection that ends with it, and no shared one is left to hang."""
        self.reset()
        if self._connection.transport == "ssh":
            self._set("ssh_args", f"{_SSH_OPTIONS} {self._connection.get_option('ssh_args') or ''}")

    def restore(self) -> None:
        """Go back to the user's own options."""
        for name, value in self._saved.items():
            self._connection.set_option(name, value)
        self._saved = {}
        self.reset()

    def reset(self) -> None:
        """Drop the connection, whatever state it is in."""
        if type(self._connection).reset is ConnectionBase.reset:
            return  # it has none; the base class only warns
        with contextlib.suppress(AnsibleError, LimitReachedError, OSError), time_limit(_PROBE_LIMIT):
            self._connection.reset()

    def probe(self, seconds: Callable[[], float], *, wait: bool) -> Probe:
        """Ask the host which boot it is in; with ``wait`` also let systemd finish starting, for a while."""
        limit = next(self._limits)
        if self._connection.transport == "ssh":
            self._set("timeout", limit)
        try:
            with time_limit(limit + _PROBE_LIMIT):
                answer = self._execute(_PROBE % (_WAIT if wait else _STATE), sudoable=False)
        except (AnsibleError, LimitReachedError, OSError) as error:
            self.reset()
            return Probe(seconds(), detail=_brief(str(error)))
        if answer.get("rc"):
            return Probe(seconds(), detail=_brief(str(answer.get("stderr", ""))))
        return parse_probe(seconds(), str(answer.get("stdout", "")))

    def _set(self, name: str, value: t.Any) -> None:
        self._saved.setdefault(name, self._connection.get_option(name))
        self._connection.set_option(name, value)


def _brief(text: str) -> str:
    """The last line of an error: ssh's own."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no answer"
