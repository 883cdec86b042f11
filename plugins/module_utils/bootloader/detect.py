# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot loader this machine has. Never a guess: none or two candidates is a question to the user."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Sequence

from ..command import CommandRunner
from .grub import Grub
from .model import BootLoader, BootLoaderError
from .systemd_boot import SystemdBoot

#: Files that show a boot loader for which there is no back end yet.
OTHERS: t.Final = {
    "extlinux": ("/boot/extlinux/extlinux.conf", "/extlinux/extlinux.conf"),
    "zipl": ("/etc/zipl.conf",),
    "LILO": ("/etc/lilo.conf",),
    "Raspberry Pi firmware": ("/boot/firmware/cmdline.txt",),
    "rpm-ostree": ("/run/ostree-booted",),
}

_ADVICE: t.Final = "Install the packages of the boot loader, or mount /boot, and try again"


class Candidate(BootLoader, t.Protocol):
    """A back end that can say whether it is the right one."""

    def missing(self) -> tuple[str, ...]:
        """What is not there and would have to be."""


def candidates(runner: CommandRunner, root: str = "/") -> tuple[Candidate, ...]:
    """Every back end."""
    return (Grub(runner), SystemdBoot(runner, root))


def find_bootloader(
    choice: str, runner: CommandRunner, *, root: str = "/", among: t.Optional[Sequence[Candidate]] = None
) -> BootLoader:
    """The back end for this machine; ``choice`` is the name of one, or "auto"."""
    among = candidates(runner, root) if among is None else among
    for loader in among:
        if choice == loader.name:
            return _checked(loader)
    found = [loader for loader in among if not loader.missing()]
    others = [name for name, paths in OTHERS.items() if any(os.path.exists(_under(root, path)) for path in paths)]
    names = [*(loader.name for loader in found), *others]
    if len(names) > 1:
        raise BootLoaderError(
            f"Cannot tell which boot loader this machine uses: there are files of {' and of '.join(names)}."
            " Set the option bootloader to the one that boots it"
        )
    if others:
        raise BootLoaderError(
            f"Cannot change the boot entries of {others[0]}: this boot loader is not supported yet."
            " Set crashkernel= there by hand"
        )
    if not found:
        raise _unknown(among)
    return found[0]


def _checked(loader: Candidate) -> BootLoader:
    missing = loader.missing()
    if missing:
        raise BootLoaderError(
            f"Cannot use {loader.name} on this machine: there is no {' and no '.join(missing)}. {_ADVICE}"
        )
    return loader


def _unknown(among: Sequence[Candidate]) -> BootLoaderError:
    looked = [what for loader in among for what in loader.missing()]
    looked += [path for paths in OTHERS.values() for path in paths]
    return BootLoaderError(
        "Cannot find the boot loader of this machine: none of the files known of any is there"
        f" ({', '.join(looked)}). {_ADVICE}",
        looked_for=looked,
    )


def _under(root: str, path: str) -> str:
    return os.path.join(root, path.lstrip("/"))
