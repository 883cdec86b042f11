# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first MiB of a disk that boots through GRUB on a BIOS, made without a loop device and without grub-install.

Sector 0 holds GRUB's boot.img (its first 440 bytes) and the partition table; core.img follows from sector 1 on, where
boot.img looks for it by default; the one partition starts at 1 MiB.
"""

from __future__ import annotations

import struct
import typing as t

from ..errors import KdumpError

SECTOR: t.Final = 512
PARTITION_START: t.Final = 2048
PARTITION_OFFSET: t.Final = PARTITION_START * SECTOR
#: Bytes of the first sector before the partition table and its signature.
BOOT_CODE: t.Final = 440

_LINUX = 0x83
_ACTIVE = 0x80
_SIGNATURE = b"\x55\xaa"
#: Cylinder, head and sector where the address does not fit them: everybody reads the sector numbers instead.
_NO_CHS = b"\xfe\xff\xff"


class LayoutError(KdumpError):
    """The boot loader's parts do not fit the disk's first MiB."""


def first_mebibyte(*, boot: bytes, core: bytes, disk_sectors: int, signature: int) -> bytes:
    """What to write at the start of a disk of ``disk_sectors`` sectors whose one partition takes the rest of it."""
    if len(boot) != SECTOR or boot[-2:] != _SIGNATURE:
        raise LayoutError("Cannot lay out the boot disk: GRUB's boot.img is not one boot sector. Rebuild the image.")
    room = PARTITION_OFFSET - SECTOR
    if not 2 * SECTOR <= len(core) <= room:
        raise LayoutError(f"Cannot lay out the boot disk: GRUB's core.img has {len(core)} bytes, not 1024 to {room}.")
    return (boot[:BOOT_CODE] + partition_table(disk_sectors, signature=signature) + core).ljust(PARTITION_OFFSET, b"\0")


def partition_table(disk_sectors: int, *, signature: int) -> bytes:
    """The end of the first sector of such a disk, from behind the boot code on."""
    if not PARTITION_START < disk_sectors < 1 << 32:
        raise LayoutError(
            f"Cannot lay out the boot disk: {disk_sectors} sectors do not hold a partition of a PC's kind."
            " Choose a size from 2 MiB to 2 TiB."
        )
    entry = struct.pack(
        "<B3sB3sII", _ACTIVE, _NO_CHS, _LINUX, _NO_CHS, PARTITION_START, disk_sectors - PARTITION_START
    )  # fmt: skip
    return struct.pack("<IH", signature & 0xFFFFFFFF, 0) + entry + bytes(3 * 16) + _SIGNATURE
