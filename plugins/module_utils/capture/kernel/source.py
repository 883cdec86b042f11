# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a kernel's source comes from: Debian's linux-source package, another tarball, or a tree; none is changed."""

from __future__ import annotations

import hashlib
import os
import re
import typing as t
from dataclasses import dataclass

from ...errors import KdumpError
from ...files import read_text, sha256_file
from .architectures import Architecture

#: Where Debian's linux-source packages put their tarballs.
PACKAGED: t.Final = "/usr/src"
_PACKAGED_NAME = re.compile(r"linux-source-(?P<version>\d+(?:\.\d+)*)\.tar\.(?:xz|zst|gz|bz2)", re.ASCII)
_VERSION = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL)\s*=\s*(\d+)\s*$", re.MULTILINE)

#: What a build inside a tree leaves behind; kbuild refuses to build elsewhere from such a tree.
_LEFTOVERS: t.Final = (".config", "include/config", "arch/{arch}/include/generated")

#: Bytes on disk, measured: linux-source 6.1 unpacked, and the objects and results of a capture kernel.
UNPACKED_BYTES: t.Final = 1_700_000_000
BUILD_BYTES: t.Final = 250_000_000


class SourceError(KdumpError):
    """The kernel's source is missing or is none."""


@dataclass(frozen=True)
class Source:
    """One kernel source."""

    kind: t.Literal["tarball", "tree"]
    path: str
    sha256: str

    @property
    def needed_bytes(self) -> int:
        """Room that building from it takes at most."""
        return BUILD_BYTES + (UNPACKED_BYTES if self.kind == "tarball" else 0)

    def describe(self) -> dict[str, str]:
        """For the manifest."""
        return {"kind": self.kind, "name": os.path.basename(self.path), "sha256": self.sha256}


def newest_packaged(folder: str = PACKAGED) -> str:
    """The path of the newest linux-source tarball."""
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = [(_key(match["version"]), name) for name in names for match in [_PACKAGED_NAME.fullmatch(name)] if match]
    if not found:
        raise SourceError(
            f"Cannot find a kernel source: there is no linux-source-*.tar.xz in {folder}. "
            "Install it (apt-get install linux-source), or name a tarball or a tree in the option source"
        )
    return os.path.join(folder, max(found)[1])


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def locate(path: str | None, architecture: Architecture) -> Source:
    """Find the source and take its digest."""
    path = os.path.abspath(path) if path else newest_packaged()
    if os.path.isdir(path):
        if not _is_tree(path):
            raise SourceError(f"Cannot use the kernel source {path}: it has no kernel's Makefile and Kconfig")
        _refuse_leftovers(path, architecture)
        return Source("tree", path, tree_digest(path))
    if not os.path.isfile(path):
        raise SourceError(f"Cannot use the kernel source {path}: there is no such file or folder")
    if not os.path.getsize(path):
        raise SourceError(f"Cannot use the kernel source {path}: the file is empty")
    return Source("tarball", path, sha256_file(path))


def _is_tree(path: str) -> bool:
    """True for the root of a kernel source tree."""
    makefile = os.path.join(path, "Makefile")
    text = (read_text(makefile) or "") if os.path.isfile(makefile) else ""
    return len(_VERSION.findall(text)) >= 2 and os.path.isfile(os.path.join(path, "Kconfig"))


def _refuse_leftovers(path: str, architecture: Architecture) -> None:
    for pattern in _LEFTOVERS:
        name = pattern.format(arch=architecture.source_name)
        if os.path.exists(os.path.join(path, name)):
            raise SourceError(
                f"Cannot use the kernel source {path}: a build inside it has left {name}, and kbuild refuses "
                "to build elsewhere from such a tree. Run make mrproper in it, or name another tree"
            )


def tree_digest(path: str) -> str:
    """One sha256 over the names and contents of a tree, version control aside."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            full = os.path.join(folder, name)
            content = os.readlink(full) if os.path.islink(full) else sha256_file(full)
            digest.update(f"{os.path.relpath(full, path)}\0{content}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def unpacked_root(folder: str, tarball: str) -> str:
    """The tree inside the folder that a tarball was unpacked into."""
    names = os.listdir(folder)
    root = os.path.join(folder, names[0]) if len(names) == 1 else folder
    if not _is_tree(root):
        raise SourceError(f"Cannot use the kernel source {tarball}: it holds no kernel source tree")
    return root
