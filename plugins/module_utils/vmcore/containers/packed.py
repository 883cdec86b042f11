# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps whose whole file is compressed: unpacked into a temporary file without a name, within limits.

A dump is read here and there, which no such stream allows; and only its end proves that it is complete. So it is
unpacked once, to disk, where zeros take no room. The file is gone when it is closed, however that comes about.
"""

from __future__ import annotations

import bz2
import errno
import lzma
import os
import tempfile
import typing as t
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...errors import KdumpError
from ..findings import Finding, UnreadableError, finding, unreadable
from . import optional
from .source import CHUNK, HandleSource, Source

#: Where large temporary files belong: /tmp may be memory.
FOLDER: t.Final = "/var/tmp"
#: What is unpacked at most, where the caller names no limit: so much at all, and so much for what the file is.
LIMIT: t.Final = 4 << 30
_LIMIT_SMALL: t.Final = 256 << 20
_LIMIT_RATIO: t.Final = 256
#: Left free on the disk.
_RESERVE: t.Final = 64 << 20
#: xz -9 asks for 65 MiB.
_XZ_MEMORY: t.Final = 80 << 20
#: Packed bytes read at once. What is left of them is copied when a stream ends, so they are few.
_STEP: t.Final = 1 << 16
#: bgzip makes one for each 64 KiB.
_MAX_STREAMS: t.Final = 1 << 17
#: Zeros are left out in pieces of this size.
_HOLE: t.Final = 1 << 16
_ZEROS: t.Final = bytes(_HOLE)
#: The bytes of a skippable zstd frame after the first, whose lower half is anything (RFC 8878, section 3.1.2).
_SKIPPABLE: t.Final = b"\x2a\x4d\x18"
_LONGEST_SIGNATURE: t.Final = 8


class Stream(t.Protocol):
    """One stream being unpacked, as the modules bz2 and lzma have it."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """More of what the stream holds."""


class _Gzip:
    """The interface of bz2 around the one of zlib."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(31)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data


def _xz() -> t.Any:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)


class Compression(t.NamedTuple):
    """One way to compress a file; ``stream`` is None where the package that it needs is not installed."""

    name: str
    signature: bytes
    stream: Callable[[], t.Any] | None
    package: str | None = None
    #: pzstd begins each frame with one that is to be skipped.
    skippable: bool = False

    def begins(self, data: bytes) -> bool:
        """Whether these bytes are the beginning of one of its streams."""
        skip = self.skippable and data[1:4] == _SKIPPABLE and data[0] & 0xF0 == 0x50
        return skip or data.startswith(self.signature)


COMPRESSIONS: t.Final = (
    Compression("gzip", b"\x1f\x8b", _Gzip),
    Compression("bzip2", b"BZh", bz2.BZ2Decompressor),
    Compression("xz", b"\xfd7zXZ\0", _xz),
    Compression(
        "zstd",
        b"\x28\xb5\x2f\xfd",
        optional.zstd_decompressor if optional.ZSTD else None,
        optional.ZSTD_PACKAGE,
        skippable=True,
    ),
    Compression(
        "lz4", b"\x04\x22\x4d\x18", optional.LZ4.LZ4FrameDecompressor if optional.LZ4 else None, optional.LZ4_PACKAGE
    ),
    Compression("lzop", b"\x89LZO\0", None),
)
_ERRORS: t.Final[tuple[type[Exception], ...]] = (
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
    *optional.STREAM_ERRORS,
)


@dataclass(frozen=True)
class Room:
    """What may be used to unpack a file. Without a limit of its own it is what the file's size makes plausible."""

    limit: int | None = None
    folder: str = FOLDER

    def limit_for(self, size: int) -> int:
        """How many bytes a file of this size may hold."""
        return min(LIMIT, max(_LIMIT_SMALL, _LIMIT_RATIO * size)) if self.limit is None else self.limit


DEFAULT_ROOM: t.Final = Room()


def find_compression(head: bytes) -> Compression | None:
    """How a file that begins like this is compressed."""
    return next((row for row in COMPRESSIONS if row.begins(head)), None)


