# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firmware of Raspberry Pis, which reads the kernel's command line from a file of its own."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Sequence

from .changes import read
from .edited import Edited, Source, Stanza
from .model import BootLoaderError

#: Where the firmware's partition is mounted, in newer and in older systems.
PARTITIONS: t.Final = ("/boot/firmware", "/boot")
#: What the firmware reads its settings from, the second one for a trial boot.
SETTINGS: t.Final = ("config.txt", "tryboot.txt")
#: Debian's package writes cmdline.txt anew for every kernel, and adds what this file says, which is one line.
PACKAGE: t.Final = "/etc/default/raspi-firmware"
EXTRA: t.Final = "/etc/default/raspi-extra-cmdline"

#: What is left in the older place since Raspberry Pi OS 12: "The file you are looking for has moved to ...".
_MOVED: t.Final = f"has moved to {PARTITIONS[0]}"
_MOVABLE: t.Final = ("cmdline.txt", "config.txt")

_NAMED: t.Final = re.compile(r"^[ \t]*(?P<key>cmdline|os_prefix)[ \t]*=[ \t]*(?P<value>[^\s#]+)", re.MULTILINE)


def read_line(text: str, origin: str) -> tuple[Stanza, ...]:
    """The firmware takes the first line and nothing else."""
    line = text.split("\n", 1)[0]
    return (Stanza(os.path.basename(origin), ((0, len(line.rstrip())),), kernel="kernel of config.txt"),)


class RaspberryPi(Edited):
    """Edits every command line that the firmware's settings name, in whatever section of theirs."""

    name: t.ClassVar[str] = "raspberry-pi"

    def missing(self) -> tuple[str, ...]:
        """A command line beside the firmware's settings; one that is not mounted is an error of its own."""
        stubs = [stub for folder in PARTITIONS for stub in self._stubs(folder)]
        folders = [folder for folder in self._folders() if self.exists(f"{folder}/config.txt")]
        if stubs and not folders:
            raise BootLoaderError(
                f"Cannot see what boots this machine: {stubs[0]} says that it has moved to {PARTITIONS[0]}, and there"
                f" is no config.txt. Mount {PARTITIONS[0]} and try again"
            )
        if any(self.exists(f"{folder}/cmdline.txt") for folder in folders) or self._named():
            return ()
        return tuple(" or ".join(f"{folder}/{name}" for folder in PARTITIONS) for name in ("config.txt", "cmdline.txt"))

    def sources(self) -> Sequence[Source]:
        """What the package adds, then every command line."""
        extra = (Source(self.path(EXTRA), read_line, menu=False, missing=""),) if self.exists(PACKAGE) else ()
        return (*extra, *(Source(path, read_line) for path in self._named()))

    def _folders(self) -> tuple[str, ...]:
        """Where the firmware's files may be."""
        return tuple(folder for folder in PARTITIONS if not self._stubs(folder))

    def _stubs(self, folder: str) -> tuple[str, ...]:
        """The files there that only say where they have gone."""
        paths = (self.path(f"{folder}/{name}") for name in _MOVABLE)
        return tuple(path for path in paths if _MOVED in (read(path) or ""))

    def _named(self) -> tuple[str, ...]:
        """The usual file, and those that the settings name, each once and only if it is there."""
        found: dict[str, str] = {}
        for folder in self._folders():
            place = self.path(folder)
            for settings in (read(os.path.join(place, name)) for name in SETTINGS):
                if settings is None:
                    continue
                values = {"cmdline": {"cmdline.txt"}, "os_prefix": {""}}
                for match in _NAMED.finditer(settings):
                    values[match["key"]].add(match["value"])
                names = sorted(prefix + name for prefix in values["os_prefix"] for name in values["cmdline"])
                for path in (os.path.join(place, name) for name in names):
                    if os.path.isfile(path):
                        found.setdefault(os.path.realpath(path), path)
        return tuple(found.values())
