# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of files that belong to boot loaders: whole or not at all, remembered, and taken back after a failure."""

from __future__ import annotations

import contextlib
import os
import typing as t
from collections.abc import Iterator, Sequence

from ..crashkernel.grammar import PARAMETER, on_command_line
from ..errors import KdumpError
from ..files import sync_directory, write_atomic
from .model import BootLoaderError, Entry, FileState


def read(path: str) -> t.Optional[str]:
    """The text of a file, its line ends as they are; None where there is none."""
    with named("read", path):
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
                return stream.read()
        except (FileNotFoundError, NotADirectoryError):
            return None


def put(state: FileState) -> None:
    """Make a file be what ``state`` says, keeping its mode."""
    path = os.path.realpath(state.path)
    with named("write", path):
        if state.content is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            mode = os.stat(path).st_mode & 0o7777 if os.path.exists(path) else 0o644
            write_atomic(path, state.content, mode=mode)
        elif os.path.lexists(path):
            os.unlink(path)
            sync_directory(os.path.dirname(path))


def put_back(cause: BaseException, *states: FileState) -> None:
    """Restore every file that can be restored, and say which cannot."""
    failures = []
    for state in states:
        try:
            if read(state.path) != state.content:
                put(state)
        except BootLoaderError as error:
            failures.append(error.message)
    if failures:
        message = cause.message if isinstance(cause, KdumpError) else repr(cause)
        raise BootLoaderError(f"{message}. Then it could not be taken back: {'; '.join(failures)}") from cause


def keep(states: Sequence[FileState], folder: str, *, root: str = "/", first: bool = False) -> None:
    """Copy files as they are now to ``folder``, each under its own path, for whoever has to go back by hand.

    A copy of before is replaced, unless the ``first`` one is to stay.
    """
    for state in states:
        path = copy_of(state.path, folder, root=root)
        known = read(path)
        if state.content is not None and (known is None if first else known != state.content):
            with named("write", path):
                os.makedirs(folder, mode=0o700, exist_ok=True)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                write_atomic(path, state.content, mode=os.stat(state.path).st_mode & 0o7777)


def copy_of(path: str, folder: str, *, root: str = "/") -> str:
    """Where the copy of a file is kept."""
    return os.path.join(folder, os.path.relpath(os.path.realpath(path), os.path.realpath(root)))


def unlike(entries: Sequence[Entry], parameters: Sequence[str]) -> t.Optional[tuple[Entry, str]]:
    """The first entry that would not boot with exactly these parameters, and how it would instead; None if all do."""
    expected = on_command_line(" ".join(parameters))
    for entry in entries:
        found = on_command_line(" ".join(entry.arguments))
        if entry.managed and found != expected:
            return entry, f"would boot with {_spelt(found)} instead of {_spelt(expected)}"
    return None


def _spelt(values: Sequence[str]) -> str:
    return " ".join(PARAMETER + value for value in values) or f"no {PARAMETER}"


@contextlib.contextmanager
def named(verb: str, path: str) -> Iterator[None]:
    """Turn what the system refuses into an error that says what was to be done with which file."""
    try:
        yield
    except OSError as error:
        raise BootLoaderError(
            f"Cannot {verb} {path}: {error.strerror}. The task needs root, and a file system that is writable"
        ) from error
