# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The "new ASCII" cpio format, the only one that the kernel unpacks as an initramfs: writing it and reading it back.

Same members, same bytes: members are sorted, belong to root, and carry no time.
"""

from __future__ import annotations

import posixpath
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...errors import KdumpError

_MAGIC = b"070701"
_HEADER_BYTES = 110
_TRAILER = "TRAILER!!!"
_BLOCK = 512
#: Sizes are eight hex digits in the header.
_LARGEST = 0xFFFFFFFF
#: PATH_MAX of the kernel, the final NUL included: the unpacker silently skips what has a longer name or link target.
_LONGEST_NAME = 4096
_HEADER = re.compile(rb"070701(?:[0-9A-Fa-f]{8}){13}")


class ArchiveError(KdumpError):
    """A set of members that no archive can hold, or bytes that are no archive."""


@dataclass(frozen=True)
class Member:
    """One entry; ``mode`` holds type and permissions, ``data`` a file's content or a link's target."""

    path: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)

    @property
    def kind(self) -> str:
        """``directory``, ``file``, ``symlink`` or ``device``."""
        return _KINDS.get(stat.S_IFMT(self.mode), "device")


_KINDS = {stat.S_IFDIR: "directory", stat.S_IFREG: "file", stat.S_IFLNK: "symlink"}


def directory(path: str, *, permissions: int = 0o755) -> Member:
    """A directory."""
    return Member(path, stat.S_IFDIR | permissions)


def regular(path: str, data: bytes, *, permissions: int = 0o644) -> Member:
    """An ordinary file."""
    return Member(path, stat.S_IFREG | permissions, data)


def symlink(path: str, target: str) -> Member:
    """A symbolic link."""
    return Member(path, stat.S_IFLNK | 0o777, target.encode("utf-8", "surrogateescape"))


def character(path: str, device: tuple[int, int], *, permissions: int = 0o600) -> Member:
    """A character device node."""
    return Member(path, stat.S_IFCHR | permissions, device=device)


def complete(members: Iterable[Member]) -> list[Member]:
    """The members, sorted, with every directory that leads to them; two of one path are refused."""
    by_path: dict[str, Member] = {}
    for member in members:
        _check(member)
        if member.path in by_path:
            raise ArchiveError(f"Cannot make an archive: {member.path!r} is in it twice")
        by_path[member.path] = member
    for path in list(by_path):
        for parent in _parents(path):
            found = by_path.setdefault(parent, directory(parent))
            if found.kind != "directory":
                raise ArchiveError(f"Cannot make an archive: {path!r} lies below {parent!r}, which is no directory")
    return [by_path[path] for path in sorted(by_path, key=lambda path: path.split("/"))]


def archive(members: Iterable[Member], *, last: str | None = None) -> bytes:
    """The archive of ``members``, completed; ``last`` names a member that stands behind all others."""
    out = bytearray()
    for number, member in enumerate(sorted(complete(members), key=lambda member: member.path == last), start=1):
        out += _entry(member, number)
    out += _entry(Member(_TRAILER, 0), 0)
    out += bytes(-len(out) % _BLOCK)
    return bytes(out)


def read(data: bytes) -> list[Member]:
    """The members of an archive, in its order."""
    return list(_entries(data))


def _check(member: Member) -> None:
    path = member.path
    name = path.encode("utf-8", "surrogateescape")
    bad_parts = {"", ".", ".."} & set(path.split("/"))
    if bad_parts or "\0" in path or path == _TRAILER or len(name) >= _LONGEST_NAME:
        raise ArchiveError(f"Cannot make an archive: {path[:80]!r} is not a relative path that it can hold")
    if len(member.data) > _LARGEST:
        raise ArchiveError(f"Cannot make an archive: {path!r} has more than 4 GiB")
    if member.kind == "symlink" and not 0 < len(member.data) < _LONGEST_NAME:
        raise ArchiveError(f"Cannot make an archive: the link {path!r} has no target that it can hold")


def _parents(path: str) -> Iterator[str]:
    parent = posixpath.dirname(path)
    while parent:
        yield parent
        parent = posixpath.dirname(parent)


def _entry(member: Member, number: int) -> bytes:
    name = member.path.encode("utf-8", "surrogateescape") + b"\0"
    links = 2 if member.kind == "directory" else 1
    fields = (
        number, member.mode, 0, 0, links, 0, len(member.data), 0, 0, *member.device, len(name), 0,
    )  # fmt: skip
    head = _MAGIC + b"".join(b"%08X" % field for field in fields) + name
    head += bytes(-len(head) % 4)
    return head + member.data + bytes(-len(member.data) % 4)


def _entries(data: bytes) -> Iterator[Member]:
    offset = 0
    while True:
        header = data[offset : offset + _HEADER_BYTES]
        if not _HEADER.fullmatch(header):
            raise ArchiveError(f"Cannot read the archive: there is no newc header at byte {offset}")
        fields = [int(header[6 + 8 * index : 14 + 8 * index], 16) for index in range(13)]
        size, name_bytes = fields[6], fields[11]
        body = offset + _HEADER_BYTES + name_bytes
        body += -body % 4
        name = data[offset + _HEADER_BYTES : offset + _HEADER_BYTES + name_bytes]
        if not name.endswith(b"\0") or body + size > len(data):
            raise ArchiveError(f"Cannot read the archive: the member at byte {offset} is cut short")
        path = name[:-1].decode("utf-8", "surrogateescape")
        if path == _TRAILER:
            return
        yield Member(path, fields[1], data[body : body + size], (fields[9], fields[10]))
        offset = body + size
        offset += -offset % 4
