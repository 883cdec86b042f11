# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal beside a half-brought file: which chunks are in it and what they hash to.

One JSON document a line: first what the file is, then one line a chunk. It is only ever appended to, so
whatever stops the controller leaves at worst one torn line, which is ignored.
"""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field

from .plan import SourceFile

_VERSION = 1
#: A line longer than this was not written by us.
_MAX_LINE = 4096


@dataclass(frozen=True)
class Journal:
    """What is known to be in a ``.part`` file: the digest of each chunk that arrived."""

    path: str
    sha256: str
    size: int
    chunk_bytes: int
    done: dict[int, str] = field(default_factory=dict)

    @property
    def header(self) -> dict[str, t.Any]:
        """The first line: a journal is only good for the very same content, cut in the same way."""
        return {"journal": _VERSION, "sha256": self.sha256, "size": self.size, "chunk_bytes": self.chunk_bytes}

    def record(self, index: int, digest: str) -> None:
        """Remember that a chunk has been written to the part file."""
        self.done[index] = digest
        self._append({"chunk": index, "sha256": digest})

    def restart(self) -> None:
        """Begin anew, with the chunks in ``done`` (those that were found good)."""
        with open(self.path, "w", encoding="utf-8", opener=private_opener) as stream:
            stream.write(json.dumps(self.header) + "\n")
        for index, digest in sorted(self.done.items()):
            self._append({"chunk": index, "sha256": digest})

    def _append(self, document: dict[str, t.Any]) -> None:
        with open(self.path, "a", encoding="utf-8", opener=private_opener) as stream:
            stream.write(json.dumps(document) + "\n")


def private_opener(path: str, flags: int) -> int:
    """For open(): files that only their owner may read, and never through a link that somebody left there."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def load_journal(path: str, file: SourceFile, chunk_bytes: int) -> Journal:
    """The journal of an earlier attempt at the same file, or an empty one."""
    journal = Journal(path, file.sha256, file.size, chunk_bytes)
    lines = _documents(path)
    if next(lines, None) != journal.header:
        return journal
    for document in lines:
        index, digest = document.get("chunk"), document.get("sha256")
        if isinstance(index, int) and isinstance(digest, str):
            journal.done[index] = digest
    return journal


def _documents(path: str) -> Iterator[dict[str, t.Any]]:
    """The journal's lines, up to the first one that is torn."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            for line in iter(lambda: stream.readline(_MAX_LINE), ""):
                document = json.loads(line)
                if not isinstance(document, dict):
                    return
                yield document
    except (OSError, ValueError, RecursionError):
        return
