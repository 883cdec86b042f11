# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to bring and in which pieces: names that may be written, files cut into chunks, chunks put into batches."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from ..errors import KdumpError

#: A plain file name. It cannot leave its folder, and cannot meet our own working files, which begin with a dot.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+:@=-]{0,199}")
#: How a dump that is still being written is named: by our save script and by kdump-tools, which may compress it.
_INCOMPLETE_NAME = re.compile(r"[.-]incomplete(\.(gz|bz2|lz4|xz))?$")
#: No file is larger on any file system.
_LARGEST = (1 << 63) - 1
#: More files than any dump folder holds; a hostile listing ends here.
MAX_FILES = 256


class TransferError(KdumpError):
    """A dump cannot be brought."""


@dataclass(frozen=True)
class SourceFile:
    """A file as the host describes it. Size, time and inode together tell whether it is still the same file."""

    name: str
    size: int
    mtime_ns: int
    inode: int
    sha256: str

    @classmethod
    def parse(cls, document: Mapping[str, t.Any]) -> SourceFile:
        """Read what the module returned; a host is not trusted to return sane names or numbers."""
        try:
            size, mtime_ns, inode = (int(document[key]) for key in ("size", "mtime_ns", "inode"))
            name, sha256 = str(document["name"]), str(document["sha256"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TransferError("Cannot read the list of files: the host sent a malformed entry") from error
        check_name(name)
        if not 0 <= size <= _LARGEST or not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise TransferError(f"Cannot read the list of files: the host sent a malformed entry for {name}")
        return cls(name, size, mtime_ns, inode, sha256)

    def as_dict(self) -> dict[str, t.Any]:
        """The same as plain data, for a module's arguments and result."""
        return asdict(self)


@dataclass(frozen=True)
class Chunk:
    """A piece of one file."""

    name: str
    index: int
    offset: int
    length: int


def check_name(name: str) -> None:
    """Refuse every name that is not plainly a file in the folder."""
    if not _PLAIN_NAME.fullmatch(name):
        raise TransferError(
            f"Cannot bring {name[:200]!r}: this is not a plain file name. "
            "Only letters, digits and . _ + : @ = - are taken, and no dot at the start"
        )


def check_complete(path: str, names: Iterable[str]) -> None:
    """Refuse a dump that is still being written, or never was finished."""
    for name in names:
        if _INCOMPLETE_NAME.search(name):
            raise TransferError(
                f"Cannot bring {path}: {name} is incomplete. Set incomplete=true to bring what there is of it"
            )


def parse_listing(path: str, documents: Sequence[Mapping[str, t.Any]], *, incomplete: bool) -> list[SourceFile]:
    """The files to bring, each once, all of them acceptable."""
    if len(documents) > MAX_FILES:
        raise TransferError(f"Cannot bring {path}: it holds {len(documents)} files, a dump has at most {MAX_FILES}")
    files = [SourceFile.parse(document) for document in documents]
    if len({file.name for file in files}) != len(files):
        raise TransferError(f"Cannot bring {path}: the host listed a file twice")
    if not incomplete:
        check_complete(path, (file.name for file in files))
    return files


def chunks(file: SourceFile, chunk_bytes: int) -> list[Chunk]:
    """A file cut into pieces of ``chunk_bytes``, the last one shorter. An empty file has none."""
    return [
        Chunk(file.name, index, offset, min(chunk_bytes, file.size - offset))
        for index, offset in enumerate(range(0, file.size, chunk_bytes))
    ]


def batches(pieces: Iterable[Chunk], limit: int) -> Iterator[list[Chunk]]:
    """Put pieces together so that one round trip brings several small files, but never more than ``limit`` bytes."""
    batch: list[Chunk] = []
    size = 0
    for piece in pieces:
        if batch and size + piece.length > limit:
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += piece.length
    if batch:
        yield batch
