# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything lies in the emulated machine: as kexec leaves it, in a reservation in the middle of memory.

The machine's memory is a sparse file, which holds all of it before the machine starts: kernel, initramfs, parameters,
ELF header and the memory of the machine that died.
"""

from __future__ import annotations

import contextlib
import os
import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import KdumpError
from . import bzimage, donor, elfcore

MEMORY_FILE: t.Final = "memory.img"
STUB_FILE: t.Final = "stub.bin"

_PAGE: t.Final = 4096
_MIB: t.Final = 1 << 20
_GIB: t.Final = 1 << 30
#: What a capture kernel is given below 1 MiB, beside its reservation.
_LOW: t.Final = (0, 0x9FC00)
#: The machine has no memory between these: from so much memory on, the second half lies above 4 GiB.
_SPLIT_FROM, _LOW_MEMORY, _HIGH = 0xB000_0000, 2 * _GIB, 4 * _GIB
#: Firmware keeps its tables at the end of memory below 4 GiB.
_FIRMWARE: t.Final = 16 * _MIB


class StageError(KdumpError):
    """What cannot be put into one machine."""


class MisfitError(StageError):
    """Kernel and initramfs are larger than the reservation."""


@dataclass(frozen=True)
class Reservation:
    """The capture kernel's memory."""

    base: int
    size: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.base + self.size


@dataclass(frozen=True)
class Old:
    """The memory of the machine that died."""

    pieces: tuple[elfcore.Piece, ...]
    notes: bytes
    span: int
    #: Puts it in place; nothing to do where all of it is zeros.
    copy: t.Optional[Callable[[Callable[[int, bytes], object]], None]] = None


@dataclass(frozen=True)
class Stage:
    """The places of everything."""

    reservation: Reservation
    header_at: int
    initramfs_at: int
    line_at: int
    parameters_at: int
    old_at: int
    ram: int

    @property
    def usable(self) -> tuple[tuple[int, int], ...]:
        """What the capture kernel is told to use: its header is not among it."""
        return (_LOW, (self.reservation.base, self.header_at))

    def offset(self, address: int) -> int:
        """Where in the file of the machine's memory an address is."""
        return address if address < _HIGH else address - _HIGH + _LOW_MEMORY


def from_dump(path: str) -> tuple[Old, donor.Donor]:
    """The memory of a machine whose dump there is."""
    found = donor.read(path)
    return Old(found.pieces, found.notes, found.span, lambda write: donor.copy(path, found, write)), found


def synthetic(size: int, *, cpus: int, release: str) -> Old:
    """The memory of a machine that never was: zeros."""
    return Old((elfcore.Piece(0, size, 0xFFFF_8880_0000_0000),), elfcore.placeholders(cpus=cpus, release=release), size)


def arrange(reservation: Reservation, old: Old, *, image: bzimage.BzImage, initramfs: int) -> Stage:
    """Find a place for everything."""
    if reservation.base % image.alignment or reservation.base < 16 * _MIB:
        raise StageError(
            f"Cannot put the reservation at {reservation.base:#x}: the kernel wants a multiple of {image.alignment:#x} "
            "from 16 MiB on. Choose another base."
        )
    length = len(elfcore.core_header(old.pieces, old.notes, address=0, old_at=0))
    header_at = _down(reservation.end - length, _PAGE)
    initramfs_at = _down(header_at - initramfs, _PAGE)
    parameters_at = initramfs_at - 2 * _PAGE
    missing = reservation.base + image.init_size - parameters_at
    if missing > 0:
        raise MisfitError(
            f"Cannot load the capture kernel: it takes {image.init_size >> 10} KiB to start and its initramfs "
            f"{initramfs >> 10} KiB, {-(-missing >> 10)} KiB more than the reservation has. Reserve more memory."
        )
    old_at, ram = _behind(reservation, old.span)
    return Stage(
        reservation=reservation,
        header_at=header_at,
        initramfs_at=initramfs_at,
        line_at=parameters_at + _PAGE,
        parameters_at=parameters_at,
        old_at=old_at,
        ram=ram,
    )


def build(folder: str, stage: Stage, old: Old, *, image: bzimage.BzImage, initramfs: bytes, line: str) -> None:
    """Write the machine's memory and the few instructions that start its kernel."""
    kernel = stage.reservation.base
    header = elfcore.core_header(old.pieces, old.notes, address=stage.header_at, old_at=stage.old_at)
    text = line.encode("ascii", "replace") + b"\0"
    if len(text) > min(image.longest_line, _PAGE):
        raise StageError(
            f"Cannot rehearse with a command line of {len(text)} bytes: the kernel takes fewer. Shorten it."
        )
    page = bzimage.parameters(
        image, kernel=kernel, line=stage.line_at, initramfs=(stage.initramfs_at, len(initramfs)), usable=stage.usable
    )
    parts = {
        kernel: image.code, stage.initramfs_at: initramfs, stage.parameters_at: page, stage.line_at: text,
        stage.header_at: header,
    }  # fmt: skip
    with create(os.path.join(folder, MEMORY_FILE)) as stream:
        stream.truncate(stage.ram)

        def write(address: int, data: bytes) -> None:
            stream.seek(stage.offset(address))
            stream.write(data)

        for address, data in parts.items():
            write(address, data)
        if old.copy:
            old.copy(lambda distance, data: write(stage.old_at + distance, data))
    with open(os.path.join(folder, STUB_FILE), "wb") as stream:
        stream.write(bzimage.stub(entry=kernel, parameters=stage.parameters_at))


def create(path: str) -> t.BinaryIO:
    """A new file to write, for its owner's eyes only: it will hold the memory of a machine that crashed."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _behind(reservation: Reservation, span: int) -> tuple[int, int]:
    """Where the old memory goes, and how much memory the machine needs then."""
    old_at = _up(reservation.end, _PAGE)
    ram = _up(old_at + span + _FIRMWARE, _MIB)
    if ram < _SPLIT_FROM:
        return old_at, ram
    if reservation.end > _LOW_MEMORY - _FIRMWARE:
        raise StageError(
            f"Cannot put the reservation at {reservation.base:#x}: with this much old memory it has to end below "
            "2 GiB. Choose a lower base."
        )
    return _HIGH, max(_up(_LOW_MEMORY + span, _MIB), _SPLIT_FROM)


def _down(value: int, unit: int) -> int:
    return value // unit * unit


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
