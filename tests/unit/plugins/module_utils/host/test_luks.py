# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What opening encrypted disks takes."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host.luks import key_memory, slot_memory
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.host.sysfs import put

ARGON = {"type": "argon2id", "memory": 1048576, "time": 4, "cpus": 4}
PBKDF2 = {"type": "pbkdf2", "hash": "sha256", "iterations": 1000}


def header(*kinds: t.Any, version: int = 2, size: int = 16384) -> bytes:
    document = json.dumps({"keyslots": {str(number): {"kdf": kind} for number, kind in enumerate(kinds)}})
    front = b"LUKS\xba\xbe" + version.to_bytes(2, "big") + size.to_bytes(8, "big")
    return front.ljust(4096, b"\0") + document.encode().ljust(12288, b"\0")


@pytest.mark.parametrize(
    ("data", "memory"),
    [
        (header(ARGON), 1 << 30),
        (header(PBKDF2, {**ARGON, "memory": 65536}, ARGON), 1 << 30),
        (header({**ARGON, "type": "argon2i", "memory": 32}), 32 << 10),
        (header(PBKDF2), 0),
        (header(), 0),
        (header(ARGON, version=1), None),
        (header({"type": "argon2id"}), None),
        (header({**ARGON, "memory": "much"}), None),
        (header("argon2id"), None),
        (header(ARGON, size=4096), None),
        (header(ARGON)[:4100], None),
        (header(ARGON)[:4096] + b"[" * 12288, None),
        (b"", None),
        (b"\0" * 20000, None),
    ],
    ids=[
        "argon2id", "the-most", "argon2i", "pbkdf2", "no-slot", "luks1", "no-memory", "no-number", "no-dict", "no-json",
        "cut", "deep", "empty", "zeros",
    ],
)  # fmt: skip
def test_a_header_says_what_its_slots_take(data: bytes, memory: int | None) -> None:
    assert slot_memory(data) == memory


DISK = "../../devices/pci0000:00/block/vda"
MAPPED = (
    "/proc/self/mountinfo = 28 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw",
    "/sys/dev/block/253:1 -> ../../devices/virtual/block/dm-1",
    "/sys/devices/virtual/block/dm-1/dm/uuid = LVM-abc",
    "/sys/devices/virtual/block/dm-1/slaves/dm-0 -> ../../dm-0",
    "/sys/devices/virtual/block/dm-0/dm/uuid = CRYPT-LUKS2-0123-root",
    "/sys/devices/virtual/block/dm-0/slaves/vda2 -> ../../../../pci0000:00/block/vda/vda2",
)


@pytest.fixture
def encrypted(tmp_path: Path) -> Host:
    for line in MAPPED:
        put(tmp_path, line)
    (tmp_path / "dev").mkdir()
    return Host(str(tmp_path))


def test_an_encrypted_disk_below_a_volume_is_found(encrypted: Host) -> None:
    Path(encrypted.path("/dev/vda2")).write_bytes(header(ARGON))
    assert key_memory("/var/crash", encrypted) == 1 << 30


def test_a_header_that_cannot_be_read_is_no_zero(encrypted: Host) -> None:
    assert key_memory("/var/crash", encrypted) is None


def test_a_plain_disk_takes_nothing(tmp_path: Path) -> None:
    put(tmp_path, "/proc/self/mountinfo = 28 1 8:2 / / rw - ext4 /dev/sda2 rw")
    put(tmp_path, "/sys/dev/block/8:2 -> ../../devices/pci0000:00/block/sda/sda2")
    assert key_memory("/var/crash", Host(str(tmp_path))) == 0
    assert key_memory("/nowhere", Host(str(tmp_path / "empty"))) == 0
