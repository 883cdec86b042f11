# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pages are packed: one row a method, by its flag in the page descriptor."""

from __future__ import annotations

import typing as t
import zlib
from collections.abc import Callable

from . import lzo, optional

#: Takes the packed bytes and the page size. What it returns may be longer by a byte, never by much.
Unpack = Callable[[bytes, int], bytes]


class PageError(ValueError):
    """A page cannot be unpacked."""


class Codec(t.NamedTuple):
    """One method of packing; ``unpack`` is None where the package that it needs is not installed."""

    name: str
    unpack: Unpack | None
    package: str | None = None


def _raw(data: bytes, limit: int) -> bytes:
    return data


def _zlib(data: bytes, limit: int) -> bytes:
    # One byte more than allowed is enough to know that there is too much.
    return zlib.decompressobj().decompress(data, limit + 1)


def _snappy(data: bytes, limit: int) -> bytes:
    # The stream begins with its length: believe it only where it is that of a page.
    length = optional.SNAPPY.decompress_raw_len(data)
    if length > limit:
        raise PageError(f"{length} bytes instead of {limit}")
    return bytes(optional.SNAPPY.decompress_raw(data))


def _zstd(data: bytes, limit: int) -> bytes:
    return bytes(optional.zstd_decompressor().decompress(data, limit + 1))


CODECS: t.Final[dict[int, Codec]] = {
    0x00: Codec("raw", _raw),
    0x01: Codec("zlib", _zlib),
    0x02: Codec("lzo", lzo.decompress),
    0x04: Codec("snappy", _snappy if optional.SNAPPY else None, optional.SNAPPY_PACKAGE),
    0x20: Codec("zstd", _zstd if optional.ZSTD else None, optional.ZSTD_PACKAGE),
}
_ERRORS: t.Final[tuple[type[Exception], ...]] = (zlib.error, lzo.LzoError, *optional.PAGE_ERRORS)


def unpack(codec: Codec, data: bytes, page_size: int) -> bytes:
    """One page, exactly ``page_size`` bytes long."""
    if codec.unpack is None:
        raise PageError(f"{codec.name} cannot be read here")
    try:
        page = codec.unpack(data, page_size)
    except _ERRORS as error:
        raise PageError(str(error)) from error
    if len(page) != page_size:
        raise PageError(f"{len(page)} bytes instead of {page_size}")
    return page
