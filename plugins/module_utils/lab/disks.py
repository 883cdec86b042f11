# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the disk of a lab image is parted, by what boots it."""

from __future__ import annotations

import os
import typing as t
import uuid
from dataclasses import dataclass

from . import bootdisk, gpt
from .boots import ESP_MEBIBYTES, ESP_NUMBER, Boot

_MEBIBYTE: t.Final = 1 << 20


@dataclass(frozen=True)
class Place:
    """A part of a disk, in bytes."""

    offset: int
    size: int


def root_partition(disk: int, loader: Boot | None) -> Place:
    """Where the root file system is: all of the disk but for what the boot loader needs."""
    if loader is None or not loader.esp:
        return Place(bootdisk.PARTITION_OFFSET, disk - bootdisk.PARTITION_OFFSET)
    offset = (1 + ESP_MEBIBYTES) * _MEBIBYTE
    return Place(offset, disk - offset - _MEBIBYTE)


def write_tables(disk: str, *, tree: str, digest: str, loader: Boot | None) -> None:
    """Write the partition table, and GRUB's parts where it is GRUB that a BIOS starts."""
    size = os.path.getsize(disk)
    start, end = _tables(size // bootdisk.SECTOR, tree=tree, digest=digest, loader=loader)
    with open(disk, "r+b") as stream:
        stream.write(start)
        stream.seek(size - len(end))
        stream.write(end)


def _tables(sectors: int, *, tree: str, digest: str, loader: Boot | None) -> tuple[bytes, bytes]:
    signature = int(digest[:8], 16)
    if loader is None:
        parts = os.path.join(tree, "boot/grub/i386-pc")
        with open(os.path.join(parts, "boot.img"), "rb") as boot, open(os.path.join(parts, "core.img"), "rb") as core:
            start = bootdisk.first_mebibyte(
                boot=boot.read(), core=core.read(), disk_sectors=sectors, signature=signature
            )  # fmt: skip
        return start, b""
    if not loader.esp:
        return bytes(bootdisk.BOOT_CODE) + bootdisk.partition_table(sectors, signature=signature), b""
    root = root_partition(sectors * gpt.SECTOR, loader)
    first, last = root.offset // gpt.SECTOR, (root.offset + root.size) // gpt.SECTOR - 1
    esp = gpt.Partition(ESP_NUMBER, gpt.EFI_SYSTEM, bootdisk.PARTITION_START, first - 1, "esp")
    whole = uuid.UUID(bytes=bytes.fromhex(digest[:32]))
    return gpt.tables(sectors, [gpt.Partition(1, gpt.LINUX, first, last, "root"), esp], disk=whole)
