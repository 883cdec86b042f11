# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd-boot: entries on the EFI system partition or beside it, and unified kernel images."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Mapping, Sequence

from ..crashkernel.grammar import PARAMETER
from . import bls, kernel_install, uki
from .changes import read
from .edited import Edited, Source, listed
from .model import BootLoaderError, Entry

#: Where the EFI system partition and the one beside it may be mounted (bootctl(1)).
PARTITIONS: t.Final = ("/efi", "/boot", "/boot/efi")
#: Shows that systemd-boot was installed to such a partition.
MARKS: t.Final = ("loader/loader.conf", "EFI/systemd/systemd-boot*.efi")
#: What kernelstub writes entries from (Pop!_OS), as JSON.
KERNELSTUB: t.Final = "/etc/kernelstub/configuration"

_VALUE: t.Final = re.compile(rf'{PARAMETER}[^\s"\\]*')
_VERSION: t.Final = re.compile(r"[0-9]\.[0-9]")


class SystemdBoot(Edited):
    """Edits every entry, and what ``kernel-install`` makes the next one from."""

    name: t.ClassVar[str] = "systemd-boot"

    def missing(self) -> tuple[str, ...]:
        """Without its own configuration on a boot partition it is not installed."""
        looked = tuple(os.path.join(folder, mark) for folder in PARTITIONS for mark in MARKS)
        return () if any(self.exists(path) for path in looked) else (" or ".join(looked),)

    def sources(self) -> Sequence[Source]:
        """Every entry's file, after the file for kernels to come."""
        files = self._files()
        cmdline, vendor = self.path(kernel_install.CMDLINE), self.path(kernel_install.VENDOR)
        return (
            kernel_install.source(cmdline, vendor=vendor, entries=files),
            *(Source(path, bls.read_entry, finish=bls.tidy) for path in files),
        )

    def uncovered(self) -> tuple[str, ...]:
        """If kernel-install takes arguments from elsewhere, or another tool writes the entries."""
        files = self._files()
        cmdline, vendor = self.path(kernel_install.CMDLINE), self.path(kernel_install.VENDOR)
        return (*kernel_install.uncovered(cmdline, vendor=vendor, entries=files), *self._by_others(files))

    def entries_of(self, sources: Sequence[Source], texts: Mapping[str, str]) -> tuple[Entry, ...]:
        """Those of files, then the images that are entries by themselves."""
        return (*super().entries_of(sources, texts), *uki.images(self._partitions()))

    def refusal(self, entry: Entry, how: str, parameters: Sequence[str]) -> BootLoaderError:
        """An image's command line is signed with it, and there may be no other way to boot: that is not ours to do."""
        if not entry.origin.endswith(".efi"):
            return super().refusal(entry, how, parameters)
        return BootLoaderError(
            f"Cannot set {PARAMETER} in the unified kernel image {entry.origin}: it {how}, and its command line is part"
            f" of the image and of its signature; nothing is changed. To do it, {_remedy(parameters)}, sign it as"
            " before, and run this again",
            entry=entry.title,
        )

    def _by_others(self, files: Sequence[str]) -> tuple[str, ...]:
        texts = {path: read(path) or "" for path in files}
        others = {path: text for path, text in texts.items() if not bls.by_kernel_install(text, path)}
        entries = [each for path, text in others.items() for each in listed(text, bls.read_entry(text, path), path)]
        entries = [entry for entry in entries if entry.managed]
        if entries and self.exists(KERNELSTUB):
            return self._by_kernelstub(entries[0])
        # One without a version stays what it is when its kernel is updated. Beside those of kernel-install, it is
        # somebody's own.
        if len(others) < len(texts) or not any(_VERSION.search(entry.kernel) for entry in entries):
            return ()
        return (
            "The entries are written by another tool than kernel-install, and those of kernels to come will not have"
            " the value: tell that tool of it, or run this again after each kernel is installed",
        )

    def _by_kernelstub(self, entry: Entry) -> tuple[str, ...]:
        path = self.path(KERNELSTUB)
        wanted = [word for word in entry.arguments if word.startswith(PARAMETER)]
        known = _VALUE.findall(read(path) or "")
        if set(known) == set(wanted):
            return ()
        return (
            f"The entries are written by kernelstub, and those of kernels to come will not have the value: it takes the"
            f" arguments from {path}, which says {' '.join(known) or f'no {PARAMETER}'}. Run"
            f" kernelstub --add-options '{' '.join(wanted)}', or run this again after each kernel is installed",
        )

    def _partitions(self) -> tuple[str, ...]:
        return tuple(self.path(folder) for folder in PARTITIONS)

    def _files(self) -> tuple[str, ...]:
        return bls.files([os.path.join(folder, bls.ENTRIES) for folder in self._partitions()])


def _remedy(parameters: Sequence[str]) -> str:
    wanted = " ".join(parameters)
    if not wanted:
        return f"take it out of {kernel_install.CMDLINE}, build it again, remove addons that hold it"
    return (
        f"put {wanted} in {kernel_install.CMDLINE} and build it again (kernel-install add, or ukify build), or add it"
        f' by an addon (ukify build --cmdline="{wanted}" --output=.../{uki.ADDONS}/kdump.addon.efi, systemd 254)'
    )
