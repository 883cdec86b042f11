# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a generated menu lacks that the menu before it had, and that no generator brings back.

Entries of other systems are gone where GRUB was upgraded to a version that does not run os-prober by itself, and
entries that somebody wrote into the menu by hand.
"""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Sequence

from .grub_menu import FOREIGN, Item, no_linux

#: Part of the identity that grub.d/10_linux and 20_linux_xen give to entries of this system's kernels. grubby copies it
#: (RHEL 7), so that it may name another kernel than the entry's, with a title that changes with each minor release.
_GENERATED: t.Final = "gnulinux-"


def lost(old: Sequence[Item], new: Sequence[Item], *, root: str) -> tuple[str, ...]:
    """The places of all entries that are lost, each once.

    One is found again by its title or its identity. One of a kernel of this system may go if the kernel is not
    installed, or if another entry boots it.
    """
    titles, identities = {item.title for item in new}, {item.identity for item in new} - {""}
    booted = {os.path.basename(kernel) for item in new for kernel in item.kernels}
    gone = (item for item in old if item.title not in titles and item.identity not in identities)
    return tuple(dict.fromkeys(item.place for item in gone if not _may_go(item, booted, root)))


def _may_go(item: Item, booted: t.AbstractSet[str], root: str) -> bool:
    generated = _GENERATED in item.identity and not item.identity.startswith(FOREIGN)
    if not item.kernels or not (generated or all(map(no_linux, item.kernels))):
        return False
    return all(os.path.basename(kernel) in booted or not _is_installed(kernel, root) for kernel in item.kernels)


def _is_installed(kernel: str, root: str) -> bool:
    """Whether there is such a file. GRUB's path begins at the root of a file system or of its subvolume."""
    path = re.sub(r"^\([^)]*\)", "", kernel).lstrip("/")
    places = (path, os.path.join("boot", path), os.path.join("boot", os.path.basename(path)))
    return any(os.path.exists(os.path.join(root, place)) for place in places)
