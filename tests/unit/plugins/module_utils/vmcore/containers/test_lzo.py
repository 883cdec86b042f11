# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder of our own agrees with liblzo2, on good streams and on bad ones."""

from __future__ import annotations

import contextlib
import ctypes
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.lzo import (
    LzoError,
    decompress_python,
    load_library,
)
from ansible_collections.linux.kdump.tests.unit.vmcore_files import (
    pack_lzo,
)

LIMIT = 4096
#: Pages as they are: repeated pieces of a few kinds of bytes, up to 4 KiB.
PIECES = st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.integers(1, 60)), max_size=20)
PAGES = PIECES.map(lambda pieces: b"".join(piece * times for piece, times in pieces)[:LIMIT])

library = load_library()
needs_library = pytest.mark.skipif(library is None, reason="liblzo2 is not installed")


def compressor(name: str, memory: int) -> Callable[[bytes], bytes]:
    """A compressor of liblzo2."""
    function = getattr(ctypes.CDLL("liblzo2.so.2"), name)

    def compress(data: bytes) -> bytes:
        out = ctypes.create_string_buffer(len(data) * 2 + 100)
        length = ctypes.c_size_t(len(out))
        work = ctypes.create_string_buffer(memory)
        assert function(data, ctypes.c_size_t(len(data)), out, ctypes.byref(length), work) == 0
        return out.raw[: length.value]

    return compress


@given(PAGES)
def test_what_the_fixtures_pack_unpacks(page: bytes) -> None:
    assert decompress_python(pack_lzo(page), LIMIT) == page


@needs_library
@given(PAGES)
def test_what_liblzo2_packs_unpacks(page: bytes) -> None:
    for name, memory in (("lzo1x_1_compress", 1 << 17), ("lzo1x_999_compress", 1 << 20)):
        assert decompress_python(compressor(name, memory)(page), LIMIT) == page


@needs_library
@given(seed=st.integers(0, 99), length=st.integers(3, 300), distance=st.integers(2000, 40000))
def test_far_matches(seed: int, length: int, distance: int) -> None:
    noise = random.Random(seed).randbytes(distance)
    data = noise + noise[:length] + noise[-length:]
    packed = compressor("lzo1x_999_compress", 1 << 20)(data)
    assert decompress_python(packed, len(data)) == data


@needs_library
@given(page=PAGES, at=st.integers(0), value=st.integers(0, 255), cut=st.integers(0, 3))
def test_damage_is_seen_by_both_or_by_none(page: bytes, at: int, value: int, cut: int) -> None:
    packed = bytearray(compressor("lzo1x_1_compress", 1 << 17)(page))
    packed[at % len(packed)] = value
    data = bytes(packed[: len(packed) - cut])
    assert library is not None
    try:
        expected = library(data, LIMIT)
    except LzoError:
        with pytest.raises(LzoError):
            decompress_python(data, LIMIT)
    else:
        assert decompress_python(data, LIMIT) == expected


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_page_or_an_error(data: bytes) -> None:
    with contextlib.suppress(LzoError):
        assert len(decompress_python(data, LIMIT)) <= LIMIT


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "ends in the middle"),
        (b"\x12a", "ends in the middle"),
        (b"\x12a\x20\x00", "ends in the middle"),
        (b"\x12a\x40\xff\x11\0\0", "begins before the page"),
        (b"\x12a\x20" + bytes(20) + b"\xff\0\0\x11\0\0", "larger than allowed"),
        (b"\x12a\x11\0\0!", "follow the end"),
        (b"\x00" + bytes(20) + b"\x01" + bytes(6000) + b"\x11\0\0", "larger than allowed"),
    ],
)
def test_bad_streams(data: bytes, cause: str) -> None:
    with pytest.raises(LzoError, match=cause):
        decompress_python(data, LIMIT)
