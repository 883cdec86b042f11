# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a machine that really crashed, for a capture kernel that is rehearsed: makedumpfile has to have
something to filter, and only a real kernel's memory has page tables, page descriptors and a log.

A dump without its pages of zeros, caches, user space and free memory is as good as a whole one: these pages read as
zeros here, and makedumpfile leaves them out again.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ...errors import KdumpError
from ...vmcore.containers.aids import Aids
from ...vmcore.containers.detect import open_dump
from ...vmcore.containers.elf import ElfCore
from ...vmcore.containers.source import CHUNK, FileSource
from .elfcore import Piece

_MACHINE: t.Final = "x86_64"


class DonorError(KdumpError):
    """A dump whose memory is of no use here."""


@dataclass(frozen=True)
class Donor:
    """A machine's memory: its pieces, its notes, and where in the dump what is known of it lies."""

    pieces: tuple[Piece, ...]
    notes: bytes
    #: Physical address, place in the file, length.
    extents: tuple[tuple[int, int, int], ...]
    release: str
    cpus: int

    @property
    def lowest(self) -> int:
        """The first address."""
        return min(piece.physical for piece in self.pieces)

    @property
    def span(self) -> int:
        """Bytes from the first address to the last."""
        return max(piece.physical + piece.size for piece in self.pieces) - self.lowest


def read(path: str) -> Donor:
    """Look at a dump."""
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(FileSource(path))
        detected = open_dump(source, Aids(), path, stack)
        core = detected.container
        if not isinstance(core, ElfCore) or detected.kind != "elf" or detected.compression:
            raise DonorError(
                f"Cannot take the memory of {path}: it is no ELF dump ({detected.kind}). Take one that a capture "
                "kernel saved with makedumpfile -E."
            )
        info = core.vmcoreinfo
        if core.machine != _MACHINE or info is None:
            raise DonorError(
                f"Cannot take the memory of {path}: it is of {core.machine}, or of no Linux kernel. Take a dump of a "
                f"Linux kernel of {_MACHINE}."
            )
        loads = sorted(zip(core.loads.physical, core.loads.memsz, core.loads.virtual))
        if not any(virtual for _physical, _size, virtual in loads):
            raise DonorError(
                f"Cannot take the memory of {path}: it does not say where its kernel saw it, as dumps of hypervisors "
                "do not. Take one that a capture kernel saved with makedumpfile -E."
            )
        extents = zip(core.loads.physical, core.loads.offsets, core.loads.filesz)
        return Donor(
            pieces=tuple(merged(Piece(physical, size, virtual) for physical, size, virtual in loads if size)),
            notes=b"".join(source.read(offset, size, "the notes") for offset, size in core.notes_at),
            extents=tuple(extent for extent in sorted(extents) if extent[2]),
            release=info.text("OSRELEASE") or "",
            cpus=core.cpus,
        )


def merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same memory in as few pieces as possible: filtering cuts it into thousands."""
    last: dict[int, Piece] = {}
    for piece in pieces:
        distance = piece.virtual - piece.physical
        before = last.get(distance)
        if before and before.physical + before.size >= piece.physical:
            end = max(before.physical + before.size, piece.physical + piece.size)
            last[distance] = Piece(before.physical, end - before.physical, before.virtual)
            continue
        if before:
            yield before
        last[distance] = piece
    yield from last.values()


def copy(path: str, donor: Donor, write: Callable[[int, bytes], object]) -> None:
    """Hand what the dump holds to ``write``, with its distance from the first address; nothing for zeros."""
    with FileSource(path) as source:
        for physical, offset, size in donor.extents:
            for at in range(0, size, CHUNK):
                data = source.read(offset + at, min(CHUNK, size - at), "a segment")
                if data.strip(b"\0"):
                    write(physical + at - donor.lowest, data)
