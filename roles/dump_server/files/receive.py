# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receives one file of a dump from a client that is not trusted, and does nothing else.

It is the login shell of the account that clients connect as, so that whatever sshd is made to run, this is what runs.
sshd calls it as ``receive -c "<settings>"`` with the settings from the client's line in authorized_keys, and puts what
the client asked for into SSH_ORIGINAL_COMMAND. A client can add files to its own folder. It can read nothing, change
nothing that is complete, and neither fill the disk nor leave its folder.

The protocol is described in plugins/module_utils/capture/save/targets.py of the collection linux.kdump.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import select
import stat
import sys
import syslog
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

COMMAND = "kdump-receive"
RECORD = "kdump.json"
#: Small, and worth more than any core when room runs out: they may use half of what is otherwise kept free.
SMALL = frozenset({RECORD, "dmesg.txt", "dmesg.txt.age"})
SMALL_BYTES = 16 << 20
INCOMPLETE = ".incomplete"
LOCK = ".lock"

TRAILER_START = b"\nlinux.kdump-end "
TRAILER = re.compile(re.escape(TRAILER_START) + rb"([0-9a-f]{64})\n")
TRAILER_BYTES = len(TRAILER_START) + 64 + 1

_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PART = re.compile(r"[A-Za-z0-9._@%+=:-]{1,128}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_MOST_PARTS = 8

_CHUNK = 1 << 20
#: Bytes between two looks at the room that is left.
_LOOK = 16 << 20
#: What every file and folder counts for at least, so that empty ones count too.
_ENTRY_BYTES = 4096
_MOST_ENTRIES = 20000
_MOST_ATTEMPTS = 99
#: How many connections of one client may write at the same time.
_SLOTS = 4
#: Seconds in which some byte must arrive.
_IDLE = 300


class Refusal(Exception):
    """Why a file is not taken: a word of the protocol, and a text for a person."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.word = word


@dataclass(frozen=True)
class Settings:
    """What the server grants one client."""

    root: str
    client: str
    folder: str
    #: Bytes: of one file, of everything the client has, and what must stay free on the disk.
    largest: int
    quota: int
    floor: int


@dataclass(frozen=True)
class Request:
    """What a client asks to store."""

    id: str
    name: str
    folder: tuple[str, ...]


def parse_settings(line: str) -> Settings:
    """The settings in a client's line of authorized_keys."""
    words = dict(word.partition("=")[::2] for word in line.split(" "))
    root, client, folder = (words.pop(name, "") for name in ("root", "client", "folder"))
    numbers = [words.pop(name, "") for name in ("largest", "quota", "floor")]
    plain = root.startswith("/") and _PART.fullmatch(client) and _plain_folder(folder)
    if words or not plain or not all(map(_NUMBER.fullmatch, numbers)):
        raise Refusal("refused", "this account only receives dumps, by keys that say whose")
    return Settings(root, client, folder, *map(int, numbers))


def parse_request(line: str, settings: Settings) -> Request:
    """What the client asks for, if it may."""
    words = line.split(" ")
    if len(line) > 1024 or len(words) != 4 or words[0] != COMMAND:
        raise Refusal("refused", f"the only command here is {COMMAND} <id> <name> <folder>")
    dump, name, folder = words[1:]
    if not _ID.fullmatch(dump):
        raise Refusal("refused", "the id is not that of a dump")
    if not _NAME.fullmatch(name) or INCOMPLETE in name:
        raise Refusal("refused", "the name is not that of a file of a dump")
    if not _plain_folder(folder):
        raise Refusal("refused", "the folder is not a plain relative path")
    if folder != settings.folder and not folder.startswith(settings.folder + "/"):
        raise Refusal("refused", f"the client {settings.client} may write to {settings.folder} only")
    return Request(dump, name, tuple(folder.split("/")))


def _plain_folder(folder: str) -> bool:
    parts = folder.split("/")
    return len(parts) <= _MOST_PARTS and all(
        _PART.fullmatch(part) and part not in (".", "..", LOCK) for part in parts
    )  # fmt: skip


@contextlib.contextmanager
def opened(path: str, flags: int, *, parent: int | None = None) -> Iterator[int]:
    """A file or folder, never through a symbolic link, closed at the end."""
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


@contextlib.contextmanager
def descended(parent: int, parts: Sequence[str]) -> Iterator[int]:
    """The last of the folders on the way, made where they are missing."""
    with contextlib.ExitStack() as stack:
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=parent)
                os.fsync(parent)
            parent = stack.enter_context(opened(part, os.O_DIRECTORY, parent=parent))
        yield parent


