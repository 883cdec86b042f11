# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing files: whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import typing as t
from collections.abc import Iterator

_CHUNK = 1 << 20


def read_text(path: str) -> str | None:
    """The text of a file, or None where there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        # A file in /proc/<pid> that was opened just before its process ended says ESRCH when it is read.
        return None


def write_atomic(path: str, content: bytes | str, *, mode: int = 0o644) -> None:
    """Replace ``path`` by ``content`` in one step; a crash leaves the old file or the new one, never half of one.

    The data and the directory entry are synced, since the hosts this runs on are about to be crashed.
    """
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    with replacing(path, mode=mode) as stream:
        stream.write(data)


@contextlib.contextmanager
def replacing(path: str, *, mode: int = 0o644) -> Iterator[t.BinaryIO]:
    """A file to write that takes the place of ``path`` when the block ends well; otherwise nothing has happened."""
    directory = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=directory, prefix=f".{os.path.basename(path)}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_directory(directory)


def sync_directory(directory: str) -> None:
    """Make renames and removals in ``directory`` survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_file(path: str) -> str:
    """The sha256 of a file as 64 hex digits, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def canonical_json(document: t.Any) -> str:
    """JSON with one spelling for one value: sorted keys, two spaces, a newline at the end."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def digest_of(document: t.Any) -> str:
    """The sha256 of a document's canonical JSON: the name of a set of build inputs."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()
