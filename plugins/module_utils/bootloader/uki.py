# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unified kernel images: kernel, initramfs and command line in one EFI program, which may be signed as a whole."""

from __future__ import annotations

import glob
import os
import struct
import typing as t
from collections.abc import Sequence

from .changes import named
from .model import BootLoaderError, Entry
from .words import words

FOLDER: t.Final = "EFI/Linux"
#: Programs that hold nothing but more arguments, for one image or for all (systemd 254).
ADDONS: t.Final = "loader/addons"
_ADDON: t.Final = "*.addon.efi"

#: No firmware reads larger tables of sections than this.
_HEADERS: t.Final = 64 << 10
_LONGEST: t.Final = 64 << 10


def images(folders: Sequence[str]) -> tuple[Entry, ...]:
    """Every image below these boot partitions, with the arguments it passes: its own, and those of its addons."""
    found: dict[str, Entry] = {}
    for folder in folders:
        everywhere = _matching(os.path.join(folder, ADDONS), _ADDON)
        for path in _matching(os.path.join(folder, FOLDER), "*.efi"):
            addons = (*_matching(f"{path}.extra.d", _ADDON), *everywhere)
            lines = [*command_lines(path), *(line for addon in addons for line in command_lines(addon))]
            name = os.path.basename(path)
            found.setdefault(os.path.realpath(path), Entry(name, name[:-4], path, words(" ".join(lines)), path))
    return tuple(found.values())


def command_lines(path: str) -> tuple[str, ...]:
    """What the sections of this name hold; several only if the image has several profiles."""
    with named("read", path), open(path, "rb") as stream:
        head = stream.read(_HEADERS)
        lines = []
        for name, size, offset in _sections(head, path):
            if name == b".cmdline":
                stream.seek(offset)
                lines.append(stream.read(min(size, _LONGEST)).split(b"\0")[0].decode("utf-8", "surrogateescape"))
    return tuple(lines)


def _sections(head: bytes, path: str) -> list[tuple[bytes, int, int]]:
    try:
        (start,) = struct.unpack_from("<I", head, 0x3C)
        signature, count, optional = struct.unpack_from("<4s2xH12xH", head, start)
        if head[:2] != b"MZ" or signature != b"PE\0\0":
            raise ValueError
        table = start + 24 + optional
        rows = [struct.unpack_from("<8sIIII", head, table + 40 * index) for index in range(count)]
    except (struct.error, ValueError) as error:
        raise BootLoaderError(
            f"Cannot read {path}: it is no EFI program. Look at what it is, or move it away"
        ) from error
    return [(name.rstrip(b"\0"), min(virtual, raw), offset) for name, virtual, _address, raw, offset in rows]


def _matching(folder: str, pattern: str) -> tuple[str, ...]:
    return tuple(sorted(glob.glob(os.path.join(glob.escape(folder), pattern))))