@contextlib.contextmanager
def slot(folder: int) -> Iterator[None]:
    """One of the few places for connections of a client."""
    with opened(LOCK, os.O_RDWR | os.O_CREAT, parent=folder) as handle:
        for number in range(_SLOTS):
            with contextlib.suppress(BlockingIOError, PermissionError):
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
                break
        else:
            raise Refusal("refused", f"this client sends {_SLOTS} files already")
        yield


@contextlib.contextmanager
def alone(folder: int) -> Iterator[None]:
    """Nobody else names files in this folder meanwhile."""
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(folder, fcntl.LOCK_UN)


def used(folder: int) -> int:
    """Bytes that everything below a folder takes; never by a symbolic link, and never for ever."""
    total = entries = 0
    for _path, names, files, handle in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        for name in (*names, *files):
            entries += 1
            if entries > _MOST_ENTRIES:
                raise Refusal("space", "the client has too many files")
            with contextlib.suppress(FileNotFoundError):
                status = os.stat(name, dir_fd=handle, follow_symlinks=False)
                regular = stat.S_ISREG(status.st_mode)
                total += max(_ENTRY_BYTES, status.st_size if regular else 0, status.st_blocks * 512)
    return total


@dataclass(frozen=True)
class Room:
    """Whether there is room for more."""

    settings: Settings
    #: The folder with everything the client has.
    folder: int
    name: str

    @property
    def largest(self) -> int:
        return min(self.settings.largest, SMALL_BYTES) if self.name in SMALL else self.settings.largest

    @property
    def floor(self) -> int:
        return self.settings.floor // 2 if self.name in SMALL else self.settings.floor

    def look(self, more: int) -> int:
        """How many bytes there is room for, at least ``more``."""
        quota = self.settings.quota - used(self.folder)
        if more > quota:
            raise Refusal("space", f"the quota of {self.settings.quota} bytes is used up")
        disk = os.fstatvfs(self.folder)
        free = disk.f_bavail * disk.f_frsize - self.floor
        if more > free:
            raise Refusal("space", f"less than {self.floor} bytes of the disk would stay free")
        return min(quota, free)


def chunks(source: int) -> Iterator[bytes]:
    """What the client sends, until it ends or says nothing for too long."""
    while True:
        if not select.select([source], [], [], _IDLE)[0]:
            raise Refusal("incomplete", f"nothing came for {_IDLE} seconds")
        chunk = os.read(source, _CHUNK)
        if not chunk:
            return
        yield chunk


def write_all(handle: int, data: bytes) -> None:
    """Write everything, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def store(source: int, handle: int, room: Room) -> tuple[int, str]:
    """Write what comes to a file and return its length and sha256; the trailer is checked and not written."""
    digest = hashlib.sha256()
    tail, size, granted = b"", 0, 0
    for chunk in chunks(source):
        data = tail + chunk
        body, tail = data[:-TRAILER_BYTES], data[-TRAILER_BYTES:]
        if size + len(body) > room.largest:
            raise Refusal("space", f"the file has more than {room.largest} bytes")
        if size + len(body) > granted:
            granted = size + min(max(_LOOK, len(body)), room.look(len(body)))
        write_all(handle, body)
        digest.update(body)
        size += len(body)
    found = TRAILER.fullmatch(tail)
    if not found:
        write_all(handle, tail)
        raise Refusal("incomplete", f"the stream ended after {size + len(tail)} bytes, without its end mark")
    if found.group(1).decode() != digest.hexdigest():
        raise Refusal("incomplete", f"the {size} bytes that came do not have the sha256 that they should")
    return size, digest.hexdigest()


def exists(name: str, folder: int) -> bool:
    """Whether anything has this name."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def refuse_another(name: str, folder: int) -> None:
    """A complete file stays as it is; only the record may be replaced."""
    if name != RECORD and exists(name, folder):
        size = os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
        raise Refusal("exists", f"{size} bytes are there already as {name}, and they are complete")


