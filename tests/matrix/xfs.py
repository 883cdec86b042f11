# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a folder of files out of an xfs image: nobody has to be root for it, and nothing is mounted.

Its arguments are the image, the folder in it, and where the copy goes. Folders in it are copied too. Of xfs_db's words
only those are used that it has had for ten years.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

_XFS_DB: t.Final = ("/usr/sbin/xfs_db", "-r")
_LIMIT: t.Final = 60
_ENTRY = re.compile(r"^\d+ +\d+ +(?P<kind>directory|regular) +0x[0-9a-f]+ +\d+ (?P<name>\S+) \(good\)$", re.MULTILINE)
_EXTENT = re.compile(
    r"^data offset (?P<offset>\d+) startblock \d+ \((?P<group>\d+)/(?P<block>\d+)\) count (?P<count>\d+) flag 0$",
    re.MULTILINE,
)
_NUMBER = re.compile(r"^(?P<name>[\w.]+) = (?P<value>\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Extent:
    """A piece of a file: where it is in the file and in the image, in bytes."""

    offset: int
    start: int
    length: int


def numbers(text: str) -> dict[str, int]:
    """The fields that were printed."""
    return {match["name"]: int(match["value"]) for match in _NUMBER.finditer(text)}


def entries(text: str) -> Iterator[tuple[str, str]]:
    """(kind, name) of what is in a folder."""
    for match in _ENTRY.finditer(text):
        if match["name"] not in (".", ".."):
            yield match["kind"], match["name"]


def extents(text: str, *, block: int, group: int) -> list[Extent]:
    """Where a file's data is; ``group`` is the number of blocks in one allocation group."""
    return [
        Extent(
            offset=int(match["offset"]) * block,
            start=(int(match["group"]) * group + int(match["block"])) * block,
            length=int(match["count"]) * block,
        )
        for match in _EXTENT.finditer(text)
    ]


def copy(image: pathlib.Path, folder: str, target: pathlib.Path) -> None:
    """Copy ``folder`` and all below it."""
    target.mkdir(mode=0o700, exist_ok=True)
    for kind, name in entries(_ask(image, f"path {folder}", "ls")):
        if kind == "directory":
            copy(image, f"{folder}/{name}", target / name)
        else:
            _copy_file(image, f"{folder}/{name}", target / name)


def _copy_file(image: pathlib.Path, path: str, target: pathlib.Path) -> None:
    told = _ask(image, "sb 0", "print blocksize agblocks", f"path {path}", "print core.size", "bmap")
    fields = numbers(told)
    with image.open("rb") as source, target.open("wb") as out:
        for extent in extents(told, block=fields["blocksize"], group=fields["agblocks"]):
            source.seek(extent.start)
            out.seek(extent.offset)
            out.write(source.read(extent.length))
        out.truncate(fields["core.size"])
        os.fchmod(out.fileno(), 0o600)


def _ask(image: pathlib.Path, *commands: str) -> str:
    words = [word for command in commands for word in ("-c", command)]
    done = subprocess.run(
        [*_XFS_DB, *words, str(image)], capture_output=True, text=True, timeout=_LIMIT, check=True
    )  # fmt: skip
    return done.stdout


if __name__ == "__main__":
    copy(pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]))
