# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which names of files a dump is known: this collection's own, and those of the distributions' kdumps."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable
from dataclasses import dataclass

from . import paths


@dataclass(frozen=True)
class Layout:
    """How a kdump names a vmcore, one that it did not finish, and the kernel's log."""

    engine: str
    core: t.Pattern[str]
    part: t.Pattern[str]
    log: t.Pattern[str]
    #: What no other kdump writes.
    mark: t.Pattern[str]


OURS: t.Final = Layout(
    "collection", paths.VMCORE_NAME, paths.INCOMPLETE_NAME, re.compile("|".join(map(re.escape, paths.LOG_FILES))),
    mark=re.compile(re.escape(paths.RECORD_FILE)),
)  # fmt: skip

#: Debian's compresses the whole, if it is told to; where that fails, it copies /proc/vmcore.
_PACKED: t.Final = r"(\.(gz|bz2|lz4|xz))?"

#: From the script of kdump-tools 1.8.1, and from what is known of kdump-utils 1.0.61 and of kdump 2.1.9 of SUSE.
LAYOUTS: t.Final = (
    Layout(
        "kdump-tools", re.compile(r"(dump|vmcore)\.[0-9]{12}" + _PACKED),
        re.compile(r"(dump|vmcore)-incomplete" + _PACKED), re.compile(r"dmesg\.[0-9]{12}"),
        mark=re.compile(r"dmesg\.[0-9]{12}|(dump|vmcore)\.[0-9]{12}.*|dump-incomplete.*"),
    ),
    Layout(
        "kdump-utils", re.compile("vmcore"), re.compile("vmcore-incomplete"), re.compile(r"vmcore-dmesg\.txt"),
        mark=re.compile(r"vmcore-dmesg\.txt|vmcore-incomplete"),
    ),
    Layout(
        "suse", re.compile("vmcore"), re.compile("vmcore-incomplete"), re.compile(r"dmesg\.txt"),
        mark=re.compile(r"README\.txt"),
    ),
)  # fmt: skip


def find_layout(names: Iterable[str]) -> Layout:
    """Whose names these are; this collection's, where nothing tells."""
    known = tuple(names)
    if any(OURS.mark.fullmatch(name) for name in known):
        return OURS
    return next((layout for layout in LAYOUTS if any(layout.mark.fullmatch(name) for name in known)), OURS)
