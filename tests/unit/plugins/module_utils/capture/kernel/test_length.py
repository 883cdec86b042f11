# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The length of a bzImage's file, which kexec-tools takes for the memory that the kernel starts in."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import length

from .images import header


def test_the_part_for_protected_mode_gets_as_long_as_the_memory_it_starts_in(tmp_path: pathlib.Path) -> None:
    image = tmp_path / "bzImage"
    image.write_bytes(header() + b"\x90" * 100_000)
    length.lengthen(str(image))
    data = image.read_bytes()
    assert len(data) == 32 * 512 + 0x5A6000
    assert data.startswith(header() + b"\x90" * 100_000 + b"\0")
    assert not data.strip(b"\0").endswith(b"\0")
    length.lengthen(str(image))
    assert image.read_bytes() == data


def test_a_longer_one_stays_as_it_is(tmp_path: pathlib.Path) -> None:
    image = tmp_path / "bzImage"
    data = header(memory=4096) + b"\x90" * 100_000
    image.write_bytes(data)
    length.lengthen(str(image))
    assert image.read_bytes() == data


@given(sectors=st.integers(0, 255), memory=st.integers(1, 1 << 30))
def test_both_parts_count(sectors: int, memory: int) -> None:
    assert length.full_length(header(sectors=sectors, memory=memory)) == ((sectors or 4) + 1) * 512 + memory


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"", "it is no bzImage"),
        (b"\x7fELF" + bytes(1020), "it is no bzImage"),
        (header()[:0x263], "it is no bzImage"),
        (header(protocol=0x209), "does not say how much memory"),
        (header(memory=0), "does not say how much memory"),
        (header(memory=0xFFFFFFFF), "does not say how much memory"),
    ],
    ids=["empty", "elf", "cut off", "old", "none", "too much"],
)
def test_what_says_no_length_is_one_error(tmp_path: pathlib.Path, start: bytes, message: str) -> None:
    image = tmp_path / "bzImage"
    image.write_bytes(start)
    with pytest.raises(length.LengthError, match=message):
        length.lengthen(str(image))
    assert image.read_bytes() == start
