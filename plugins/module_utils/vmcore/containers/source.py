# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the bytes come from: bounded reads at an offset, nothing is ever loaded whole."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import typing as t
from collections.abc import Iterable, Iterator
from types import TracebackType

from ...errors import KdumpError
from ..findings import Finding, UnreadableError, unreadable

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


def read_all(source: Source) -> list[Finding]:
    """Read all that there is in a file."""
    try:
        for start, end in source.extents():
            for at in range(start, end, CHUNK):
                source.read(at, min(CHUNK, end - at), "the file")
    except UnreadableError as error:
        return [error.finding]
    return []


def digest(source: Source) -> str | None:
    """The SHA-256 of all bytes, as hexadecimal digits; None where the source ends before its size."""
    total = hashlib.sha256()
    try:
        for at in range(0, source.size, CHUNK):
            total.update(source.read(at, min(CHUNK, source.size - at), "the file"))
    except UnreadableError:
        return None
    return total.hexdigest()


class HandleSource:
    """An open file, read with pread(2)."""

    def __init__(self, handle: int, name: str) -> None:
        self._handle = handle
        self._name = name
        self._size = os.fstat(handle).st_size

    @property
    def size(self) -> int:
        """The length of the file when it was opened."""
        return self._size

    def current_size(self) -> int:
        """The length of the file now."""
        return os.fstat(self._handle).st_size

    def extents(self) -> Iterator[tuple[int, int]]:
        """All of the file but its holes, where its file system knows of any."""
        end = 0
        while end < self._size:
            try:
                start = os.lseek(self._handle, end, os.SEEK_DATA)
                end = min(os.lseek(self._handle, start, os.SEEK_HOLE), self._size)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise self._failure(error) from error
                return
            if start >= end:
                return
            yield start, end

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
        return failure(self._name, error)


class FileSource(HandleSource):
    """A regular file by its path."""

    def __init__(self, path: str) -> None:
        try:
            # Without O_NONBLOCK a FIFO in place of the dump would block for ever, before it can be refused.
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise failure(path, error) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise KdumpError(f"Cannot read the dump {path}: it is not a regular file. Name the file itself.")
        super().__init__(handle, path)

    def __enter__(self) -> FileSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._handle)


def failure(path: str, error: OSError) -> KdumpError:
    """The file itself cannot be read: that is no verdict on the dump."""
    return KdumpError(f"Cannot read the dump {path}: {error.strerror}. Check the path and its permissions.")
