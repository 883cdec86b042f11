# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes as people write them."""

from __future__ import annotations

import re
import typing as t

from ..errors import KdumpError

_UNITS: t.Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"([1-9][0-9]{0,11})([KMGT]?)(?:iB|B)?", re.IGNORECASE)


def parse_size(text: str, *, name: str) -> int:
    """Bytes of a size such as C(512M) or C(4G); ``name`` is the option it was given in."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise KdumpError(f"Cannot use {name} {text!r}: it is not a size. Write a number and one of K, M, G, T.")
    return int(match.group(1)) * _UNITS[match.group(2).upper()]
