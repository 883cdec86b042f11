# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where distributions keep what belongs to GRUB 2, and what kind of GRUB it is."""

from __future__ import annotations

import glob
import os
import re
import typing as t
from dataclasses import dataclass

from .changes import read
from .grub_defaults import NAME

#: Where GRUB for EFI has its menu on RHEL 7 and 8; later, and elsewhere, there is only a pointer to the real one.
EFI_MENUS: t.Final = "/boot/efi/EFI/*/grub.cfg"
_EFI: t.Final = "/sys/firmware/efi"
_BLS: t.Final = re.compile(r"^[ \t]*blscfg\b", re.MULTILINE)
_ENTRY: t.Final = re.compile(r"^[ \t]*(?:menuentry|blscfg)\b", re.MULTILINE)


@dataclass(frozen=True)
class Layout:
    """Where GRUB keeps its things."""

    defaults: str = "/etc/default/grub"
    drop_ins: str = "/etc/default/grub.d"
    menu: str = "/boot/grub/grub.cfg"
    generator: str = "/usr/sbin/grub-mkconfig"

    @property
    def drop_in(self) -> str:
        """The file that is ours."""
        return os.path.join(self.drop_ins, NAME)

    @property
    def custom_menu(self) -> str:
        """Entries of the administrator's own, which the menu takes in while it boots (grub.d/41_custom)."""
        return os.path.join(os.path.dirname(self.menu), "custom.cfg")


#: Generators, by their menu. Debian and its kin, Arch; then SUSE, RHEL and its kin, Fedora.
GENERATORS: t.Final = {
    "/boot/grub/grub.cfg": ("/usr/sbin/grub-mkconfig", "/usr/bin/grub-mkconfig"),
    "/boot/grub2/grub.cfg": ("/usr/sbin/grub2-mkconfig", "/usr/bin/grub2-mkconfig"),
}


def menus(root: str = "/") -> tuple[str, ...]:
    """The menus of GRUB 2 under the name ``grub2`` that hold entries: the one of EFI if EFI booted and it has one."""
    found = tuple(path for path in _matching(root, EFI_MENUS) if _ENTRY.search(read(path) or ""))
    if found and os.path.isdir(_under(root, _EFI)):
        return found
    return tuple(path for path in _matching(root, "/boot/grub2/grub.cfg") if _ENTRY.search(read(path) or ""))


def layouts(root: str = "/") -> tuple[Layout, ...]:
    """Every kind of GRUB whose menu and generator are both there, and whose entries are in the menu."""
    found = []
    for menu, generators in GENERATORS.items():
        programs = [path for path in (_under(root, name) for name in generators) if os.path.isfile(path)]
        paths = menus(root) if "grub2" in menu else _matching(root, menu)
        found += [
            Layout(_under(root, Layout.defaults), _under(root, Layout.drop_ins), path, programs[0])
            for path in paths
            if programs and os.path.isfile(path) and not is_bls(path)
        ]
    return tuple(found)


def is_bls(path: str) -> bool:
    """Whether a menu takes its entries from files (`grub_bls`)."""
    return _BLS.search(read(path) or "") is not None


def _matching(root: str, pattern: str) -> tuple[str, ...]:
    return tuple(sorted(glob.glob(os.path.join(glob.escape(root), pattern.lstrip("/")))))


def _under(root: str, path: str) -> str:
    return os.path.join(root, path.lstrip("/"))
