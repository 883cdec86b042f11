# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that unpack what the standard library cannot: used where installed, named where missing."""

from __future__ import annotations

import importlib
import typing as t

ZSTD_PACKAGE: t.Final = "backports.zstd"
SNAPPY_PACKAGE: t.Final = "cramjam"
LZ4_PACKAGE: t.Final = "lz4"

#: A frame may ask for as much memory as its window is large; none of ours asks for more than 64 MiB.
_ZSTD_WINDOW: t.Final = 26


def _load(*names: str) -> t.Any:
    """The first of these modules that is installed, or None."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


#: In the standard library from Python 3.14 on; the package is the same for older ones, by the same author.
ZSTD: t.Any = _load("compression.zstd", ZSTD_PACKAGE)
_CRAMJAM: t.Any = _load(SNAPPY_PACKAGE)
SNAPPY: t.Any = _CRAMJAM.snappy if _CRAMJAM else None
LZ4: t.Any = _load("lz4.frame")

#: What they raise where data are damaged; lz4 has no exception of its own.
PAGE_ERRORS: t.Final[tuple[type[Exception], ...]] = (
    *((ZSTD.ZstdError,) if ZSTD else ()),
    *((_CRAMJAM.DecompressionError,) if _CRAMJAM else ()),
)
STREAM_ERRORS: t.Final[tuple[type[Exception], ...]] = (*PAGE_ERRORS, RuntimeError)


def zstd_decompressor() -> t.Any:
    """A decompressor of one frame that uses a bounded amount of memory."""
    return ZSTD.ZstdDecompressor(options={ZSTD.DecompressionParameter.window_log_max: _ZSTD_WINDOW})
