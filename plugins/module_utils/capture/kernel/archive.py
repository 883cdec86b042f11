# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A production kernel as one file: everything at its place below ``/``, and the same bytes from the same files."""

from __future__ import annotations

import gzip
import os
import tarfile
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

from .compiler import MODULES

#: The archive among a build's results.
ARCHIVE: t.Final = "install.tar.gz"

#: What is installed where; the image comes first and is installed under this name whatever it is called.
_BOOT: t.Final = {"config": "config", "System.map": "System.map"}
#: Level 9 takes four times as long and saves one part in a hundred.
_LEVEL: t.Final = 6


def boot_files(image: str, release: str) -> dict[str, str]:
    """{place below /: name among a build's results} of what belongs in /boot."""
    return {f"boot/{place}-{release}": name for name, place in {image: "vmlinuz", **_BOOT}.items()}


def write(results: str, *, image: str, release: str) -> None:
    """Write the archive beside the results."""
    modules = os.path.join(results, MODULES)
    places = {place: os.path.join(results, name) for place, name in boot_files(image, release).items()}
    places |= {place: os.path.join(modules, place) for place in _tree(modules)}
    with open(os.path.join(results, ARCHIVE), "wb") as raw, _packed(raw) as tar:
        for place, path in places.items():
            _add(tar, path, place)


@contextmanager
def _packed(raw: t.BinaryIO) -> Iterator[tarfile.TarFile]:
    # no name and no time in the header, or the same files would give other bytes
    with gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        yield tar


def _tree(root: str) -> Iterator[str]:
    """All files below ``root``, in one order wherever they are listed."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), root)


def _add(tar: tarfile.TarFile, path: str, place: str) -> None:
    info = tarfile.TarInfo(place)
    info.size, info.mode = os.path.getsize(path), 0o644
    with open(path, "rb") as stream:
        tar.addfile(info, stream)
