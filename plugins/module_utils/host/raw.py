# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw partitions for dumps: what lies on one, and how it is made ready, which nothing but its owner's word allows."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ..capture.save.target_raw import HEADER_BYTES, MAGIC
from ..command import CommandRunner
from ..errors import KdumpError
from .tree import Host

_SECONDS: t.Final = 60
#: What blkid says of what lies on a device; the rest is about the partition itself.
_SIGNS: t.Final = ("TYPE", "PTTYPE")
#: blkid's status where it finds nothing.
_NOTHING: t.Final = 2


class RawError(KdumpError):
    """A partition that dumps must not be written to."""


@dataclass(frozen=True)
class Partition:
    """A partition that dumps are to be written to."""

    partuuid: str
    device: str
    #: It bears our header, made for this very partition.
    prepared: bool


def find_partition(partuuid: str, *, consent: bool, host: Host, runner: CommandRunner) -> Partition:
    """The partition, if it may be written to: it has our header, or nothing at all and its owner's consent."""
    link = f"/dev/disk/by-partuuid/{partuuid}"
    if not host.exists(link):
        raise RawError(
            f"Cannot write dumps to the partition {partuuid}: there is none. List them with lsblk -o +PARTUUID."
        )
    device = link if host.root != "/" else os.path.realpath(link)
    if _start(device, host).startswith(_beginning(partuuid)):
        return Partition(partuuid, device, prepared=True)
    found = _signature(device, host, runner)
    if found:
        raise RawError(
            f"Cannot write dumps to the partition {device}: {found} is on it. If that may go, remove it with wipefs -a."
        )
    if not consent:
        raise RawError(
            f"Cannot write dumps to the partition {device}: it was not prepared for them. Set prepare=true on this "
            "target if everything on it may be overwritten."
        )
    return Partition(partuuid, device, prepared=False)


def prepare(partition: Partition, host: Host) -> None:
    """Put our header on a partition that nobody uses."""
    header = (_beginning(partition.partuuid) + b"state=empty\n").ljust(HEADER_BYTES, b"\0")
    try:
        # A block device that is mounted, or part of another one, cannot be opened exclusively.
        handle = os.open(host.path(partition.device), os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC)
        try:
            os.pwrite(handle, header, 0)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise RawError(f"Cannot prepare the partition {partition.device} for dumps: {error.strerror}.") from error


def _beginning(partuuid: str) -> bytes:
    return f"{MAGIC}\npartuuid={partuuid}\n".encode()


def _start(device: str, host: Host) -> bytes:
    try:
        with open(host.path(device), "rb") as stream:
            return stream.read(HEADER_BYTES)
    except OSError as error:
        raise RawError(f"Cannot read the partition {device}: {error.strerror}.") from error


def _signature(device: str, host: Host, runner: CommandRunner) -> str | None:
    """What blkid recognises on it, None where that is nothing."""
    blkid = host.tool("blkid")
    if blkid is None:
        raise RawError(f"Cannot tell what is on the partition {device}: blkid is not installed. Install it.")
    what = f"look what is on {device}"
    done = runner.run([blkid, "-p", "-o", "export", device], what=what, timeout=_SECONDS, check=False)
    if done.rc == _NOTHING:
        return None
    if done.rc != 0:
        raise done.failure(what)
    values = dict(line.partition("=")[::2] for line in done.out.splitlines())
    return next((values[name] for name in _SIGNS if values.get(name)), None)
