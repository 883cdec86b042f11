# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot loader this machine has. Never a guess: none or two candidates is a question to the user."""

from __future__ import annotations

import os
import typing as t

from ..command import CommandRunner
from .grub import Grub
from .model import BootLoader, BootLoaderError

#: Files that show a boot loader for which there is no back end yet.
OTHERS: t.Final = {
    "systemd-boot": ("/boot/loader/loader.conf", "/boot/efi/loader/loader.conf", "/efi/loader/loader.conf"),
    "extlinux": ("/boot/extlinux/extlinux.conf", "/extlinux/extlinux.conf"),
    "zipl": ("/etc/zipl.conf",),
    "LILO": ("/etc/lilo.conf",),
    "Raspberry Pi firmware": ("/boot/firmware/cmdline.txt",),
    "rpm-ostree": ("/run/ostree-booted",),
}


def find_bootloader(
    choice: str, runner: CommandRunner, *, grub: t.Optional[Grub] = None, root: str = "/"
) -> BootLoader:
    """The back end for this machine; ``choice`` is the name of one, or "auto"."""
    grub = grub or Grub(runner)
    missing = grub.missing()
    if choice == Grub.name:
        if missing:
            raise BootLoaderError(f"Cannot use GRUB on this machine: there is no {' and no '.join(missing)}. {_ADVICE}")
        return grub
    others = [name for name, paths in OTHERS.items() if any(os.path.exists(_under(root, path)) for path in paths)]
    if missing:
        raise _unknown(missing, others)
    if others:
        raise BootLoaderError(
            f"Cannot tell which boot loader this machine uses: there are files of GRUB and of {', '.join(others)}."
            " Set the option bootloader to grub if GRUB boots it"
        )
    return grub


_ADVICE: t.Final = "Install the packages of the boot loader, or mount /boot, and try again"


def _unknown(missing: t.Sequence[str], others: t.Sequence[str]) -> BootLoaderError:
    if others:
        return BootLoaderError(
            f"Cannot change the boot entries of {', '.join(others)}: this boot loader is not supported yet."
            " Set crashkernel= there by hand"
        )
    looked = ", ".join((*missing, *(path for paths in OTHERS.values() for path in paths)))
    return BootLoaderError(
        f"Cannot find the boot loader of this machine: none of the files known of any is there ({looked}). {_ADVICE}",
        looked_for=looked.split(", "),
    )


def _under(root: str, path: str) -> str:
    return os.path.join(root, path.lstrip("/"))
