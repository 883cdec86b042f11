# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop an emulated machine for a moment where the capture kernel begins: there QEMU forgets the dead kernel's code.

Where an instruction of s390x copies memory over code, QEMU 7.2 forgets what it has translated of the first byte only
(accel/tcg/cputlb.c, probe_access_flags: notdirty_write is told of one byte). The purgatory swaps the two kernels by
such instructions, and then the dead kernel's translated code ran on the capture kernel's data. After a stop at a
breakpoint nothing is left translated.
"""

from __future__ import annotations

import contextlib
import socket
import types
import typing as t

from .. import qmp
from .spec import DrillError

#: Seconds for QEMU to answer.
_LIMIT: t.Final = 30
_LARGEST: t.Final = 4096
_OK: t.Final = b"$OK#9a"
#: The machine stands at a breakpoint: signal 5, of some thread.
_STOPPED: t.Final = b"$T05"


class Breakpoint:
    """A place in the guest where it stops, once: a context for as long as the machine runs. No address, no place."""

    def __init__(self, path: str, address: int | None) -> None:
        self._path = path
        self._address = address
        self._heard = b""
        self._socket: socket.socket | None = None

    def __enter__(self) -> Breakpoint:
        if self._address is not None:
            try:
                self._set(self._address)
            except OSError as error:
                self._close()
                raise DrillError(
                    f"Cannot stop the machine where the capture kernel begins: QEMU's debugger socket {self._path}:"
                    f" {error.strerror or error}. See whether QEMU still runs."
                ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._close()

    def look(self) -> None:
        """Let the machine go on where it stands there; return at once where it does not."""
        if self._socket is None:
            return
        self._socket.setblocking(False)
        # Nothing to hear, or nobody left to hear: whether the machine lives is seen elsewhere.
        with contextlib.suppress(OSError):
            self._heard += self._socket.recv(_LARGEST)
            if _STOPPED in self._heard:
                self._socket.settimeout(_LIMIT)
                self._ask(b"D")
                self._close()

    def _set(self, address: int) -> None:
        """Whoever comes stops the machine; it goes on by ``c``, to which there is no answer before the breakpoint."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_LIMIT)
        with qmp.short_name(self._path) as name:
            self._socket.connect(name)
        self._ask(b"Z1,%x,2" % address)
        self._send(b"c")

    def _ask(self, command: bytes) -> None:
        self._heard = b""
        self._send(command)
        while _OK not in self._heard:
            self._heard += self._received()
        self._heard = b""

    def _send(self, command: bytes) -> None:
        self._stream.sendall(b"$%b#%02x" % (command, sum(command) % 256))

    def _received(self) -> bytes:
        data = self._stream.recv(_LARGEST)
        if not data:
            raise ConnectionResetError("the connection was closed")
        return data

    @property
    def _stream(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionResetError("there is no connection")
        return self._socket

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