class Unpacked:
    """What a compressed file holds, in a temporary file of no name."""

    def __init__(self, source: Source, compression: Compression, room: Room) -> None:
        self.findings: list[Finding] = []
        if compression.stream is None:
            raise _cannot(compression)
        try:
            self._file = tempfile.TemporaryFile(dir=room.folder, buffering=0)  # noqa: SIM115, close() closes it
        except OSError as error:
            raise KdumpError(
                f"Cannot unpack the dump into a temporary file in {room.folder}: {error.strerror}. "
                "Name another folder in the option unpack_dir."
            ) from error
        self._handle = self._file.fileno()
        try:
            self._fill(source, compression, room)
        except UnreadableError as error:
            self.findings.append(error.finding)
        self.source = HandleSource(self._handle, "that was unpacked")

    def close(self) -> None:
        """Give the room back."""
        self._file.close()

    def _fill(self, source: Source, compression: Compression, room: Room) -> None:
        limit, at = room.limit_for(source.size), 0
        try:
            for piece in unpack(source, compression):
                if at + len(piece) > limit:
                    raise unreadable("unpack-limit", compression=compression.name, size=source.size, limit=limit)
                self._write(at, piece, room.folder)
                at += len(piece)
        finally:
            # Zeros at the end were not written.
            os.ftruncate(self._handle, at)
            used = os.fstat(self._handle).st_blocks * 512
            self.findings.append(
                finding("unpacked", compression=compression.name, size=at, used=used, folder=room.folder)
            )

    def _write(self, at: int, piece: bytes, folder: str) -> None:
        status = os.fstatvfs(self._handle)
        if status.f_bavail * status.f_frsize < _RESERVE + len(piece):
            raise unreadable("unpack-space", folder=folder)
        try:
            for start in range(0, len(piece), _HOLE):
                part = piece[start : start + _HOLE]
                if part != _ZEROS[: len(part)]:
                    os.pwrite(self._handle, part, at + start)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise unreadable("unpack-space", folder=folder) from error
            raise KdumpError(f"Cannot unpack the dump in {folder}: {error.strerror}. Check that disk.") from error


def _cannot(compression: Compression) -> UnreadableError:
    if compression.package is None:
        return unreadable("compressed", compression=compression.name)
    return unreadable("codec-missing", codec=compression.name, package=compression.package)


def unpack(source: Source, compression: Compression) -> Iterator[bytes]:
    """What the file holds, in pieces; it may be several streams one after the other, and zeros after them."""
    if compression.stream is None:
        raise _cannot(compression)
    packed = _Packed(source)
    data = packed.more()
    for _number in range(_MAX_STREAMS):
        stream: Stream = compression.stream()
        while not stream.eof:
            if stream.needs_input and not data:
                data = packed.more()
                if not data:
                    raise unreadable("unpack-truncated", compression=compression.name, at=packed.at)
            yield _more(stream, data, compression, packed.at)
            data = b""
        data = (stream.unused_data or b"").lstrip(b"\0") or packed.more_but_zeros()
        if not data:
            return
        if len(data) < _LONGEST_SIGNATURE:
            data += packed.more()
        if not compression.begins(data):
            raise unreadable("trailing-data", extra=source.size - packed.at + len(data))
    raise unreadable("unpack-damaged", compression=compression.name, at=packed.at, cause="it never ends")


def _more(stream: Stream, data: bytes, compression: Compression, at: int) -> bytes:
    try:
        return stream.decompress(data, CHUNK)
    except _ERRORS as error:
        # Neither module tells this from damage in another way.
        if "memory" in str(error).lower():
            raise unreadable("unpack-memory", compression=compression.name) from error
        raise unreadable("unpack-damaged", compression=compression.name, at=at, cause=str(error)) from error


class _Packed:
    """The packed bytes, piece by piece."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.at = 0

    def more(self) -> bytes:
        """The next piece; empty at the end."""
        piece = self._source.read(self.at, min(_STEP, self._source.size - self.at), "the compressed file")
        self.at += len(piece)
        return piece

    def more_but_zeros(self) -> bytes:
        """The next piece that holds anything."""
        while piece := self.more():
            if rest := piece.lstrip(b"\0"):
                return rest
        return b""
