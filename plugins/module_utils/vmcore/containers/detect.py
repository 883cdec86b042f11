# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of file is it? Only its first bytes are believed, never its name."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..findings import Finding, finding
from . import elf, flat, kdump
from .container import Container
from .source import Source

#: How containers begin, and what opens them.
CONTAINERS: t.Final[dict[bytes, Callable[[Source], Container]]] = {
    elf.SIGNATURE: elf.ElfCore,
    kdump.SIGNATURE: kdump.KdumpFile,
}
#: How compressed files begin.
COMPRESSIONS: t.Final = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x89LZO\0": "lzop",
}
_KINDS: t.Final = {elf.SIGNATURE: "elf", kdump.SIGNATURE: "kdump"}
#: As much of an unknown file as is looked at for anything but zeros.
_PROBE: t.Final = 1 << 16


class Detected(t.NamedTuple):
    """What was found out before anything was opened."""

    container: str
    compression: str | None
    source: Source
    opener: Callable[[Source], Container] | None
    findings: list[Finding]


def detect(source: Source) -> Detected:
    """Name the container; UnreadableError where it is none of ours."""
    head = _head(source)
    if not head.startswith(flat.SIGNATURE):
        return _named(source, head, "", [])
    stream = flat.FlatSource(source)
    return _named(stream, _head(stream), "flattened-", stream.findings)


def _head(source: Source) -> bytes:
    return source.read(0, min(_PROBE, source.size), "the beginning of the file")


def _named(source: Source, head: bytes, prefix: str, findings: list[Finding]) -> Detected:
    for signature, opener in CONTAINERS.items():
        if head.startswith(signature):
            return Detected(prefix + _KINDS[signature], None, source, opener, findings)
    compression = next((name for start, name in COMPRESSIONS.items() if head.startswith(start)), None)
    return Detected("unknown", compression, source, None, findings + _unknown(source, head, compression, findings))


def _unknown(source: Source, head: bytes, compression: str | None, findings: list[Finding]) -> list[Finding]:
    """Why this is no dump, where the flattened stream has not told yet."""
    if not head.strip(b"\0") and findings:
        return []
    if not head:
        return [finding("empty")]
    if not head.strip(b"\0"):
        return [finding("zeros")]
    if compression:
        return [finding("compressed", compression=compression)]
    cut = next((name for name in (*CONTAINERS, flat.SIGNATURE) if name.startswith(head)), None)
    if cut:
        return [finding("truncated", what="the signature", end=len(cut), size=source.size)]
    return [finding("unknown-format", magic=head[:8].hex(" "))]
