# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the running kernel says about its crash image, and what the loader remembers of it."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import asdict, dataclass

from ..files import sha256_file
from ..host import paths
from ..host.tree import Host, TooLargeError

LOAD_SCHEMA: t.Final = {"name": "linux.kdump/load", "version": 1}
BOOT_ID: t.Final = "/proc/sys/kernel/random/boot_id"
CRASH_LOADED: t.Final = "/sys/kernel/kexec_crash_loaded"
CRASH_SIZE: t.Final = "/sys/kernel/kexec_crash_size"
LOAD_DISABLED: t.Final = "/proc/sys/kernel/kexec_load_disabled"
LOCKDOWN: t.Final = "/sys/kernel/security/lockdown"


@dataclass(frozen=True)
class Crash:
    """The kernel's own view. None stands for a kernel that cannot say."""

    loaded: bool | None
    reserved_bytes: int | None
    load_disabled: bool | None
    lockdown: str | None


@dataclass(frozen=True)
class Image:
    """A file that was loaded, and what it held then."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Kexec:
    """The program that loaded it; its version is empty where it did not say."""

    path: str
    version: str
    sha256: str


@dataclass(frozen=True)
class LoadRecord:
    """What the loader wrote when it had loaded the crash image."""

    boot_id: str
    kernel: Image
    initramfs: Image
    command_line: str
    syscall: str
    reserved_bytes: int
    loaded_at: int
    #: None in a record of an older loader.
    kexec: Kexec | None = None

    def document(self) -> dict[str, t.Any]:
        """The record as the loader writes it."""
        found = {name: value for name, value in asdict(self).items() if name != "kexec" or value is not None}
        return {"schema": dict(LOAD_SCHEMA), **found}


def read_crash(host: Host) -> Crash:
    """Ask the kernel; a file that answers EBUSY is asked again for a while."""
    loaded, disabled = host.number(CRASH_LOADED), host.number(LOAD_DISABLED)
    return Crash(
        loaded=None if loaded is None else loaded == 1,
        reserved_bytes=host.number(CRASH_SIZE),
        load_disabled=None if disabled is None else disabled == 1,
        lockdown=_chosen(host.line(LOCKDOWN)),
    )


def read_record(host: Host, path: str = paths.LOAD_RECORD) -> LoadRecord | None:
    """The load record, or None where there is none that holds."""
    try:
        document = json.loads(host.read(path) or "null")
        if document["schema"] != LOAD_SCHEMA:
            return None
        return LoadRecord(
            boot_id=_text(document["boot_id"]),
            kernel=_image(document["kernel"]),
            initramfs=_image(document["initramfs"]),
            command_line=_text(document["command_line"]),
            syscall=_text(document["syscall"]),
            reserved_bytes=_count(document["reserved_bytes"]),
            loaded_at=_count(document["loaded_at"]),
            kexec=_kexec(document.get("kexec")),
        )
    except (ValueError, KeyError, TypeError, RecursionError, TooLargeError):
        return None


def is_current(record: LoadRecord | None, *, host: Host, crash: Crash) -> bool:
    """Whether what is loaded is what is on disk: loaded in this boot, and both files unchanged since."""
    if record is None or not crash.loaded or record.boot_id != host.line(BOOT_ID):
        return False
    return all(digest(host, image.path) == image.sha256 for image in (record.kernel, record.initramfs))


def digest(host: Host, path: str) -> str | None:
    """The sha256 of a file of the host, or None where it cannot be read."""
    try:
        return sha256_file(host.path(path))
    except OSError as error:
        host.refused(path, error)
        return None


def _chosen(text: str | None) -> str | None:
    match = re.search(r"\[(\w+)\]", text or "")
    return match.group(1) if match else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value


def _kexec(value: t.Any) -> Kexec | None:
    return None if value is None else Kexec(*(_text(value[name]) for name in ("path", "version", "sha256")))


def _image(value: t.Any) -> Image:
    return Image(path=_text(value["path"]), sha256=_text(value["sha256"]))
