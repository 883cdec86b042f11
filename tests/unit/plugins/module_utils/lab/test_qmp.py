# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands to QEMU's monitor, answered by a monitor that may be gone right after."""

from __future__ import annotations

import json
import socket
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.lab import qmp

GREETING = {"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}


def _send(connection: socket.socket, message: dict[str, t.Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\r\n")


def _serve(listener: socket.socket, answers: dict[str, t.Any]) -> None:
    """One client; after the last answer the connection is closed at once, as QEMU does after "quit"."""
    connection, _address = listener.accept()
    with connection:
        _send(connection, GREETING)
        for _number in range(2):
            # No line: it ends where the JSON does, and is sent as one.
            command = json.loads(connection.recv(65536))
            answer = answers.get(command["execute"])
            if answer is None:
                return
            # The negotiation has no number.
            _send(connection, {**answer, **{key: command[key] for key in ("id",) if key in command}})


@pytest.fixture
def monitor(tmp_path: Path) -> t.Iterator[t.Callable[[dict[str, t.Any]], str]]:
    """Start a monitor that knows these answers; its socket."""
    threads = []
    listener = socket.socket(socket.AF_UNIX)

    def start(answers: dict[str, t.Any]) -> str:
        listener.bind(str(tmp_path / "qmp"))
        listener.listen()
        thread = threading.Thread(target=_serve, args=(listener, {"qmp_capabilities": {"return": {}}, **answers}))
        thread.start()
        threads.append(thread)
        return str(tmp_path / "qmp")

    yield start
    for thread in threads:
        thread.join(10)
    listener.close()


def test_an_answer(monitor: t.Callable[[dict[str, t.Any]], str]) -> None:
    assert qmp.execute(monitor({"query-status": {"return": {"status": "running"}}}), "query-status") == {
        "status": "running"
    }


@pytest.mark.parametrize("_attempt", range(10))
def test_a_monitor_that_is_gone_after_its_answer(monitor: t.Callable[[dict[str, t.Any]], str], _attempt: int) -> None:
    assert qmp.execute(monitor({"quit": {"return": {}}}), "quit") == {}


def test_a_monitor_that_is_gone_without_an_answer(monitor: t.Callable[[dict[str, t.Any]], str]) -> None:
    with pytest.raises(qmp.QmpUnreachableError, match="Cannot ask QEMU for quit"):
        qmp.execute(monitor({}), "quit")


def test_an_error_of_the_monitor(monitor: t.Callable[[dict[str, t.Any]], str]) -> None:
    answers = {"dump": {"error": {"class": "GenericError", "desc": "no room"}}}
    with pytest.raises(qmp.QmpUnreachableError, match="no room"):
        qmp.execute(monitor(answers), "dump")


def test_no_monitor(tmp_path: Path) -> None:
    with pytest.raises(qmp.QmpUnreachableError, match="Cannot reach QEMU"):
        qmp.execute(str(tmp_path / "nothing" / "qmp"), "quit")
    with pytest.raises(qmp.QmpUnreachableError, match="Cannot ask QEMU for quit"):
        qmp.execute(str(tmp_path / "qmp"), "quit")