@contextlib.contextmanager
def begun(name: str, folder: int) -> Iterator[int]:
    """A new file under its incomplete name; what an earlier attempt has left moves aside."""
    incomplete = name + INCOMPLETE
    with alone(folder):
        refuse_another(name, folder)
        if exists(incomplete, folder):
            aside = (f"{incomplete}.{number}" for number in range(1, _MOST_ATTEMPTS + 1))
            free = next((other for other in aside if not exists(other, folder)), None)
            if free is None:
                raise Refusal("refused", f"{name} was tried too often")
            os.rename(incomplete, free, src_dir_fd=folder, dst_dir_fd=folder)
        handle = os.open(incomplete, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        yield handle
    finally:
        os.close(handle)


def finish(name: str, handle: int, folder: int) -> None:
    """Give a complete file its name, and forget the attempts before it."""
    incomplete = name + INCOMPLETE
    os.fsync(handle)
    with alone(folder):
        mine = os.fstat(handle)
        try:
            there = os.stat(incomplete, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            raise Refusal("incomplete", "another connection has begun anew with this file")
        refuse_another(name, folder)
        os.rename(incomplete, name, src_dir_fd=folder, dst_dir_fd=folder)
        for number in range(1, _MOST_ATTEMPTS + 1):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{incomplete}.{number}", dir_fd=folder)
        os.fsync(folder)


def receive(settings: Settings, request: Request, source: int) -> str:
    """Take one file; the answer when it is safely on the disk."""
    own = settings.folder.split("/")
    inner = (*request.folder[len(own) :], request.id)
    with opened(settings.root, os.O_DIRECTORY) as root, descended(root, own) as client, slot(client):
        room = Room(settings, client, request.name)
        # before anything is made: folders cost as well
        room.look(_ENTRY_BYTES * (len(inner) + 1))
        with descended(client, inner) as folder, begun(request.name, folder) as handle:
            size, digest = store(source, handle, room)
            finish(request.name, handle, folder)
    return f"ok {size} {digest}"


def attempt(settings: Settings, request: Request, source: int) -> str:
    """The same, with every trouble of the disk as a refusal."""
    try:
        return receive(settings, request, source)
    except OSError as error:
        word = "space" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EMLINK) else "failed"
        raise Refusal(word, os.strerror(error.errno or 0)) from error


def answer(arguments: Sequence[str], environment: Mapping[str, str], source: int) -> tuple[int, str]:
    """The status and the line for the client; the log gets the same."""
    os.umask(0o077)
    client = asked = "?"
    try:
        if len(arguments) != 2 or arguments[0] != "-c":
            raise Refusal("refused", "this account only receives dumps")
        settings = parse_settings(arguments[1])
        client = settings.client
        request = parse_request(environment.get("SSH_ORIGINAL_COMMAND", ""), settings)
        asked = "/".join((*request.folder, request.id, request.name))
        status, line = 0, attempt(settings, request, source)
    except Refusal as refusal:
        status, line = 1, f"error {refusal.word} {refusal}"
    syslog.openlog("linux-kdump-receive", syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(syslog.LOG_ERR if status else syslog.LOG_INFO, f"client {client}, {asked}: {line}")
    return status, line


def main() -> int:
    """Entry point."""
    status, line = answer(sys.argv[1:], os.environ, 0)
    try:
        os.write(1, line.encode() + b"\n")
    except OSError:
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
