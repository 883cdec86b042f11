# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files under which a host shows itself, below any root: a test's folder stands in for a host."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import KdumpError

#: No file that is read as evidence is larger; what is, is not what it says it is.
MAX_BYTES: t.Final = 1 << 20

#: How long a sysfs file may answer EBUSY, and how often it is asked: the kernel holds a lock while an image loads.
BUSY_SECONDS: t.Final = 10.0
BUSY_PAUSE: t.Final = 0.1


class TooLargeError(KdumpError):
    """A file is larger than what it should hold could be."""


@dataclass(frozen=True)
class Host:
    """A host's file tree."""

    root: str = "/"
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    #: What was there and could not be read for want of rights, and why: a None of these is no evidence of absence.
    unread: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    #: How much of a list was left out, by the list's name in the evidence.
    omitted: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    def path(self, path: str) -> str:
        """Where a path of the host is."""
        return os.path.join(self.root, path.lstrip("/"))

    def read(self, path: str, *, limit: int = MAX_BYTES) -> str | None:
        """The text of a regular file, or None where there is none that may be read.

        A pipe, a device or a link in its place is not followed: the folders this looks into may be hostile.
        """
        data = self._bytes(path, lambda handle: _all_of(handle, limit + 1))
        if data is not None and len(data) > limit:
            raise TooLargeError(f"Cannot read {path}: it is larger than {limit} bytes, which it never should be.")
        return None if data is None else data.decode("utf-8", "replace")

    def tail(self, path: str, *, limit: int) -> str | None:
        """The end of such a file, of whatever length it is."""
        data = self._bytes(path, lambda handle: _all_of(handle, limit, max(os.fstat(handle).st_size - limit, 0)))
        return None if data is None else data.decode("utf-8", "replace")

    def _bytes(self, path: str, read: Callable[[int], bytes]) -> bytes | None:
        try:
            handle = os.open(self.path(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self.refused(path, error)
            return None
        try:
            return self._patiently(lambda: read(handle)) if stat.S_ISREG(os.fstat(handle).st_mode) else None
        except OSError as error:
            self.refused(path, error)
            return None
        finally:
            os.close(handle)

    def refused(self, path: str, error: OSError) -> None:
        """Remember a path that is there for others; whatever else failed is no matter of rights."""
        if error.errno in (errno.EACCES, errno.EPERM):
            self.unread[path] = error.strerror or "refused"

    def missed(self, path: str, error: OSError) -> None:
        """Remember a path that could not be looked at, for whatever reason but that it is not there."""
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            self.unread[path] = error.strerror or "refused"

    def omit(self, name: str, count: int) -> None:
        """Remember how much of a list was left out, where anything was."""
        if count > 0:
            self.omitted[name] = count

    def line(self, path: str) -> str | None:
        """The one line of a small file, or None where there is none."""
        text = self.read(path)
        return None if text is None else text.strip()

    def number(self, path: str) -> int | None:
        """The decimal number in a small file, or None where there is none."""
        text = self.line(path)
        return int(text) if text and text.isascii() and text.isdigit() else None

    def exists(self, path: str) -> bool:
        """Whether there is anything under this name."""
        return os.path.exists(self.path(path))

    def forget(self, path: str) -> None:
        """Remove a note that this collection left, if it is there."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(self.path(path))

    def tool(self, name: str) -> str | None:
        """The path of a program, in the folders of the system's own programs."""
        for folder in ("/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"):
            if os.access(self.path(f"{folder}/{name}"), os.X_OK):
                return f"{folder}/{name}"
        return None

    def _patiently(self, read: Callable[[], bytes]) -> bytes:
        deadline = self.clock() + BUSY_SECONDS
        while True:
            try:
                return read()
            except OSError as error:
                if error.errno != errno.EBUSY or self.clock() >= deadline:
                    raise
            self.pause(BUSY_PAUSE)


def _all_of(handle: int, limit: int, start: int = 0) -> bytes:
    """At most ``limit`` bytes of an open file; a kernel file may come in pieces."""
    data = b""
    while len(data) < limit and (piece := os.pread(handle, limit - len(data), start + len(data))):
        data += piece
    return data
