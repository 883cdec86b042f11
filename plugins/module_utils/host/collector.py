# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a makedumpfile knows a kernel's memory well enough to sort its pages.

It looks into the kernel's own structures, which change; one that is too old for a kernel fails, or keeps what it was
told to leave out, and both are found out after the crash where nobody asks before it.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: makedumpfile's version -> the newest kernel that it says it knows (LATEST_VERSION in its source). For a version
#: that is not listed, the closest older one stands.
LATEST: t.Final[Mapping[tuple[int, ...], tuple[int, int]]] = {
    (1, 7, 2): (6, 0),
    (1, 7, 6): (6, 11),
    (1, 7, 7): (6, 12),
    (1, 7, 8): (6, 17),
    (1, 7, 9): (7, 0),
}
#: Newer kernels that a version was seen to save in full: Debian 12's pair, in this collection's own drills.
SEEN: t.Final[Mapping[tuple[int, ...], tuple[int, int]]] = {(1, 7, 2): (6, 1)}


@dataclass(frozen=True)
class Break:
    """A kernel from which on older versions of makedumpfile do something wrong."""

    kernel: tuple[int, int]
    needs: tuple[int, ...]
    effect: str


BREAKS: t.Final[Sequence[Break]] = (
    # Linux 6.12 keeps the type of a page elsewhere. Seen as sonic-net/sonic-buildimage#25890.
    Break((6, 12), (1, 7, 7), "it takes free pages for pages in use, so that a dump is as large as the memory"),
)

STATES: t.Final = ("ok", "newer", "broken", "unknown")


@dataclass(frozen=True)
class Support:
    """What is known of a makedumpfile and a kernel."""

    #: ok; newer: the kernel is newer than what it knows, which may or may not matter; broken; unknown.
    state: str
    #: The newest kernel that it knows.
    latest: str | None
    message: str | None


def support(makedumpfile: str | None, release: str) -> Support:
    """What is known of this version of makedumpfile and this kernel's release."""
    version, kernel = _numbers(makedumpfile), _kernel(release)
    if version is None or kernel is None:
        return Support("unknown", None, None)
    for known in BREAKS:
        if kernel >= known.kernel and version < known.needs:
            return Support("broken", _shown(_newest(LATEST, version)), _advice(makedumpfile, release, known))
    latest = _newest(LATEST, version)
    if latest is None:
        return Support("unknown", None, None)
    if kernel <= max(latest, SEEN.get(version, latest)):
        return Support("ok", _shown(latest), None)
    return Support(
        "newer",
        _shown(latest),
        f"makedumpfile {makedumpfile} knows kernels up to {_shown(latest)} and this one is {release}: it may fail or "
        "keep pages that it was told to leave out. Prove it by a drill, or build the image with a newer makedumpfile.",
    )


def _advice(makedumpfile: str | None, release: str, known: Break) -> str:
    needed = ".".join(str(number) for number in known.needs)
    return (
        f"makedumpfile {makedumpfile} is too old for the kernel {release}: {known.effect}. Build the image with "
        f"makedumpfile {needed} or newer."
    )


def _newest(table: Mapping[tuple[int, ...], tuple[int, int]], version: tuple[int, ...]) -> tuple[int, int] | None:
    return next((table[known] for known in sorted(table, reverse=True) if known <= version), None)


def _numbers(version: str | None) -> tuple[int, ...] | None:
    match = re.match(r"\d+(?:\.\d+){1,3}", version or "")
    return tuple(int(part) for part in match[0].split(".")) if match else None


def _kernel(release: str) -> tuple[int, int] | None:
    match = re.match(r"(\d{1,4})\.(\d{1,5})", release)
    return (int(match[1]), int(match[2])) if match else None


def _shown(kernel: tuple[int, int] | None) -> str | None:
    return ".".join(str(number) for number in kernel) if kernel else None
