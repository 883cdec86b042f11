# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's side of bringing a dump: describe its files, lay out pieces of them, remove them.

It runs as root on files that may have been put there by anybody, so links are never followed and only regular
files are opened.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .plan import MAX_FILES, SourceFile, TransferError, check_complete, check_name

_BLOCK = 1 << 20
#: What the save script sets aside for its record; left behind where the capture kernel died on the way.
_RESERVE = ".reserve"
#: How a dump that is small enough has been laid out by the time it is listed.
COPIES: t.Final = "copies"
IN_PLACE: t.Final = "in_place"
#: O_NONBLOCK, so that opening a FIFO in place of a file does not hang.
_SAFE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def list_files(path: str, *, incomplete: bool, into: str | None = None, limit: int = 0) -> dict[str, t.Any]:
    """Describe the dump: one file, or all files of a folder, each with its sha256.

    Where all of it is no more than ``limit`` bytes it is laid out on the way: as copies C(chunk-0), C(chunk-1) ... of
    the files that are not empty in ``into``, or in place where the owner of ``into`` may read them anyway.
    """
    with _open_folder(path) as (folder, only):
        names = [only] if only else sorted(name for name in os.listdir(folder) if name != _RESERVE)
        _check_names(path, names, incomplete=incomplete)
        way = _way(folder, names, into, limit)
        files: list[SourceFile] = []
        for name in names:
            number = sum(file.size > 0 for file in files)
            copy = os.path.join(into, f"chunk-{number}") if into and way == COPIES else None
            files.append(_describe(folder, path, name, copy))
    return {"folder": only is None, "files": [file.as_dict() for file in files], "laid_out": way}


def _way(folder: int, names: Sequence[str], into: str | None, limit: int) -> str | None:
    """How a small dump is laid out at once: not at all, in copies, or in place."""
    if into is None:
        return None
    total = sum(os.stat(name, dir_fd=folder, follow_symlinks=False).st_size for name in names)
    if total > limit:
        return None
    if os.stat(into).st_uid == os.geteuid():
        return IN_PLACE
    room = os.statvfs(into)
    return COPIES if room.f_bavail * room.f_frsize > total else None


def stage_chunks(
    path: str, *, files: Sequence[SourceFile], pieces: Sequence[Mapping[str, t.Any]], into: str
) -> list[str]:
    """Copy pieces to ``into``/chunk-0, chunk-1 ... for the login user to fetch, and return their digests.

    Each piece overwrites the one that was brought before, so the host needs room for one batch only.
    """
    known = {file.name: file for file in files}
    owner = os.stat(into)
    _check_room(into, sum(int(piece["length"]) for piece in pieces))
    digests = []
    with _open_folder(path) as (folder, _only):
        for number, piece in enumerate(pieces):
            file = known[piece["name"]]
            with _open_file(folder, path, file.name) as source:
                _check_same(source, path, file)
                target = os.path.join(into, f"chunk-{number}")
                digests.append(_copy(source, target, owner, offset=int(piece["offset"]), length=int(piece["length"])))
    return digests


def remove_files(path: str, files: Sequence[SourceFile]) -> None:
    """Remove what has been brought and verified, and the folder if nothing else is in it."""
    with _open_folder(path) as (folder, only):
        for file in files:
            with _open_file(folder, path, file.name) as source:
                _check_same(source, path, file)
        for file in files:
            os.unlink(file.name, dir_fd=folder)
        os.fsync(folder)
        emptied = only is None and not os.listdir(folder)
    if emptied:
        os.rmdir(path)


def _check_names(path: str, names: Sequence[str], *, incomplete: bool) -> None:
    if not names:
        raise TransferError(f"Cannot bring {path}: the folder is empty")
    if len(names) > MAX_FILES:
        raise TransferError(f"Cannot bring {path}: it holds {len(names)} entries, a dump has at most {MAX_FILES}")
    for name in names:
        check_name(name)
    if not incomplete:
        check_complete(path, names)


@contextlib.contextmanager
def _open_folder(path: str) -> Iterator[tuple[int, str | None]]:
    """The folder to look in, and the one file to take from it where ``path`` is a file."""
    try:
        mode = os.lstat(path).st_mode
        only = None if stat.S_ISDIR(mode) else os.path.basename(path)
        if stat.S_ISLNK(mode):
            raise TransferError(f"Cannot bring {path}: it is a symbolic link. Name what it points to")
        folder = os.open(os.path.dirname(path) if only else path, _SAFE | os.O_DIRECTORY)
    except OSError as error:
        raise TransferError(f"Cannot bring {path}: {error.strerror}") from error
    try:
        yield folder, only
    finally:
        os.close(folder)


@contextlib.contextmanager
def _open_file(folder: int, path: str, name: str) -> Iterator[int]:
    try:
        handle = os.open(name, _SAFE, dir_fd=folder)
    except OSError as error:
        cause = "it is a symbolic link" if stat.S_ISLNK(_mode(folder, name)) else error.strerror
        raise TransferError(f"Cannot bring {name} of {path}: {cause}") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise TransferError(f"Cannot bring {name} of {path}: it is not a regular file")
        yield handle
    finally:
        os.close(handle)


def _mode(folder: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        return 0


def _describe(folder: int, path: str, name: str, copy: str | None) -> SourceFile:
    """Size, time and digest. Hashing takes a while, which is what shows a file that is still growing."""
    with _open_file(folder, path, name) as handle:
        before = os.fstat(handle)
        if copy and before.st_size:
            digest = _copy(handle, copy, os.stat(os.path.dirname(copy)), offset=0, length=before.st_size)
        else:
            digest = _digest(_blocks(handle, 0, before.st_size))
        file = SourceFile(name, before.st_size, before.st_mtime_ns, before.st_ino, digest)
        _check_same(handle, path, file)
    return file


def _digest(blocks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def _blocks(handle: int, offset: int, length: int) -> Iterator[bytes]:
    end = offset + length
    while offset < end:
        block = os.pread(handle, min(_BLOCK, end - offset), offset)
        if not block:
            return
        offset += len(block)
        yield block


def _check_same(handle: int, path: str, file: SourceFile) -> None:
    now = os.fstat(handle)
    if (now.st_size, now.st_mtime_ns, now.st_ino) != (file.size, file.mtime_ns, file.inode):
        raise TransferError(
            f"Cannot bring {file.name} of {path}: it changed meanwhile ({file.size} bytes, now {now.st_size}). "
            "Try again once it is written"
        )


def _check_room(into: str, wanted: int) -> None:
    room = os.statvfs(into)
    free = room.f_bavail * room.f_frsize
    if free < wanted:
        raise TransferError(
            f"Cannot lay out {wanted} bytes for the way in {into}: {free} bytes are free. Set a smaller chunk_bytes"
        )


def _copy(source: int, target: str, owner: os.stat_result, *, offset: int, length: int) -> str:
    """Copy a piece into a new file of the login user's, and return its sha256."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(target)
    digest = hashlib.sha256()
    # O_EXCL: whoever owns the folder cannot make root write through a link
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        if owner.st_uid != os.geteuid():
            os.fchown(handle, owner.st_uid, owner.st_gid)
        for block in _blocks(source, offset, length):
            digest.update(block)
            stream.write(block)
    return digest.hexdigest()
