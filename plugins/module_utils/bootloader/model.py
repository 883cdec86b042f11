# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions every boot loader answers, and the values the answers are made of."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import KdumpError


class BootLoaderError(KdumpError):
    """The boot loader's configuration could not be read or changed; a change that failed was taken back."""


@dataclass(frozen=True)
class Entry:
    """One way to boot this machine.

    ``managed`` is false for entries the loader's defaults do not reach and need not: other systems found on other
    partitions, memory testers, network boot images. ``reason`` says which.
    """

    title: str
    identity: str
    kernel: str
    arguments: tuple[str, ...]
    origin: str
    managed: bool = True
    reason: str = ""


@dataclass(frozen=True)
class FileState:
    """A file as it is or shall be; ``content`` None means that there is none."""

    path: str
    content: t.Optional[str]


class BootLoader(t.Protocol):
    """One boot loader. ``parameters`` are whole ``crashkernel=`` words of a kernel command line."""

    @property
    def name(self) -> str:
        """What users call it."""

    def entries(self) -> tuple[Entry, ...]:
        """Every entry of the menu as it would boot now."""

    def default(self) -> tuple[FileState, ...]:
        """The files through which this collection sets the value for present and future kernels, as they are."""

    def wanted(self, parameters: t.Sequence[str]) -> tuple[FileState, ...]:
        """The same files as they have to be, so that every entry gets exactly these values.

        Where that is known to be in vain before anything is written, it raises.
        """

    def rivals(self) -> tuple[str, ...]:
        """Files of others that set the parameter too, and that ``wanted`` has to overrule."""

    def apply(self, parameters: t.Sequence[str], *, timeout: int) -> tuple[str, ...]:
        """Make it so, prove it on every entry, or put everything back and raise.

        Returns warnings: what came along that nobody asked for.
        """
