# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Crash this host: the nonce, the sync, and a child that waits until the reply has left.

Everything is checked once more here, since between the controller's look and this moment the host may have changed.
"""

from __future__ import annotations

import contextlib
import os
import time
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .command import CommandRunner
from .drill import NONCE_PREFIX
from .errors import KdumpError
from .files import read_text


@dataclass(frozen=True)
class Method:
    """A way to crash: what to write where."""

    path: str
    data: str
    summary: str


#: Every way to crash a host on purpose.
METHODS: t.Final[dict[str, Method]] = {
    "sysrq-c": Method("/proc/sysrq-trigger", "c", "write c to /proc/sysrq-trigger"),
}

#: Seconds that sync may take. A host with more dirty data than this can write should not be crashed for a drill.
SYNC_LIMIT = 120
#: Seconds to wait at most for the asking session to end. A connection that is shared and stays open never ends,
#: but even then what it still had to send has long left the host.
SESSION_LIMIT = 10.0
#: Seconds between the end of the session and the crash: what the session's end itself still has to send (a TCP FIN,
#: the last encrypted packet) waits in the network card's queue, and a crashed kernel sends nothing.
GRACE = 0.5
#: How often and how long to look for the nonce: the kernel takes at most 10 lines in 5 seconds from user space and
#: silently drops the others (printk.devkmsg=ratelimit).
_NONCE_ATTEMPTS = 8
_POLL = 0.1


@dataclass(frozen=True)
class Places:
    """The kernel's files, in one place so that tests can have others."""

    boot_id: str = "/proc/sys/kernel/random/boot_id"
    loaded: str = "/sys/kernel/kexec_crash_loaded"
    kmsg: str = "/dev/kmsg"
    proc: str = "/proc"
    vmcore: str = "/proc/vmcore"


def check_confirmed(confirm: str, host: str) -> None:
    """Refuse unless the caller named this very host."""
    if confirm != host:
        raise KdumpError(
            f"Cannot crash {host}: confirm is {confirm!r}. If it is to crash, set confirm to its inventory name"
        )


def check_host(boot_id: str, places: Places) -> None:
    """Refuse unless this is the very host, in the very boot, that was examined, and a crash would be captured."""
    if os.path.exists(places.vmcore):
        raise KdumpError("Cannot crash this host: it runs its capture kernel right now. Wait until it is back")
    if (read_text(places.boot_id) or "").strip() != boot_id:
        raise KdumpError("Cannot crash this host: it has restarted since it was examined. Run the task again")
    if (read_text(places.loaded) or "").strip() != "1":
        raise KdumpError("Cannot crash this host: no crash image is loaded. Load one first")


def write_nonce(nonce: str, places: Places, *, sleep: t.Callable[[float], None] = time.sleep) -> None:
    """Put the nonce into the kernel log, and make sure that it is there."""
    line = f"<5>{NONCE_PREFIX}{nonce}\n".encode()
    reader = os.open(places.kmsg, os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.lseek(reader, 0, os.SEEK_END)
        for _attempt in range(_NONCE_ATTEMPTS):
            _write(places.kmsg, line)
            if any(nonce.encode() in record for record in _records(reader)):
                return
            sleep(1)
    finally:
        os.close(reader)
    raise KdumpError("Cannot write the nonce to the kernel log: the kernel drops it. Set printk.devkmsg=on")


def sync(runner: CommandRunner) -> None:
    """Write all dirty data to disk: a crash loses it."""
    runner.run(["sync"], what="write cached data to disk before the crash", timeout=SYNC_LIMIT)


def crash_soon(method: Method, places: Places, *, limit: float = SESSION_LIMIT) -> None:
    """Leave a child behind that crashes the host as soon as the caller's session has ended."""
    session = ancestors(os.getpid(), places.proc)
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    # From here on nothing may go back to the caller's stack: the child crashes the host or disappears.
    try:
        os.setsid()
        if os.fork() == 0:
            _let_go_of_the_session()
            wait_for_end(session, places.proc, limit=limit)
            time.sleep(GRACE)
            _write(method.path, method.data.encode())
    except OSError as error:
        with contextlib.suppress(OSError):
            _write(places.kmsg, f"<3>linux.kdump: cannot crash: {error}\n".encode())
    finally:
        os._exit(0)


def ancestors(pid: int, proc: str) -> dict[int, str]:
    """The processes that live as long as the request does, each with its start time.

    From the parent of ``pid`` upwards, including the ssh daemon's process for this connection: when that one is
    gone, the controller has read the reply and hung up. The daemon itself, whose parent is 1, is left out.
    """
    found: dict[int, str] = {}
    current, _start = _stat(pid, proc)
    while current > 1:
        parent, start = _stat(current, proc)
        if parent <= 1:
            break
        found[current] = start
        current = parent
    return found


def wait_for_end(
    processes: Mapping[int, str],
    proc: str,
    *,
    limit: float = SESSION_LIMIT,
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until all of them have ended, at most ``limit`` seconds; False where some have not."""
    deadline = clock() + limit
    while any(_stat(pid, proc)[1] == start for pid, start in processes.items()):
        if clock() >= deadline:
            return False
        sleep(_POLL)
    return True


def _stat(pid: int, proc: str) -> tuple[int, str]:
    """The parent and the start time of a process; (0, "") where it is gone or a zombie."""
    text = read_text(f"{proc}/{pid}/stat") or ""
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] == "Z":
        return 0, ""
    return int(fields[1]), fields[19]


def _records(reader: int) -> Iterator[bytes]:
    """What the kernel log has to say since the last look; a read of /dev/kmsg yields one record."""
    while True:
        try:
            record = os.read(reader, 8192)
        except BlockingIOError:
            return
        except BrokenPipeError:
            continue  # records were overwritten before they were read; the next read goes on behind the gap
        if not record:
            return
        yield record


def _write(path: str, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)


def _let_go_of_the_session() -> None:
    """Close what the session waits for: it does not end while somebody holds its standard output."""
    null = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(null, handle)
    os.closerange(3, 1024)


#: The options of ``panic``, for the action plugin and for the module that works on the host for it.
OPTIONS: t.Final[dict[str, t.Any]] = {
    "confirm": {"type": "str", "required": True},
    "method": {"type": "str", "choices": list(METHODS), "default": "sysrq-c"},
    "console": {"type": "path"},
    "dump_path": {"type": "str", "default": "/var/crash"},
    "down_timeout": {"type": "int", "default": 60},
    "back_timeout": {"type": "int", "default": 900},
    "stall_timeout": {"type": "int", "default": 300},
}

#: What the action plugin asks the module for.
REQUEST: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {
        "host": {"type": "str", "required": True},
        "nonce": {"type": "str", "required": True},
        "boot_id": {"type": "str", "required": True},
    },
}
