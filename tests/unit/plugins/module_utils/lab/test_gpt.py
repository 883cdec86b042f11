# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Partition tables of images that boot otherwise, read the way that firmware reads them."""

from __future__ import annotations

import struct
import uuid
import zlib
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab import bootdisk, boots, disks, gpt

DIGEST = "cf83caa11fe95bea" * 4
SIZE = 1 << 28


def header(disk: bytes, sector: int) -> tuple[int, ...]:
    """The numbers of a header, whose checksums are right."""
    raw = disk[sector * gpt.SECTOR :][:92]
    signature, revision, size, checksum, _reserved, own, other, first, last = struct.unpack_from("<8sIIIIQQQQ", raw)
    assert (signature, revision, size, own) == (b"EFI PART", 0x10000, 92, sector)
    assert zlib.crc32(raw[:16] + bytes(4) + raw[20:]) == checksum
    array, count, length, crc = struct.unpack_from("<QIII", raw, 72)
    assert zlib.crc32(disk[array * gpt.SECTOR :][: count * length]) == crc
    return other, first, last, array


def test_both_tables_of_a_disk_for_efi_hold_and_name_the_same_partitions(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"x" * SIZE)
    loader = boots.BOOTS["efi-grub"]
    disks.write_tables(str(path), tree=str(tmp_path), digest=DIGEST, loader=loader)
    disk, last = path.read_bytes(), SIZE // gpt.SECTOR - 1
    assert len(disk) == SIZE
    assert (disk[450], disk[510:512]) == (0xEE, b"\x55\xaa")
    first, second = header(disk, 1), header(disk, last)
    assert (first[0], second[0]) == (last, 1)
    assert first[1:3] == second[1:3] == (34, last - 33)
    tables = [disk[each[3] * gpt.SECTOR :][: 128 * 128] for each in (first, second)]
    assert tables[0] == tables[1]
    rows = {number: tables[0][(number - 1) * 128 :][:128] for number in range(1, 129) if tables[0][(number - 1) * 128]}
    spans = {number: struct.unpack_from("<QQ", row, 32) for number, row in rows.items()}
    root = disks.root_partition(SIZE, loader)
    assert spans[1] == (root.offset // gpt.SECTOR, (root.offset + root.size) // gpt.SECTOR - 1)
    assert spans[boots.ESP_NUMBER] == (2048, spans[1][0] - 1)
    assert uuid.UUID(bytes_le=rows[boots.ESP_NUMBER][:16]) == gpt.EFI_SYSTEM
    # The rest is the file system's; the seed of a guest grows it only on a disk that is larger than its image.
    assert disk[34 * gpt.SECTOR : (last - 32) * gpt.SECTOR].strip(b"x") == b""
    assert last < spans[1][1] + 1 + 2048


def test_a_disk_for_extlinux_waits_for_its_boot_code(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"x" * SIZE)
    disks.write_tables(str(path), tree=str(tmp_path), digest=DIGEST, loader=boots.BOOTS["bios-extlinux"])
    start = path.read_bytes()[: 2 * gpt.SECTOR]
    assert start[: bootdisk.BOOT_CODE] == bytes(bootdisk.BOOT_CODE)
    assert struct.unpack_from("<II", start, 454) == (2048, SIZE // gpt.SECTOR - 2048)
    assert start[gpt.SECTOR :] == b"x" * gpt.SECTOR


def test_partitions_outside_of_a_disk_are_refused() -> None:
    part = gpt.Partition(1, gpt.LINUX, 2048, 4096 - gpt.AT_END, "root")
    with pytest.raises(KdumpError, match="no room for root"):
        gpt.tables(4096, [part], disk=uuid.uuid4())
