# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talk to a running QEMU."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import typing as t
from collections.abc import Iterator

from ..errors import KdumpError

try:
    from qemu.qmp import QMPClient, QMPError
except ImportError:
    HAS_QMP = False
else:
    HAS_QMP = True

_FORWARD = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(?P<port>\d+)\s+\S+\s+22\b")


class QmpUnreachableError(KdumpError):
    """Nobody answers on the socket."""


def require_library() -> None:
    """Say it before anything is started."""
    if not HAS_QMP:
        raise KdumpError(
            f"Cannot control QEMU: the Python library qemu.qmp is not installed for {sys.executable}."
            " Install it there, or set ansible_python_interpreter to ansible_playbook_python for this host."
        )


def execute(socket: str, command: str, arguments: dict[str, object] | None = None, *, timeout: float = 10) -> t.Any:
    """Run one QMP command and return what it returned."""
    require_library()
    with short_name(socket) as path:
        try:
            return asyncio.run(asyncio.wait_for(_execute(path, command, arguments), timeout))
        except (QMPError, OSError, EOFError, asyncio.TimeoutError) as error:
            raise QmpUnreachableError(
                f"Cannot ask QEMU for {command} at {socket}: {error or 'no answer in time'}."
            ) from error


@contextlib.contextmanager
def short_name(socket: str) -> Iterator[str]:
    """Another name of a socket: a name has room for 107 bytes, and by way of an open folder any path fits."""
    try:
        folder = os.open(os.path.dirname(socket), os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise QmpUnreachableError(f"Cannot reach QEMU at {socket}: {error.strerror}.") from error
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(socket)}"
    finally:
        os.close(folder)


async def _execute(path: str, command: str, arguments: dict[str, object] | None) -> t.Any:
    client = QMPClient("linux.kdump")
    await client.connect(path)
    try:
        return await client.execute(command, arguments)
    finally:
        # After "quit", QEMU may have closed the connection already.
        with contextlib.suppress(EOFError, OSError, QMPError):
            await client.disconnect()


def parse_forward(text: str) -> int | None:
    """The port on this machine that leads to the guest's ssh, from QEMU's "info usernet"."""
    match = _FORWARD.search(text)
    return int(match.group("port")) if match else None


def ssh_port(socket: str) -> int:
    """The port that the kernel chose."""
    text = str(execute(socket, "human-monitor-command", {"command-line": "info usernet"}))
    port = parse_forward(text)
    if port is None:
        raise KdumpError("Cannot find the guest's ssh port: QEMU shows no forwarded port.", stdout=text)
    return port
