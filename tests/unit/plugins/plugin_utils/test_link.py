# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to a host that is about to vanish."""

from __future__ import annotations

import signal
import time
import typing as t

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

from ansible_collections.linux.kdump.plugins.plugin_utils.follow import Probe
from ansible_collections.linux.kdump.plugins.plugin_utils.link import (
    CONNECT_LIMITS,
    LimitReachedError,
    Link,
    parse_probe,
    time_limit,
)

ANSWERS = [
    ("boot_id=abc\nsystemd=running\n", Probe(1, "abc", systemd="running")),
    ("boot_id=abc\r\ncapture_kernel=yes\r\nsystemd=starting\r\n", Probe(1, "abc", True, "starting")),
    ("Welcome, a=b!\nboot_id=abc\nsystemd=offline starting\n", Probe(1, "abc", systemd="starting")),
    ("boot_id=abc\nsystemd=none\n", Probe(1, "abc", systemd="none")),
    ("", Probe(1, detail="the host answered, but not to the question")),
    ("boot_id=\nsystemd=\n", Probe(1, detail="the host answered, but not to the question")),
]


@pytest.mark.parametrize(("text", "expected"), ANSWERS)
def test_answers(text: str, expected: Probe) -> None:
    assert parse_probe(1, text) == expected


class FakeConnection:
    """Options and resets, nothing else."""

    def __init__(self, transport: str = "ssh") -> None:
        self.transport = transport
        self.options: dict[str, t.Any] = {"ssh_args": "-C -o ControlMaster=auto", "timeout": 10}
        self.resets = 0

    def get_option(self, name: str) -> t.Any:
        return self.options[name]

    def set_option(self, name: str, value: t.Any) -> None:
        self.options[name] = value

    def reset(self) -> None:
        self.resets += 1


def link(connection: FakeConnection, execute: t.Callable[..., dict[str, t.Any]] = lambda *_a, **_k: {}) -> Link:
    return Link(t.cast(ConnectionBase, connection), execute)


def test_ssh_is_isolated_and_given_back() -> None:
    connection = FakeConnection()
    before = dict(connection.options)
    over = link(connection)
    over.isolate()
    over.probe(lambda: 1.0, wait=False)
    assert connection.options["ssh_args"].startswith("-o ControlMaster=no -o ControlPath=none")
    assert connection.options["ssh_args"].endswith(before["ssh_args"])
    assert connection.options["timeout"] == CONNECT_LIMITS[0]
    over.restore()
    assert connection.options == before
    assert connection.resets == 2


def test_other_connections_keep_their_options() -> None:
    connection = FakeConnection("docker")
    before = dict(connection.options)
    over = link(connection)
    over.isolate()
    over.probe(lambda: 1.0, wait=True)
    assert connection.options == before


def test_a_probe_waits_for_systemd_only_where_asked() -> None:
    asked: list[str] = []

    def execute(command: str, sudoable: bool) -> dict[str, t.Any]:
        asked.append(command)
        return {"rc": 0, "stdout": "boot_id=abc\nsystemd=running\n"}

    over = link(FakeConnection(), execute)
    assert over.probe(lambda: 3.0, wait=False) == Probe(3.0, "abc", systemd="running")
    assert over.probe(lambda: 4.0, wait=True) == Probe(4.0, "abc", systemd="running")
    assert ["--wait" in command for command in asked] == [False, True]


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (AnsibleConnectionFailure("Failed to connect:\nssh: connect to host x: refused"), "refused"),
        (OSError("broken pipe"), "broken pipe"),
        (LimitReachedError("no answer within 24 seconds"), "no answer within 24 seconds"),
    ],
)
def test_a_probe_that_fails_is_an_observation(error: Exception, detail: str) -> None:
    def execute(*_args: t.Any, **_kwargs: t.Any) -> dict[str, t.Any]:
        raise error

    connection = FakeConnection()
    seen = link(connection, execute).probe(lambda: 2.0, wait=False)
    assert seen.boot_id is None
    assert detail in seen.detail
    assert connection.resets == 1


def test_a_command_that_fails_is_no_answer() -> None:
    seen = link(FakeConnection(), lambda *_a, **_k: {"rc": 255, "stderr": "closed by remote host"}).probe(
        lambda: 2.0, wait=False
    )
    assert seen == Probe(2.0, detail="closed by remote host")


def test_a_limit_interrupts() -> None:
    started = time.monotonic()
    with pytest.raises(LimitReachedError), time_limit(0.05):
        time.sleep(10)
    assert time.monotonic() - started < 5


def test_a_limit_leaves_an_outer_timer_running() -> None:
    fired: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _frame: fired.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with time_limit(5):
            time.sleep(0.01)
        time.sleep(0.5)
        assert fired == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
