# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the memory is saved, and how, as names: the pages that are left out, the compressor, the format.

The source is makedumpfile(8): the bits of ``-d``, the switches of the compressors, ``-E`` for ELF.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...errors import KdumpError
from .streams import Filter

#: Kinds of pages and their bits of makedumpfile's ``-d``.
PAGES: t.Final[Mapping[str, int]] = {"zero": 1, "cache": 2, "cache_private": 4, "user": 8, "free": 16}
#: The bit of ``cache_private`` stands for all of the page cache.
_ALL_CACHE = ("cache", "cache_private")
#: Compressors of single pages, which is what random access to a dump needs, and makedumpfile's switches for them.
COMPRESSIONS: t.Final[Mapping[str, str]] = {"none": "", "zlib": "-c", "lzo": "-l", "snappy": "-p", "zstd": "-z"}
DEFAULT_COMPRESSION: t.Final = "lzo"
FORMATS: t.Final = ("kdump", "elf", "raw")
RAW_COLLECTOR: t.Final = ("dd", "bs=1M")

#: Compressors of the whole file, with what keeps each of them small in a reservation, where every MiB is paid for all
#: the time. gzip is busybox's own. xz is not among them: it is ten times slower than any of these, and a machine that
#: is down costs more than a disk.
STREAM_FILTERS: t.Final[Mapping[str, Filter]] = {
    "gzip": Filter("gzip", ".gz", "gzip -1"),
    # Blocks of 64 KiB.
    "lz4": Filter("lz4", ".lz4", "/bin/lz4 -q -1 -B4"),
    # A window of 256 KiB.
    "zstd": Filter("zstd", ".zst", "/bin/zstd -q -1 --single-thread --zstd=wlog=18"),
}
#: The stream compressors that busybox brings; the others are programs of their own.
STREAM_APPLETS: t.Final = ("gzip",)


class LevelError(KdumpError):
    """Choices that contradict each other."""


@dataclass(frozen=True)
class Saved:
    """What is saved and how."""

    collector: tuple[str, ...]
    raw: bool = False
    pack: Filter | None = None


def dump_level(exclude: Iterable[str]) -> int:
    """The number that makedumpfile's ``-d`` takes."""
    wanted = set(exclude)
    unknown = sorted(wanted - set(PAGES))
    if unknown:
        raise LevelError(f"Cannot leave out pages of kind {unknown[0]!r}: it is none of {', '.join(PAGES)}")
    return sum(bit for name, bit in PAGES.items() if name in wanted)


def excluded(level: int) -> tuple[str, ...]:
    """The kinds of pages that a level leaves out."""
    names = {name for name, bit in PAGES.items() if level & bit}
    if "cache_private" in names:
        names.update(_ALL_CACHE)
    return tuple(name for name in PAGES if name in names)


def saved(
    *,
    collector: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    compression: str | None = None,
    dump_format: str | None = None,
    stream_compression: str = "none",
) -> Saved:
    """What the options ask for; those that are None are not given."""
    named = {"exclude": exclude, "dump_compression": compression, "dump_format": dump_format}
    given = [name for name, value in named.items() if value is not None]
    if collector is not None and given:
        raise LevelError(
            f"Cannot use collector together with {given[0]}: it says all of that itself. Drop one of them."
        )
    if stream_compression != "none" and compression not in (None, "none"):
        raise LevelError(
            f"Cannot use stream_compression {stream_compression} with dump_compression {compression}: pages would be "
            "compressed twice, which costs time and gains nothing. Choose one of them."
        )
    pack = _pack(stream_compression)
    if collector is not None:
        _check_once(collector, stream_compression)
        return Saved(tuple(collector), pack=pack)
    if dump_format == "raw":
        return _raw(exclude, compression, pack)
    level = dump_level(PAGES if exclude is None else exclude)
    return Saved(("makedumpfile", *_switches(dump_format or "kdump", compression, pack), "-d", str(level)), pack=pack)


def _check_once(collector: Sequence[str], stream_compression: str) -> None:
    switch = next((word for word in collector if word in COMPRESSIONS.values()), None)
    if stream_compression != "none" and switch:
        raise LevelError(
            f"Cannot use stream_compression {stream_compression} with {switch} in collector: pages would be compressed "
            "twice, which costs time and gains nothing. Choose one of them."
        )


def _pack(name: str) -> Filter | None:
    if name == "none":
        return None
    if name not in STREAM_FILTERS:
        raise LevelError(f"Cannot use stream_compression {name!r}: it is none of none, {', '.join(STREAM_FILTERS)}")
    return STREAM_FILTERS[name]


def _raw(exclude: Sequence[str] | None, compression: str | None, pack: Filter | None) -> Saved:
    if exclude:
        raise LevelError(
            "Cannot leave out pages with dump_format raw: it copies all memory as it is. Choose elf, or drop exclude."
        )
    if compression not in (None, "none"):
        raise LevelError(
            f"Cannot use dump_compression {compression} with dump_format raw: it copies all memory as it is. "
            "Choose stream_compression, or another format."
        )
    return Saved(RAW_COLLECTOR, raw=True, pack=pack)


def _switches(dump_format: str, compression: str | None, pack: Filter | None) -> tuple[str, ...]:
    if dump_format not in FORMATS:
        raise LevelError(f"Cannot use dump_format {dump_format!r}: it is none of {', '.join(FORMATS)}")
    if compression is not None and compression not in COMPRESSIONS:
        raise LevelError(f"Cannot use dump_compression {compression!r}: it is none of {', '.join(COMPRESSIONS)}")
    if dump_format == "elf":
        if compression not in (None, "none"):
            raise LevelError(
                f"Cannot use dump_compression {compression} with dump_format elf: that format holds no compressed "
                "pages. Choose stream_compression, or the format kdump."
            )
        return ("-E",)
    default = DEFAULT_COMPRESSION if pack is None else "none"
    switch = COMPRESSIONS[compression or default]
    return (switch,) if switch else ()
