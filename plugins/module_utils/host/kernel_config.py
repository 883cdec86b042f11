# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration that the running kernel was built with, from wherever the distribution leaves it."""

from __future__ import annotations

import contextlib
import re
import typing as t
import zlib
from collections.abc import Mapping

from .tree import Host, TooLargeError

#: In the kernel itself where it was built so, otherwise beside it.
PACKED: t.Final = "/proc/config.gz"
PLACES: t.Final = ("/boot/config-{}", "/usr/lib/modules/{}/config", "/lib/modules/{}/config", "/lib/kernel/config-{}")
_MAX_BYTES: t.Final = 1 << 20
_GZIP: t.Final = 31
_LINE = re.compile(r"^CONFIG_(\w+)=(.*)$", re.MULTILINE)


def read_config(host: Host, release: str) -> Mapping[str, str] | None:
    """The symbols that are set and their values; None where the configuration is not to be found."""
    found = find_config(host, release)
    return None if found is None else found[1]


def find_config(host: Host, release: str) -> tuple[str, Mapping[str, str]] | None:
    """The same with the file that it is from. What is too large to be a configuration is none."""
    text, path = _packed(host), PACKED
    for place in PLACES:
        if text is None:
            path = place.format(release)
            with contextlib.suppress(TooLargeError):
                text = host.read(path)
    return None if text is None else (path, dict(_LINE.findall(text)))


def _packed(host: Host) -> str | None:
    try:
        with open(host.path(PACKED), "rb") as stream:
            data = stream.read(_MAX_BYTES)
        return zlib.decompressobj(_GZIP).decompress(data, _MAX_BYTES).decode("utf-8", "replace")
    except (OSError, zlib.error):
        return None
