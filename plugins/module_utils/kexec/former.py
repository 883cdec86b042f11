# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the image that is loaded, kept beside those that replace them until these are loaded too.

The kernel frees the old image before it looks at the new one. Where it refuses that, the old one has to be loaded
again, and the next boot has to find its files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import typing as t
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import sync_directory
from ..host import paths
from ..host.tree import Host
from .loading import LoadError, load, read_current, reread_units

_SUFFIX: t.Final = ".former"
#: What loading consists of, beside the image itself.
_MEANS: t.Final = (paths.LOADER, paths.UNIT, paths.RECOVERY, paths.RECOVERY_UNIT)


@dataclass(frozen=True)
class Former:
    """The kept files of one image."""

    images: tuple[str, ...]
    host: Host

    @property
    def _files(self) -> tuple[str, ...]:
        return (*self.images, *_MEANS)

    @property
    def kept(self) -> list[str]:
        """The files of which a former one is there, be it since a run that was interrupted."""
        return [path for path in self._files if os.path.lexists(self.host.path(path + _SUFFIX))]

    def keep(self, replaced: Collection[str]) -> None:
        """Give the files that are about to be replaced or removed a second name."""
        self.forget()
        for path in self._files:
            if path in replaced and self.host.exists(path):
                _second_name(self.host.path(path), self.host.path(path + _SUFFIX))

    def put_back(self) -> None:
        """Take the former files again."""
        kept = [self.host.path(path) for path in self.kept]
        for path in kept:
            os.replace(path + _SUFFIX, path)
        self.forget()  # to rename one of two names of one file does nothing
        for folder in {os.path.dirname(path) for path in kept}:
            sync_directory(folder)

    def forget(self) -> None:
        """The former files are of no use any more."""
        for path in self._files:
            self.host.forget(path + _SUFFIX)


@contextlib.contextmanager
def regained(former: Former, *, host: Host, runner: CommandRunner) -> Iterator[None]:
    """Where the block fails, load the former image again; the error says what is loaded now."""
    try:
        yield
    except (KdumpError, OSError) as error:
        words, facts = _told(error)
        # What tools say ends as they like.
        raise LoadError(f"{words.rstrip('. ')}. {_regain(former, host, runner)}", **facts) from error


def _regain(former: Former, host: Host, runner: CommandRunner) -> str:
    had = bool(former.kept)
    try:
        former.put_back()
        before = read_current(host, runner)
        if had and not before.current:
            reread_units(runner)
            # Where nothing is loaded and this fails too, the unit is to count as failed.
            load(host, runner, verb="reload-or-restart" if before.crash.loaded else "restart")
    except (KdumpError, OSError) as error:
        return f"The former image could not be loaded again either, and nothing is loaded now: {_told(error)[0]}"
    now = read_current(host, runner)
    if now.current:
        return "The former image is loaded, now and at every boot."
    if now.crash.loaded:
        return "An image is loaded, but not the one on disk."
    return "Nothing is loaded now."


def _told(error: KdumpError | OSError) -> tuple[str, dict[str, object]]:
    if isinstance(error, KdumpError):
        return error.message, error.facts
    place: Sequence[str] = [str(error.filename)] if error.filename else []
    return f"Cannot load the crash image: {': '.join([*place, error.strerror or str(error)])}.", {}


def _second_name(path: str, name: str) -> None:
    try:
        os.link(path, name)
    except OSError:  # not every file system has them
        shutil.copy2(path, name, follow_symlinks=False)
