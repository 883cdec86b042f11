# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side of bringing a dump: part files, journals, and the one step that makes a file appear.

A file is assembled as ``.<name>.part`` beside ``.<name>.journal`` and gets its own name only when its digest is the
one the host gave. No more than one block is ever in memory.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..files import sha256_file, sync_directory
from .journal import Journal, load_journal, private_opener
from .plan import Chunk, SourceFile, TransferError, chunks

_BLOCK = 1 << 20
#: Bytes that stay free on the controller's disk when all is brought, so that the run itself can go on.
RESERVE = 16 << 20


@dataclass(frozen=True)
class Incoming:
    """A file on its way: what it is, and which pieces of it are still missing."""

    file: SourceFile
    dest: str
    journal: Journal
    missing: tuple[Chunk, ...]

    @property
    def path(self) -> str:
        """Where it ends up."""
        return os.path.join(self.dest, self.file.name)

    @property
    def part(self) -> str:
        """Where it is assembled."""
        return os.path.join(self.dest, f".{self.file.name}.part")

    @property
    def resumed_bytes(self) -> int:
        """What an earlier attempt has left and was found good."""
        return self.file.size - sum(piece.length for piece in self.missing)

    def accept(self, piece: Chunk, staged: str, digest: str) -> None:
        """Write a piece that was fetched to ``staged`` into its place, if it is what the host sent."""
        with open(staged, "rb") as source, open(self.part, "r+b", opener=private_opener) as target:
            if _digest(source, 0, piece.length) != digest or os.fstat(source.fileno()).st_size != piece.length:
                raise TransferError(
                    f"Cannot bring {self.file.name}: bytes {piece.offset} to {piece.offset + piece.length} "
                    "arrived damaged. Run the task again, it goes on from here"
                )
            source.seek(0)
            target.seek(piece.offset)
            for block in iter(lambda: source.read(_BLOCK), b""):
                target.write(block)
        self.journal.record(piece.index, digest)

    def finish(self) -> None:
        """Verify the whole, make it durable and give it its name."""
        with open(self.part, "r+b", opener=private_opener) as stream:
            os.ftruncate(stream.fileno(), self.file.size)
            os.fsync(stream.fileno())
            if _digest(stream, 0, self.file.size) != self.file.sha256:
                self.discard()
                raise TransferError(
                    f"Cannot bring {self.file.name}: what arrived does not have the sha256 that the host named. "
                    "It was thrown away, run the task again"
                )
        if os.path.lexists(self.path):
            raise _occupied(self.path)
        os.rename(self.part, self.path)
        self.discard()
        sync_directory(self.dest)

    def discard(self) -> None:
        """Remove the working files."""
        for path in (self.part, self.journal.path):
            forget(path)


def make_private(path: str) -> None:
    """An empty file that only its owner may read, for a connection plugin to fill: the folder may be open to others."""
    forget(path)
    open(path, "xb", opener=private_opener).close()


def forget(path: str) -> None:
    """Remove a working file, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def prepare_folder(dest: str) -> None:
    """Make the folder for a dump: for its owner only, since a vmcore is a copy of the host's memory."""
    try:
        os.makedirs(dest, mode=0o700, exist_ok=True)
    except OSError as error:
        raise TransferError(f"Cannot create {dest} on the controller: {error.strerror}") from error


@contextlib.contextmanager
def claimed(dest: str) -> Iterator[None]:
    """Have the folder to oneself: two runs that put one file together would undo each other's work."""
    handle = os.open(dest, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransferError(
                f"Cannot bring a dump to {dest}: another run is bringing one there. Wait for it, or set another dest"
            ) from error
        yield
    finally:
        os.close(handle)


def is_here(file: SourceFile, dest: str) -> bool:
    """True where the very same file has been brought before; another file of that name is an error."""
    path = os.path.join(dest, file.name)
    if not os.path.lexists(path):
        return False
    same = (
        not os.path.islink(path)
        and os.path.isfile(path)
        and os.path.getsize(path) == file.size
        and sha256_file(path) == file.sha256
    )
    if not same:
        raise _occupied(path)
    return True


def begin(file: SourceFile, dest: str, chunk_bytes: int) -> Incoming:
    """Open or take up the part file: chunks of an earlier attempt count if they still hash to what was noted."""
    incoming = Incoming(file, dest, load_journal(os.path.join(dest, f".{file.name}.journal"), file, chunk_bytes), ())
    with open(os.open(incoming.part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b") as part:
        pieces = chunks(file, chunk_bytes)
        good = {piece.index for piece in pieces if _is_good(part, piece, incoming.journal)}
    journal = Journal(
        incoming.journal.path, file.sha256, file.size, chunk_bytes,
        {index: digest for index, digest in incoming.journal.done.items() if index in good},
    )  # fmt: skip
    journal.restart()
    return Incoming(file, dest, journal, tuple(piece for piece in pieces if piece.index not in good))


def missing_bytes(files: Sequence[SourceFile], dest: str, chunk_bytes: int) -> int:
    """How much must still cross the wire, judged without reading the part files or cutting up what may be too large."""
    total = 0
    for file in files:
        done = load_journal(os.path.join(dest, f".{file.name}.journal"), file, chunk_bytes).done
        here = (min(chunk_bytes, file.size - index * chunk_bytes) for index in done if index >= 0)
        total += file.size - sum(length for length in here if length > 0)
    return total


def check_room(dest: str, wanted: int, chunk_bytes: int) -> None:
    """Refuse to begin what cannot end: room for the rest, for one batch on its way and some to spare."""
    folder = os.path.abspath(dest)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    needed = wanted + min(wanted, chunk_bytes) + RESERVE
    if wanted and free < needed:
        raise TransferError(
            f"Cannot bring {wanted} bytes to {dest}: that takes {needed} bytes of free space with the batch on its "
            f"way, {folder} has {free}. Make room or set another dest"
        )


def _occupied(path: str) -> TransferError:
    return TransferError(
        f"Cannot bring {os.path.basename(path)}: {path} is there already and is another file. "
        "Dumps are never overwritten, set another dest"
    )


def _is_good(part: t.BinaryIO, piece: Chunk, journal: Journal) -> bool:
    noted = journal.done.get(piece.index)
    return noted is not None and _digest(part, piece.offset, piece.length) == noted


def _digest(stream: t.BinaryIO, offset: int, length: int) -> str:
    digest = hashlib.sha256()
    for block in _read(stream, offset, length):
        digest.update(block)
    return digest.hexdigest()


def _read(stream: t.BinaryIO, offset: int, length: int) -> Iterator[bytes]:
    stream.seek(offset)
    while length > 0:
        block = stream.read(min(_BLOCK, length))
        if not block:
            return
        length -= len(block)
        yield block
