# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a folder is: its file system, its UUID, the path inside it. By these the save environment finds it again."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

from ..command import CommandRunner, CommandTimeoutError
from ..errors import KdumpError
from .tree import Host

_SECONDS: t.Final = 20
#: A file system of a server that is gone lets whoever looks at it wait for ever.
_OF_SERVERS: t.Final = re.compile(r"nfs4?|cifs|smb3?|ceph|9p|afs|glusterfs|lustre|autofs|fuse(\..*)?")
_ANSWER_SECONDS: t.Final = 10
#: Hosts of thousands of containers have some megabytes of mounts.
_MAX_MOUNTINFO: t.Final = 64 << 20


@dataclass(frozen=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    device: str
    #: The folder inside the file system that is mounted: "/" but for bind mounts and subvolumes.
    inside: str
    point: str
    fstype: str
    source: str


@dataclass(frozen=True)
class Target:
    """Where dumps go."""

    path: str
    source: str | None
    uuid: str | None
    fstype: str | None
    fs_path: str | None
    free_bytes: int | None
    total_bytes: int | None


def parse_mounts(text: str) -> list[Mount]:
    """The mounts in the order they were made; lines that are not understood are left out."""
    mounts = []
    for line in text.splitlines():
        front, separator, back = line.partition(" - ")
        fields, rest = front.split(" "), back.split(" ")
        if separator and len(fields) >= 6 and len(rest) >= 2:
            inside, point = unescaped(fields[3]), unescaped(fields[4])
            mounts.append(Mount(fields[2], inside, point, fstype=rest[0], source=unescaped(rest[1])))
    return mounts


def mount_of(path: str, mounts: list[Mount]) -> Mount | None:
    """The mount a path is in: the longest mount point above it, and of several on one point the last."""
    above = [mount for mount in mounts if _below(path, mount.point) is not None]
    longest = max((len(mount.point) for mount in above), default=0)
    return next((mount for mount in reversed(above) if len(mount.point) == longest), None)


def find_target(path: str, *, host: Host, runner: CommandRunner) -> Target:
    """The file system of a folder that may not exist yet. What cannot be found out is None."""
    mounts = parse_mounts(host.read("/proc/self/mountinfo", limit=_MAX_MOUNTINFO) or "")
    # systemd has an autofs of its own below /proc on every host.
    if any(_OF_SERVERS.fullmatch(mount.fstype) and not mount.point.startswith("/proc/") for mount in mounts):
        _must_answer(path, mounts, runner)
    real = os.path.realpath(path) if host.root == "/" else os.path.normpath(path)
    mount = mount_of(real, mounts)
    free, total = _space(host.path(real))
    if mount is None:
        return Target(path, None, None, None, None, free, total)
    return Target(
        path=path,
        source=mount.source,
        uuid=_linked_uuid(mount, host) or _probed_uuid(mount, host, runner),
        fstype=mount.fstype,
        fs_path=os.path.normpath(f"{mount.inside}/{_below(real, mount.point) or ''}").replace("//", "/"),
        free_bytes=free,
        total_bytes=total,
    )


def _must_answer(path: str, mounts: list[Mount], runner: CommandRunner) -> None:
    """In a process that can be killed, since this one would wait with no end; a link may lead there from anywhere."""
    try:
        runner.run(["stat", "-L", path], what=f"look at {path}", timeout=_ANSWER_SECONDS, check=False)
    except CommandTimeoutError as error:
        mount = mount_of(os.path.normpath(path), mounts)
        where = f"{mount.fstype} of {mount.source} on {mount.point}" if mount else "its file system"
        raise KdumpError(
            f"Cannot look at {path}: {where} has not answered for {_ANSWER_SECONDS} seconds. Bring the server back, or"
            f" unmount it (umount --force --lazy), and run this again"
        ) from error


def _below(path: str, point: str) -> str | None:
    """The part of ``path`` below a mount point, or None where it is not below."""
    prefix = point.rstrip("/") + "/"
    return path[len(prefix) :] if (path.rstrip("/") + "/").startswith(prefix) else None


def unescaped(text: str) -> str:
    r"""Mountinfo writes blanks, tabs, newlines and backslashes as \ooo."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)


def _space(path: str) -> tuple[int | None, int | None]:
    """Free and total bytes at the closest folder that exists."""
    while not os.path.isdir(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    try:
        space = os.statvfs(path)
    except OSError:
        return None, None
    return space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize


def _linked_uuid(mount: Mount, host: Host) -> str | None:
    """The UUID whose link points to the mount's block device, as udev has it."""
    folder: t.Final = "/dev/disk/by-uuid"
    names = {_link(host, f"/sys/dev/block/{mount.device}")}
    if mount.source.startswith("/dev/"):
        # btrfs mounts have an anonymous device number, and /dev/mapper names are links to dm-N
        names.add(_link(host, mount.source) or os.path.basename(mount.source))
    try:
        uuids = sorted(os.listdir(host.path(folder)))
    except OSError:
        return None
    return next((uuid for uuid in uuids if _link(host, f"{folder}/{uuid}") in names - {None}), None)


def _probed_uuid(mount: Mount, host: Host, runner: CommandRunner) -> str | None:
    """What blkid finds on the device, for a host without udev."""
    blkid = host.tool("blkid")
    if blkid is None or not mount.source.startswith("/dev/"):
        return None
    argv = [blkid, "-p", "-s", "UUID", "-o", "value", mount.source]  # fmt: skip
    try:
        done = runner.run(argv, what=f"probe {mount.source}", timeout=_SECONDS, check=False)
    except CommandTimeoutError:
        return None
    return done.out.strip() or None


def _link(host: Host, path: str) -> str | None:
    """The last part of what a link points to, or None where there is no link."""
    try:
        return os.path.basename(os.readlink(host.path(path)))
    except OSError:
        return None
