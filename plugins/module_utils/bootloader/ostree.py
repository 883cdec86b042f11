# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems that boot images: rpm-ostree keeps the arguments and hands them on to every new deployment."""

from __future__ import annotations

import glob
import os
import typing as t
from collections.abc import Sequence
from dataclasses import replace

from ..command import CommandRunner
from ..crashkernel.grammar import PARAMETER
from ..errors import KdumpError
from .bls import files, read_entry
from .changes import read, unlike
from .edited import listed
from .model import BootLoaderError, Entry, FileState
from .words import passed, with_parameters, words

BOOTED: t.Final = "/run/ostree-booted"
TOOL: t.Final = "/usr/bin/rpm-ostree"
#: Where an image of bootc holds its arguments: they are part of the image.
BOOTC: t.Final = "/usr/lib/bootc/kargs.d"
ENTRIES: t.Final = "/boot/loader/entries"

#: Where the arguments are, for a diff.
_PLACE: t.Final = "rpm-ostree kargs"
_SECONDS: t.Final = 60


class Ostree:
    """Asks rpm-ostree, which makes a new deployment of every change: the old one stays, to go back to."""

    name: t.Final = "ostree"

    def __init__(self, runner: CommandRunner, root: str = "/") -> None:
        self._runner = runner
        self._root = root

    def missing(self) -> tuple[str, ...]:
        """Whether such a system is running; an image that nothing can change here is an error of its own."""
        if not os.path.exists(self._path(BOOTED)):
            return (BOOTED,)
        if not os.path.exists(self._path(TOOL)):
            raise BootLoaderError(
                f"Cannot set {PARAMETER} on a system that boots an image and has no {TOOL}: its arguments are part of"
                f" the image. Add a file with kargs to {BOOTC} of the image and build it again"
            )
        return ()

    def entries(self) -> tuple[Entry, ...]:
        """The deployment that boots next, then those that are kept to go back to."""
        line = self._line()
        title = "deployment that boots next"
        return (Entry(title, "next", "kernel of the deployment", words(line), _PLACE), *self._older(line))

    def default(self) -> tuple[FileState, ...]:
        """The arguments of the deployment that boots next."""
        return (FileState(_PLACE, self._line() + "\n"),)

    def wanted(self, parameters: Sequence[str]) -> tuple[FileState, ...]:
        """The same as they have to be. rpm-ostree adds at the end, and so do we."""
        line = self._line()
        if passed(line) != tuple(parameters):
            line = with_parameters(with_parameters(line, ()), parameters)
        return (FileState(_PLACE, line + "\n"),)

    def rivals(self) -> tuple[str, ...]:
        """Files of the image that set it too; what rpm-ostree is told stays."""
        found = sorted(glob.glob(os.path.join(glob.escape(self._path(BOOTC)), "*.toml")))
        return tuple(path for path in found if PARAMETER in (read(path) or ""))

    def apply(self, parameters: Sequence[str], *, timeout: int) -> tuple[str, ...]:
        """One call, which makes a deployment or none; then look, and go back if it is not what was asked for."""
        old = passed(self._line())
        self._change(old, parameters, timeout)
        wrong = unlike(self.entries(), parameters)
        if wrong:
            cause = BootLoaderError(
                f"Cannot set {PARAMETER} in every boot entry: the {wrong[0].title} {wrong[1]}; the change was taken"
                " back. Look at what rpm-ostree kargs and rpm-ostree status say"
            )
            try:
                self._change(passed(self._line()), old, timeout)
            except KdumpError as error:
                raise BootLoaderError(f"{cause.message}. Then it could not be taken back: {error.message}") from error
            raise cause
        return ()

    def _change(self, old: Sequence[str], new: Sequence[str], timeout: int) -> None:
        options = [*(f"--delete={word}" for word in old), *(f"--append={word}" for word in new)]
        if options and tuple(old) != tuple(new):
            self._runner.run(
                [self._path(TOOL), "kargs", *options], what="change the kernel's arguments", timeout=timeout
            )

    def _line(self) -> str:
        answer = self._runner.run([self._path(TOOL), "kargs"], what="read the kernel's arguments", timeout=_SECONDS)
        line = answer.out.strip()
        if not line or "\n" in line:
            raise BootLoaderError(
                "Cannot read the kernel's arguments: rpm-ostree kargs did not print one line of them."
                " Look at what it says, and at rpm-ostree status"
            )
        return line

    def _older(self, line: str) -> tuple[Entry, ...]:
        found = []
        for path in files([self._path(ENTRIES)]):
            text = read(path) or ""
            for entry in listed(text, read_entry(text, path), path):
                if entry.arguments != words(line):
                    found.append(replace(entry, managed=False, reason="a deployment to go back to"))
        return tuple(found)

    def _path(self, name: str) -> str:
        return os.path.join(self._root, name.lstrip("/"))
