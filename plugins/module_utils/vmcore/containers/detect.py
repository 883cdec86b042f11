# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of file is it? Only its first bytes are believed, never its name."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from ..findings import Finding, UnreadableError, finding
from . import elf, flat, kdump
from .aids import Aids
from .container import Container
from .kdump import KdumpFile
from .packed import Compression, Room, Unpacked, find_compression
from .raw import open_raw
from .source import FileSource, Source
from .split import Part, join, named

#: How containers begin, and what opens them.
CONTAINERS: t.Final[dict[bytes, Callable[[Source], Container]]] = {
    elf.SIGNATURE: elf.ElfCore,
    kdump.SIGNATURE: kdump.KdumpFile,
}
_KINDS: t.Final = {elf.SIGNATURE: "elf", kdump.SIGNATURE: "kdump"}
#: makedumpfile writes headers last into a flattened stream: these only repeat that its end is missing.
_BEHIND_A_CUT: t.Final = ("not-a-kernel", "hypervisor-dump", "vmcoreinfo-missing")
#: As much of an unknown file as is looked at for anything but zeros.
_PROBE: t.Final = 1 << 16


@dataclass
class Detected:
    """A file that has been looked at; the container is None where it is no dump or cannot be read."""

    kind: str = "unknown"
    compression: str | None = None
    container: Container | None = None
    findings: tuple[Finding, ...] = ()


def open_dump(source: Source, aids: Aids, name: str, stack: contextlib.ExitStack) -> Detected:
    """The dump in the file, with all its parts; what it needs is given back with the stack."""
    detected = _open(source, aids, stack)
    if aids.parts and detected.container:
        _join(detected, detected.container, aids, name, stack)
    container = detected.container
    if container and container.vmcoreinfo is None and aids.vmcoreinfo:
        container.vmcoreinfo = aids.vmcoreinfo
        lacking = ("not-a-kernel", "hypervisor-dump", "version-old", "vmcoreinfo-missing")
        kept = tuple(found for found in detected.findings if found.id not in lacking)
        detected.findings = (*kept, finding("vmcoreinfo-supplied"))
    return detected


def _open(source: Source, aids: Aids, stack: contextlib.ExitStack) -> Detected:
    """Layer by layer: what compresses the file, what flattens it, what it then is."""
    detected = Detected()
    findings: list[Finding] = []
    try:
        compression = find_compression(_head(source))
        if compression:
            detected.compression = compression.name
            source = _unpack(source, compression, aids.room, findings, stack)
        head = _head(source)
        prefix = ""
        if head.startswith(flat.SIGNATURE):
            source, prefix = _rearrange(source, findings), "flattened-"
            head = _head(source)
        signature = next((start for start in CONTAINERS if head.startswith(start)), None)
        if signature:
            detected.kind = prefix + _KINDS[signature]
            detected.container = CONTAINERS[signature](source)
        elif aids.vmcoreinfo and head and not prefix:
            detected.kind = "raw"
            detected.container = open_raw(source, aids.vmcoreinfo, aids.machine)
        else:
            findings += _unknown(source, head, findings)
    except UnreadableError as error:
        findings.append(error.finding)
    if detected.container:
        findings += detected.container.findings
    if any(found.verdict == "incomplete" for found in findings):
        findings = [found for found in findings if found.id not in _BEHIND_A_CUT]
    detected.findings = tuple(findings)
    return detected


def _head(source: Source) -> bytes:
    return source.read(0, min(_PROBE, source.size), "the beginning of the file")


def _unpack(
    source: Source, compression: Compression, room: Room, findings: list[Finding], stack: contextlib.ExitStack
) -> Source:
    unpacked = Unpacked(source, compression, room)
    stack.callback(unpacked.close)
    findings += unpacked.findings
    return unpacked.source


def _rearrange(source: Source, findings: list[Finding]) -> Source:
    stream = flat.FlatSource(source)
    findings += stream.findings
    return stream


def _unknown(source: Source, head: bytes, known: list[Finding]) -> list[Finding]:
    """Why this is no dump, where no outer layer has told yet."""
    if not head.strip(b"\0") and any(found.severity == "error" for found in known):
        return []
    if not head:
        return [finding("empty")]
    if not head.strip(b"\0"):
        return [finding("zeros")]
    compression = find_compression(head)
    if compression:
        return [finding("compressed", compression=compression.name)]
    cut = next((name for name in (*CONTAINERS, flat.SIGNATURE) if name.startswith(head)), None)
    if cut:
        return [finding("truncated", what="the signature", end=len(cut), size=source.size)]
    return [finding("unknown-format", magic=head[:8].hex(" "))]


def _join(detected: Detected, container: Container, aids: Aids, name: str, stack: contextlib.ExitStack) -> None:
    """Make the one dump of the file and its other parts; a file that is no part is left out, and named."""
    findings: list[Finding] = []
    opened = {name: detected}
    for path in aids.parts:
        opened[path] = _open(stack.enter_context(FileSource(path)), aids, stack)
    parts = [Part(path, part.container) for path, part in opened.items() if isinstance(part.container, KdumpFile)]
    for path, part in opened.items():
        if isinstance(part.container, KdumpFile):
            findings += _around(part) if path == name else named(path, _around(part))
        else:
            findings += [
                *named(path, part.findings),
                finding("split-stranger", name=path, cause="it is of another kind"),
            ]
    if parts:
        try:
            detected.container = join(parts)
            findings += detected.container.findings
        except UnreadableError as error:
            findings += [*container.findings, error.finding]
    detected.findings = tuple(findings)


def _around(detected: Detected) -> list[Finding]:
    """What is wrong with the layers around a container: it knows nothing of these."""
    held = detected.container.findings if detected.container else []
    return [found for found in detected.findings if found not in held]
