# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about busybox and makedumpfile, read from the files themselves.

Nothing is run, so that the tools may be for another architecture. Both keep what is asked for as plain strings:
busybox its applets' names one after the other, makedumpfile the lines that ``makedumpfile -v`` prints.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import KdumpError
from .closure import Binary, read_binary

_BUSYBOX_VERSION = re.compile(rb"BusyBox v(\d+\.\d+(?:\.\d+)?)")
_MAKEDUMPFILE_VERSION = re.compile(rb"makedumpfile: version (\d+(?:\.\d+)*)")
#: Stream compressors -> what they call themselves, by their versions.
_COMPRESSORS = {
    "lz4": (b"LZ4 command line interface",),
    "zstd": (b"Zstandard CLI", b"zstd command line interface"),
}
#: The first words of every file that age writes.
_AGE = b"age-encryption.org/v1"
_DROPBEAR_VERSION = re.compile(rb"SSH-2\.0-dropbear_(\d+\.\d+)")
#: Larger than any build of them, small enough to be read at once.
_LARGEST = 64 << 20


class ToolError(KdumpError):
    """A tool that cannot be put into the image."""


@dataclass(frozen=True)
class Tool:
    """A program's file, what it is, and which version."""

    binary: Binary
    data: bytes
    version: str


def busybox(path: str, applets: Iterable[str]) -> Tool:
    """The busybox at ``path``: statically linked, holding the applets that the save script calls."""
    data = _read(path, "busybox", "busybox-static")
    binary = read_binary(path)
    version = _BUSYBOX_VERSION.search(data)
    if not version:
        raise ToolError(f"Cannot use {path} as busybox: it does not name itself so")
    if not binary.static:
        raise ToolError(
            f"Cannot use {path}: this busybox is dynamically linked, and the save environment must start without "
            "libraries. Install a static build (package busybox-static on Debian)."
        )
    missing = [applet for applet in applets if b"\0" + applet.encode() + b"\0" not in data]
    if missing:
        raise ToolError(f"Cannot use {path}: this busybox was built without {', '.join(missing)}")
    return Tool(binary, data, version[1].decode())


def makedumpfile(path: str, compressor: str | None) -> Tool:
    """The makedumpfile at ``path``; a ``compressor`` that it lacks is refused, since it would ignore the option."""
    data = _read(path, "makedumpfile", "makedumpfile")
    version = _MAKEDUMPFILE_VERSION.search(data)
    if not version:
        raise ToolError(f"Cannot use {path} as makedumpfile: it does not name itself so")
    if compressor and f"{compressor}\tenabled".encode() not in data:
        raise ToolError(
            f"Cannot use {path} with {compressor} compression: this makedumpfile was built without it and would "
            "silently save uncompressed. Choose another compressor (-l for lzo, -c for zlib), or another makedumpfile."
        )
    return Tool(read_binary(path), data, version[1].decode())


def compressor(path: str, name: str) -> None:
    """Refuse a stream compressor that is not the one of this ``name``."""
    data = _read(path, name, name)
    if not any(words in data for words in _COMPRESSORS[name]):
        raise ToolError(f"Cannot use {path} as {name}: it does not name itself so")


def age(path: str) -> None:
    """Refuse an age that is none."""
    if _AGE not in _read(path, "age", "age"):
        raise ToolError(f"Cannot use {path} as age: it does not hold the name of age's format")


def ssh_client(path: str) -> str:
    """The version of dropbear's client at ``path``; OpenSSH's has other options and ten times the size."""
    data = _read(path, "dbclient", "dropbear-bin")
    version = _DROPBEAR_VERSION.search(data)
    if not version or b"trusted hosts file" not in data:
        raise ToolError(
            f"Cannot use {path} as ssh client: it is not dropbear's dbclient (package dropbear-bin on Debian)"
        )
    return f"dropbear {version[1].decode()}"


def _read(path: str, name: str, package: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError(
            f"Cannot use {path} as {name}: {cause}. Install it (package {package} on Debian), or give its path."
        ) from error
    if len(data) > _LARGEST:
        raise ToolError(f"Cannot use {path} as {name}: it is larger than {_LARGEST >> 20} MiB")
    return data
