# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot disk's first MiB."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.lab.bootdisk import (
    PARTITION_OFFSET,
    PARTITION_START,
    SECTOR,
    LayoutError,
    first_mebibyte,
)

BOOT = (bytes(range(256)) * 2)[:510] + b"\x55\xaa"
CORE = b"core" * 512


@given(
    sectors=st.integers(PARTITION_START + 1, (1 << 32) - 1),
    signature=st.integers(0, (1 << 32) - 1),
    core=st.binary(min_size=2 * SECTOR, max_size=4 * SECTOR),
)
def test_every_part_is_where_the_bios_and_grub_look(sectors: int, signature: int, core: bytes) -> None:
    start = first_mebibyte(boot=BOOT, core=core, disk_sectors=sectors, signature=signature)
    assert len(start) == PARTITION_OFFSET
    assert start[:440] == BOOT[:440]
    assert struct.unpack_from("<I", start, 440)[0] == signature
    assert start[510:512] == b"\x55\xaa"
    active, kind = start[446], start[450]
    first, count = struct.unpack_from("<II", start, 454)
    assert (active, kind, first, first + count) == (0x80, 0x83, PARTITION_START, sectors)
    assert start[462:510] == bytes(48), "there is one partition"
    assert start[512:].rstrip(b"\0") == core.rstrip(b"\0")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"boot": b""}, "boot.img"),
        ({"boot": bytes(512)}, "boot.img"),
        ({"boot": BOOT * 2}, "boot.img"),
        ({"core": b""}, "core.img"),
        ({"core": bytes(PARTITION_OFFSET)}, "core.img"),
        ({"disk_sectors": PARTITION_START}, "2 MiB to 2 TiB"),
        ({"disk_sectors": 1 << 32}, "2 MiB to 2 TiB"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, object], words: str) -> None:
    arguments = {"boot": BOOT, "core": CORE, "disk_sectors": 1 << 20, "signature": 1, **change}
    with pytest.raises(LayoutError, match=words):
        first_mebibyte(**arguments)  # type: ignore[arg-type]
