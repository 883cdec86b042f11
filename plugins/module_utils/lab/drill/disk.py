# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill's own disk: made with the crash image on it, read back with the dump on it, mounted never.

To mount it would take root, and a file system that a dying kernel has written to is nothing for a living one.
"""

from __future__ import annotations

import os
import shutil
import typing as t
from dataclasses import dataclass

from ...command import CommandRunner
from ...errors import KdumpError
from . import init
from .argv import DISK_FILE
from .spec import DUMP_PATH, DrillError, DrillSpec

#: Room beside the memory and the crash image: the file system's own, and a dump that grew instead of shrinking.
_SLACK: t.Final = 256 << 20
_LIMIT: t.Final = 300
#: By which targets may name it too; its UUID is another one each time.
LABEL: t.Final = "drill"
#: Where Debian keeps the tools of file systems; a user's search path need not lead there.
_PATH: t.Final = f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"
_DUMPS: t.Final = "dump"


@dataclass(frozen=True)
class Disk:
    """The disk of a drill in its folder."""

    folder: str
    runner: CommandRunner

    def make(self, spec: DrillSpec, *, uuid: str) -> None:
        """Make it, with the crash image on it."""
        staging = os.path.join(self.folder, "staging")
        images = {"kernel": spec.capture_kernel, "initramfs": spec.initramfs}
        try:
            os.makedirs(os.path.join(staging, init.IMAGES_FOLDER))
            for name, source in images.items():
                shutil.copyfile(source, os.path.join(staging, init.IMAGES_FOLDER, name))
            size = spec.disk or spec.memory + sum(map(os.path.getsize, images.values())) + _SLACK
            self._private(DISK_FILE)
            # No time is spent on clearing what a new, sparse file does not hold anyway.
            argv = [
                "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-U", uuid, "-L", LABEL, "-m", "0",
                "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", "-d", staging,
                DISK_FILE, f"{size >> 10}k",
            ]  # fmt: skip
            self._run(argv, what="make the drill's disk")
        except OSError as error:
            raise DrillError(
                f"Cannot make the drill's disk: {error.filename or self.folder}: {error.strerror or error}."
            ) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _private(self, name: str) -> None:
        """Make an empty file that is its owner's: the disk will hold a machine's memory."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(os.path.join(self.folder, name), flags, 0o600)
        try:
            os.fchmod(handle, 0o600)
        finally:
            os.close(handle)

    def read(self, path: str = DUMP_PATH) -> str | None:
        """Copy the folder of dumps out of it; its place, or None where there is none."""
        place = os.path.join(self.folder, _DUMPS)
        shutil.rmtree(place, ignore_errors=True)
        os.mkdir(place, 0o700)
        # What was synced may still be in the journal, if nobody came to unmount the file system.
        self._run(["e2fsck", "-E", "journal_only", "-p", DISK_FILE], what="replay the disk's journal", check=False)
        self._run(["debugfs", "-R", f"rdump {path} {_DUMPS}", DISK_FILE], what="read the drill's disk")
        found = os.path.join(place, os.path.basename(path.rstrip("/")))
        return found if os.path.isdir(found) else None

    def _run(self, argv: list[str], *, what: str, check: bool = True) -> None:
        try:
            self.runner.run(argv, what=what, timeout=_LIMIT, cwd=self.folder, env={"PATH": _PATH}, check=check)
        except KdumpError as error:
            raise DrillError(f"{error.message.rstrip('.')}. Is e2fsprogs installed?", **error.facts) from error
