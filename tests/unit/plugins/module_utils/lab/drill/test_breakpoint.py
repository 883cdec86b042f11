# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that is stopped once where the capture kernel begins, with a stand-in for QEMU's debugger socket."""

from __future__ import annotations

import re
import socket
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.breakpoint import Breakpoint

ENTRY = 0x10010
#: As QEMU 7.2 answers: whoever comes is told that the machine stands, and each packet is acknowledged.
GREETING = b"$T02thread:01;#04"
OK = b"+$OK#9a"
STOPPED = b"$T05thread:01;#07"


class Debugger:
    """One client's worth of QEMU."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.heard = b""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._peer: t.Optional[socket.socket] = None
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        self._peer, _address = self._listener.accept()
        self._peer.settimeout(10)
        self._peer.sendall(GREETING)
        self._until(b"$Z1,10010,2#07", OK)
        self._until(b"$c#63", b"+")

    def _until(self, packet: bytes, answer: bytes) -> None:
        while not self.heard.endswith(packet):
            data = self.peer.recv(100)
            if not data:
                return
            self.heard += data
        self.peer.sendall(answer)

    @property
    def peer(self) -> socket.socket:
        assert self._peer
        return self._peer

    def runs(self) -> None:
        """Wait until the machine runs."""
        self._thread.join(10)
        assert not self._thread.is_alive()

    def stop_and_wait(self) -> threading.Thread:
        """The machine comes to the place."""
        self.peer.sendall(STOPPED)
        thread = threading.Thread(target=self._until, args=(b"$D#44", OK))
        thread.start()
        return thread

    def close(self) -> None:
        if self._peer:
            self._peer.close()
        self._listener.close()


@pytest.fixture
def debugger(tmp_path: Path) -> t.Iterator[Debugger]:
    found = Debugger(tmp_path / "gdb.sock")
    yield found
    found.close()


def test_the_machine_goes_on_after_it_stopped(debugger: Debugger) -> None:
    with Breakpoint(debugger.path, ENTRY) as place:
        debugger.runs()
        # While it runs, any byte would stop it.
        place.look()
        assert debugger.heard == b"$Z1,10010,2#07$c#63"
        thread = debugger.stop_and_wait()
        while thread.is_alive():
            place.look()
        place.look()
    assert debugger.heard == b"$Z1,10010,2#07$c#63$D#44"
    # Nobody is there any more who could stop it again.
    assert debugger.peer.recv(10) == b""


def test_a_machine_that_never_comes_there(debugger: Debugger) -> None:
    with Breakpoint(debugger.path, ENTRY) as place:
        debugger.runs()
        place.look()
    assert debugger.peer.recv(10) == b""


def test_a_machine_that_ends(debugger: Debugger) -> None:
    with Breakpoint(debugger.path, ENTRY) as place:
        debugger.runs()
        debugger.close()
        for _time in range(3):
            place.look()


def test_where_no_machine_has_to_stop(tmp_path: Path) -> None:
    with Breakpoint(str(tmp_path / "none"), None) as place:
        place.look()


def test_nobody_answers(tmp_path: Path) -> None:
    path = str(tmp_path / "gdb.sock")
    wanted = rf"where the capture kernel begins: QEMU's debugger socket {re.escape(path)}: No such file"
    with pytest.raises(KdumpError, match=wanted), Breakpoint(path, ENTRY):
        pytest.fail("there is nothing")


def test_it_goes_away_before_it_answers(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "gdb.sock"))
    listener.listen()

    def hang_up() -> None:
        connection = listener.accept()[0]
        connection.close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    wanted = r"gdb\.sock: (the connection was closed|Connection reset|Broken pipe)"
    with pytest.raises(KdumpError, match=wanted), Breakpoint(str(tmp_path / "gdb.sock"), ENTRY):
        pytest.fail("there is nobody")
    thread.join(10)
    listener.close()
