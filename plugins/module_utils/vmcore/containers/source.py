# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the bytes come from: bounded reads at an offset, nothing is ever loaded whole."""

from __future__ import annotations

import os
import stat
import typing as t
from collections.abc import Iterable
from types import TracebackType

from ...errors import KdumpError
from ..findings import unreadable

#: The largest single read that any part of this package does.
CHUNK: t.Final = 1 << 20


class Source(t.Protocol):
    """Something with a size that can be read at any offset."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    def extents(self) -> Iterable[tuple[int, int]]:
        """Where there is anything to read: start and end of each run of bytes that somebody wrote."""

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Exactly ``length`` bytes; UnreadableError, naming ``what``, where the source ends before."""


def check_bounds(source: Source, offset: int, length: int, what: str) -> None:
    """Refuse a read that the source cannot satisfy, or that no honest header asks for."""
    if length < 0 or offset < 0 or offset + length > source.size:
        raise unreadable("truncated", what=what, end=offset + max(length, 0), size=source.size)
    if length > CHUNK:
        raise unreadable("header-damaged", cause=f"{what} claims {length} bytes")


class FileSource:
    """A regular file, read with pread(2)."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            # Without O_NONBLOCK a FIFO in place of the dump would block for ever, before it can be refused.
            self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise self._failure(error) from error
        status = os.fstat(self._handle)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise KdumpError(f"Cannot read the dump {path}: it is not a regular file. Name the file itself.")
        self._size = status.st_size

    def __enter__(self) -> FileSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._handle)

    @property
    def size(self) -> int:
        """The length of the file when it was opened."""
        return self._size

    def current_size(self) -> int:
        """The length of the file now."""
        return os.fstat(self._handle).st_size

    def extents(self) -> Iterable[tuple[int, int]]:
        """All of the file."""
        return [(0, self._size)]

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Exactly ``length`` bytes of the file."""
        check_bounds(self, offset, length, what)
        pieces = bytearray()
        while len(pieces) < length:
            try:
                piece = os.pread(self._handle, length - len(pieces), offset + len(pieces))
            except OSError as error:
                raise self._failure(error) from error
            if not piece:
                raise unreadable("truncated", what=what, end=offset + length, size=offset + len(pieces))
            if len(piece) == length:
                return piece
            pieces += piece
        return bytes(pieces)

    def _failure(self, error: OSError) -> KdumpError:
        return KdumpError(f"Cannot read the dump {self.path}: {error.strerror}. Check the path and its permissions.")
