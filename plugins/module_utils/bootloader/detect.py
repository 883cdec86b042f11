# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot loader this machine has. Never a guess: none or two candidates is a question to the user."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Sequence

from ..command import CommandRunner
from .changes import read
from .extlinux import Extlinux
from .grub import Grub
from .grub_bls import GrubBls
from .model import BootLoader, BootLoaderError
from .ostree import Ostree
from .raspberry_pi import RaspberryPi
from .sections import Lilo, Yaboot
from .systemd_boot import SystemdBoot
from .zipl import Zipl

#: Back ends for which those of other names are not the ones to ask: the image's tool writes the loader's entries.
ABOVE: t.Final = {Ostree.name: ("grub-bls", "systemd-boot", "zipl", "grub", "extlinux")}

_BACK_ENDS: t.Final = (GrubBls, SystemdBoot, Extlinux, Zipl, Ostree, RaspberryPi, Lilo, Yaboot)

#: What users may choose.
BOOTLOADERS: t.Final = (Grub.name, *(back_end.name for back_end in _BACK_ENDS))

#: The boot partitions that Proxmox VE fills, by their UUID, one a line.
PROXMOX: t.Final = "/etc/kernel/proxmox-boot-uuids"

_ADVICE: t.Final = "Install the packages of the boot loader, or mount /boot, and try again"


class Candidate(BootLoader, t.Protocol):
    """A back end that can say whether it is the right one."""

    def missing(self) -> tuple[str, ...]:
        """What is not there and would have to be."""


def candidates(runner: CommandRunner, root: str = "/") -> tuple[Candidate, ...]:
    """Every back end."""
    return (Grub(runner, root=root), *(back_end(runner, root) for back_end in _BACK_ENDS))


def find_bootloader(
    choice: str, runner: CommandRunner, *, root: str = "/", among: t.Optional[Sequence[Candidate]] = None
) -> BootLoader:
    """The back end for this machine; ``choice`` is the name of one, or "auto"."""
    among = candidates(runner, root) if among is None else among
    for loader in among:
        if choice == loader.name:
            return _checked(loader)
    _refuse_proxmox(root)
    found = [loader for loader in among if not loader.missing()]
    below = {name for loader in found for name in ABOVE.get(loader.name, ())}
    found = [loader for loader in found if loader.name not in below]
    if len(found) > 1:
        raise BootLoaderError(
            "Cannot tell which boot loader this machine uses: there are files of"
            f" {' and of '.join(loader.name for loader in found)}."
            " Set the option bootloader to the one that boots it"
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


def _refuse_proxmox(root: str) -> None:
    path = os.path.join(root, PROXMOX.lstrip("/"))
    lines = (line.strip() for line in (read(path) or "").splitlines())
    if any(line and not line.startswith("#") for line in lines):
        raise BootLoaderError(
            f"Cannot see what boots this machine: {path} names partitions in which proxmox-boot-tool keeps its boot"
            " entries. They are not mounted, and what is below /boot does not boot it. Put the value in"
            " /etc/kernel/cmdline or, where proxmox-boot-tool status says grub, in /etc/default/grub. Run"
            " proxmox-boot-tool refresh and reboot. Then use linux.kdump only to verify the value:"
            " linux.kdump.kdump_info shows whether it is in force"
        )


def _unknown(among: Sequence[Candidate]) -> BootLoaderError:
    looked = [what for loader in among for what in loader.missing()]
    return BootLoaderError(
        "Cannot find the boot loader of this machine: none of the files known of any is there"
        f" ({', '.join(looked)}). {_ADVICE}",
        looked_for=looked,
    )
