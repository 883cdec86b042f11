# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted dumps, decrypted on the controller: whole or not at all, and for their owner only."""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..command import CommandRunner, which
from ..errors import KdumpError
from ..files import sync_directory
from ..host import paths

DEFAULT_SECONDS: t.Final = 3600
_PART: t.Final = ".part"
_ADVICE: t.Final = "Check that the identity is that of one of the dump's recipients, and bring the dump again if it is."
#: What a file that age wrote begins with.
_MAGIC: t.Final = b"age-encryption.org/"


class DecryptError(KdumpError):
    """A dump that cannot be decrypted."""


@dataclass(frozen=True)
class Request:
    """What to decrypt, and with what."""

    path: str
    identity: str
    age: str = "age"
    seconds: int = DEFAULT_SECONDS


@dataclass(frozen=True)
class File:
    """An encrypted file, and the plain one beside it."""

    source: str
    plain: str
    current: bool


def request(options: Mapping[str, t.Any]) -> Request:
    """The request that a module's options make."""
    return Request(options["path"], options["identity"], options["age"], options["timeout"])


def find(path: str) -> tuple[File, ...]:
    """The encrypted files of a dump's folder, or the one that ``path`` is."""
    try:
        names = [path] if not os.path.isdir(path) else [os.path.join(path, name) for name in sorted(os.listdir(path))]
        return tuple(_file(name) for name in names if name.endswith(paths.ENCRYPTED_SUFFIX) and _regular(name))
    except OSError as error:
        raise DecryptError(f"Cannot look for encrypted dumps in {path}: {error.strerror or error}.") from error


def decrypt(wanted: Request, runner: CommandRunner, *, check_mode: bool) -> dict[str, t.Any]:
    """The module's whole work."""
    if not os.path.exists(wanted.path):
        raise DecryptError(f"Cannot decrypt {wanted.path}: it is not there. Bring the dump first (vmcore_fetch).")
    found = find(wanted.path)
    todo = [file for file in found if not file.current]
    if todo and not check_mode:
        _check(wanted)
        for file in todo:
            _decrypt(file, wanted, runner)
    return {"changed": bool(todo), "files": [{"path": file.plain, "changed": not file.current} for file in found]}


def _check(wanted: Request) -> None:
    if which(wanted.age) is None:
        raise DecryptError(
            f"Cannot decrypt {wanted.path}: {wanted.age} is not installed. Install it (package age on Debian)."
        )
    if not os.access(wanted.identity, os.R_OK) or not os.path.isfile(wanted.identity):
        raise DecryptError(
            f"Cannot decrypt {wanted.path}: the identity {wanted.identity} cannot be read. Give the file with the "
            "secret key."
        )


def _decrypt(file: File, wanted: Request, runner: CommandRunner) -> None:
    with open(file.source, "rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise DecryptError(f"Cannot decrypt {file.source}: age did not write it. Bring the dump again.")
    with _part(file.plain) as part:
        argv: Sequence[str] = [wanted.age, "--decrypt", "--identity", wanted.identity, "--output", part, file.source]
        done = runner.run(argv, what=f"decrypt {file.source}", timeout=wanted.seconds, check=False)
        if done.rc != 0:
            raise DecryptError(f"Cannot decrypt {file.source}: {_cause(done.err)}. {_ADVICE}")
        _keep(part, file.plain)


def _keep(part: str, plain: str) -> None:
    """Its name is what says that it is whole, so that it gets that when it is on the disk."""
    handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(part, plain)
    sync_directory(os.path.dirname(os.path.abspath(plain)))


def _cause(said: str) -> str:
    """age's own words; its last line is an address for reports."""
    errors = [line.split("error:", 1)[1].strip() for line in said.splitlines() if "error:" in line]
    return (errors or ["age said nothing of the cause"])[0].rstrip(".")[:200]


@contextlib.contextmanager
def _part(plain: str) -> Iterator[str]:
    """A file of its owner only, to write to; gone unless it was given its name."""
    part = plain + _PART
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        yield part
    except OSError as error:
        raise DecryptError(f"Cannot write {plain}: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)


def _file(source: str) -> File:
    plain = source[: -len(paths.ENCRYPTED_SUFFIX)]
    try:
        current = os.lstat(plain).st_mtime_ns >= os.lstat(source).st_mtime_ns and _regular(plain)
    except FileNotFoundError:
        current = False
    return File(source, plain, current)


def _regular(path: str) -> bool:
    return stat.S_ISREG(os.lstat(path).st_mode)
