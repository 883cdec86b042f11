# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments that kernel-install gives to kernels to come, in /etc/kernel/cmdline."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Sequence

from .bls import by_kernel_install, read_entry
from .changes import read
from .edited import Source, Stanza, listed
from .words import with_parameters, words

CMDLINE: t.Final = "/etc/kernel/cmdline"
#: Where it looks next, before it takes what the running kernel was booted with.
VENDOR: t.Final = "/usr/lib/kernel/cmdline"
#: kernel-install adds it by itself where entries are named after the machine (90-loaderentry.install).
_ADDED: t.Final = "systemd.machine_id="


def read_cmdline(text: str, origin: str) -> tuple[Stanza, ...]:
    """A file that is one command line, on however many lines."""
    return (Stanza(os.path.basename(origin), ((0, len(text.rstrip())),)),)


def source(path: str, *, vendor: str, entries: Sequence[str]) -> Source:
    """The file as a source. Where there is none it is made if it is known what it has to hold."""
    return Source(path, read_cmdline, menu=False, missing=_missing(vendor, entries))


def _missing(vendor: str, entries: Sequence[str]) -> t.Optional[str]:
    """What kernel-install would take instead: the vendor's file, else what every entry that it made passes."""
    text = read(vendor)
    if text is not None:
        return text
    lines = {line for path in entries for line in _line(path)}
    return lines.pop() + "\n" if len(lines) == 1 else None


def _line(path: str) -> tuple[str, ...]:
    text = read(path) or ""
    if not by_kernel_install(text, path):
        return ()
    return tuple(
        " ".join(word for word in words(with_parameters(" ".join(entry.arguments), ())) if not word.startswith(_ADDED))
        for entry in listed(text, read_entry(text, path), path)
    )


def uncovered(path: str, *, vendor: str, entries: Sequence[str]) -> tuple[str, ...]:
    """A warning if kernel-install makes entries here and takes the arguments of the next one from elsewhere."""
    made = [entry for entry in entries if by_kernel_install(read(entry) or "", entry)]
    if not made or read(path) is not None or _missing(vendor, entries) is not None:
        return ()
    return (
        f"The entries that kernel-install made pass different arguments, and there is no {path}: a kernel installed"
        f" before the next reboot would get those of the running one. Write {path}",
    )
