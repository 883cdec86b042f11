# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small ELF files, for tests that ask what the run-time linker would read."""

from __future__ import annotations

import struct
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

X86_64 = 62
I386 = 3
AARCH64 = 183
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 10, 14, 15, 29
_HEADER, _PROGRAM_HEADER = 64, 56


def elf(
    *,
    needed: Sequence[str] = (),
    interpreter: str = "",
    rpath: str = "",
    runpath: str = "",
    soname: str = "",
    machine: int = X86_64,
    payload: bytes = b"",
) -> bytes:
    """A 64-bit little-endian ELF file with the given linking facts; ``payload`` lies at its end."""
    strings = _Strings()
    tags = [(_DT_NEEDED, strings.add(name)) for name in needed]
    tags += [(tag, strings.add(value)) for tag, value in _named(soname, rpath, runpath) if value]
    interp = interpreter.encode() + b"\0" if interpreter else b""
    count = 1 + bool(interp) + bool(tags)
    interp_at = _HEADER + count * _PROGRAM_HEADER
    strings_at = interp_at + len(interp)
    dynamic_at = strings_at + len(strings.data)
    dynamic = _dynamic(tags, strings_at, len(strings.data)) if tags else b""
    total = dynamic_at + len(dynamic) + len(payload)
    headers = [_segment(_PT_LOAD, 0, total)]
    if interp:
        headers.append(_segment(_PT_INTERP, interp_at, len(interp)))
    if tags:
        headers.append(_segment(_PT_DYNAMIC, dynamic_at, len(dynamic)))
    head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, _HEADER, 0, 0, _HEADER, _PROGRAM_HEADER, count, 64, 0, 0)
    return head + b"".join(headers) + interp + bytes(strings.data) + dynamic + payload


def write(folder: Path, name: str, **facts: t.Any) -> str:
    """Write an ELF file and return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(elf(**facts))
    return str(path)


class _Strings:
    def __init__(self) -> None:
        self.data = bytearray(b"\0")

    def add(self, text: str) -> int:
        at = len(self.data)
        self.data += text.encode() + b"\0"
        return at


def _named(soname: str, rpath: str, runpath: str) -> list[tuple[int, str]]:
    return [(_DT_SONAME, soname), (_DT_RPATH, rpath), (_DT_RUNPATH, runpath)]


def _dynamic(tags: Sequence[tuple[int, int]], strings_at: int, size: int) -> bytes:
    entries: list[tuple[int, int]] = [*tags, (_DT_STRTAB, strings_at), (_DT_STRSZ, size), (_DT_NULL, 0)]
    return b"".join(struct.pack("<qQ", tag, value) for tag, value in entries)


def _segment(kind: int, offset: int, size: int) -> bytes:
    return struct.pack("<IIQQQQQQ", kind, 5, offset, offset, offset, size, size, 1)


#: What a complete busybox holds, so far as it is looked at.
def busybox_payload(applets: Sequence[str], version: str = "1.35.0") -> bytes:
    """The strings by which a busybox is known."""
    return b"BusyBox v" + version.encode() + b"\0" + b"".join(a.encode() + b"\0" for a in applets)


def makedumpfile_payload(features: Mapping[str, bool], version: str = "1.7.2") -> bytes:
    """The strings by which a makedumpfile is known."""
    text = f"makedumpfile: version {version} (released on 20 Oct 2022)\n"
    lines = [f"{name}\t{'enabled' if on else 'disabled'}\n" for name, on in features.items()]
    return b"\0".join(part.encode() for part in (text, *lines))
