# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB 2 with entries in files of their own, as RHEL 8 and later and Fedora have it: ``blscfg`` in the menu.

grubby is not called: it edits one file after another in place, and what it says of its success cannot be relied on.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..command import CommandRunner
from . import bls, kernel_install
from .changes import read
from .edited import Edited, Source, Stanza
from .grub_layouts import EFI_MENUS, is_bls, menus
from .grub_menu import read_menu
from .model import BootLoaderError, Entry
from .shell_values import assignments
from .words import words

FOLDER: t.Final = "/boot/loader/entries"
ENVIRONMENT: t.Final = "/boot/grub2/grubenv"
DEFAULTS: t.Final = "/etc/default/grub"

#: GRUB writes its environment in place while it boots, so that the file never changes its size.
_SIZE: t.Final = 1024
_OPTIONS: t.Final = re.compile(rf"^{bls.KERNEL_OPTIONS}=(.*)$", re.MULTILINE)
_SET: t.Final = re.compile(r"""^[ \t]*set[ \t]+(\w+)=(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"';]*))""", re.MULTILINE)
_VARIABLE_LINE: t.Final = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)


def read_environment(text: str, origin: str) -> tuple[Stanza, ...]:
    """Where the environment holds the arguments that entries share."""
    return tuple(Stanza(bls.KERNEL_OPTIONS, (match.span(1),)) for match in _OPTIONS.finditer(text))


def padded(text: str) -> str:
    """The environment in its size."""
    body = text.rstrip("#")
    if len(body.encode("utf-8", "surrogateescape")) > _SIZE:
        raise BootLoaderError(
            f"Cannot write GRUB's environment {ENVIRONMENT}: it would need more than its {_SIZE} bytes."
            " Take other arguments out of kernelopts"
        )
    return body + "#" * (_SIZE - len(body.encode("utf-8", "surrogateescape")))


class GrubBls(Edited):
    """Edits every entry, GRUB's environment where entries take their arguments from it, and the defaults."""

    name: t.ClassVar[str] = "grub-bls"

    def __init__(self, runner: CommandRunner, root: str = "/") -> None:
        super().__init__(runner, root)
        self._menus = tuple(path for path in menus(root) if is_bls(path))

    def missing(self) -> tuple[str, ...]:
        """A menu that takes entries from files, and such files."""
        menu = () if self._menus else (f"/boot/grub2/grub.cfg or {EFI_MENUS} with blscfg",)
        return menu if self.exists(f"{FOLDER}/*.conf") else (*menu, f"{FOLDER}/*.conf")

    def sources(self) -> Sequence[Source]:
        """What kernels to come get first, then every entry's file."""
        files = self._files()
        defaults, environment = self.path(DEFAULTS), self.path(ENVIRONMENT)
        shared = any(bls.KERNEL_OPTIONS in bls.names(read(path) or "") for path in files)
        return (
            kernel_install.source(self._cmdline, vendor=self._vendor, entries=() if shared else files),
            *((Source(defaults, _read_defaults, menu=False),) if read(defaults) is not None else ()),
            *((Source(environment, read_environment, menu=False, finish=padded),) if shared else ()),
            *(Source(path, _read_entry, finish=bls.tidy) for path in files),
        )

    def uncovered(self) -> tuple[str, ...]:
        """If kernel-install takes arguments from elsewhere."""
        return kernel_install.uncovered(self._cmdline, vendor=self._vendor, entries=self._files())

    def entries_of(self, sources: Sequence[Source], texts: Mapping[str, str]) -> tuple[Entry, ...]:
        """Those of files, as GRUB expands them, and those of the menu itself."""
        variables: dict[str, str] = {}
        own: list[Entry] = []
        for path in self._menus:
            text = read(path) or ""
            variables.update((match[1], match[2] or match[3] or match[4] or "") for match in _SET.finditer(text))
            own += read_menu(text, origin=path, elsewhere=True)
        environment = self.path(ENVIRONMENT)
        text = texts.get(environment) or read(environment) or ""
        variables.update((match[1], match[2]) for match in _VARIABLE_LINE.finditer(text))
        return (*(_expanded(entry, variables) for entry in super().entries_of(sources, texts)), *own)

    def refusal(self, entry: Entry, how: str, parameters: Sequence[str]) -> BootLoaderError:
        """Names what else an entry may take arguments from."""
        error = super().refusal(entry, how, parameters)
        return BootLoaderError(
            f"{error.message}, or takes it from a variable of GRUB's that is set in {' or '.join(self._menus)} (by"
            f" tuned or /etc/grub.d) and not in {ENVIRONMENT}",
            **error.facts,
        )

    @property
    def _cmdline(self) -> str:
        return self.path(kernel_install.CMDLINE)

    @property
    def _vendor(self) -> str:
        return self.path(kernel_install.VENDOR)

    def _files(self) -> tuple[str, ...]:
        return bls.files([self.path(FOLDER)])


def _read_entry(text: str, origin: str) -> tuple[Stanza, ...]:
    return bls.read_entry(text, origin, variables=True)


def _read_defaults(text: str, origin: str) -> tuple[Stanza, ...]:
    # grub2-mkconfig writes kernelopts, and the entries if it is asked to, from these.
    return assignments(text, "GRUB_CMDLINE_LINUX", ("GRUB_CMDLINE_LINUX_DEFAULT",))


def _expanded(entry: Entry, variables: Mapping[str, str]) -> Entry:
    line = " ".join(entry.arguments)
    return replace(entry, arguments=words(bls.VARIABLE.sub(lambda m: variables.get(m[1] or m[2], ""), line)))
