# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pages are packed: one row a method, by its flag in the page descriptor."""

from __future__ import annotations

import typing as t
import zlib
from collections.abc import Callable

from . import lzo


class PageError(ValueError):
    """A page cannot be unpacked."""


class Codec(t.NamedTuple):
    """One method of packing; ``unpack`` takes the bytes and the page size, and is None where it cannot be read here."""

    name: str
    unpack: Callable[[bytes, int], bytes] | None


def _raw(data: bytes, limit: int) -> bytes:
    return data


def _zlib(data: bytes, limit: int) -> bytes:
    # One byte more than allowed is enough to know that there is too much.
    return zlib.decompressobj().decompress(data, limit + 1)


CODECS: t.Final[dict[int, Codec]] = {
    0x00: Codec("raw", _raw),
    0x01: Codec("zlib", _zlib),
    0x02: Codec("lzo", lzo.decompress),
    0x04: Codec("snappy", None),
    0x20: Codec("zstd", None),
}


def unpack(codec: Codec, data: bytes, page_size: int) -> bytes:
    """One page, exactly ``page_size`` bytes long."""
    if codec.unpack is None:
        raise PageError(f"{codec.name} cannot be read here")
    try:
        page = codec.unpack(data, page_size)
    except (zlib.error, lzo.LzoError) as error:
        raise PageError(str(error)) from error
    if len(page) != page_size:
        raise PageError(f"{len(page)} bytes instead of {page_size}")
    return page
