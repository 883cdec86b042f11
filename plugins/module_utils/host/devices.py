# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which drivers lie between a file system, or a network interface, and the root of the buses.

Read from sysfs. A capture kernel that lacks one of them reaches no dump target, which nobody sees before the crash.
"""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from .target import Mount, mount_of, parse_mounts
from .tree import Host

#: A host of thousands of containers has some megabytes of mounts.
_MAX_MOUNTINFO: t.Final = 64 << 20
#: More than the disks of any RAID that dumps should go to.
_MAX_DISKS: t.Final = 64
_MAX_INTERFACES: t.Final = 64

#: The kernel module of a file system, where it is not called like the file system.
FILESYSTEM_MODULES: t.Final = {"ext2": "ext4", "ext3": "ext4", "nfs": "nfsv3", "nfs4": "nfsv4", "fuseblk": "fuse"}
#: Kinds of device mapper volumes by the start of their UUID, and the module beyond dm_mod that each needs.
MAPPINGS: t.Final = {"CRYPT-": "dm_crypt", "mpath-": "dm_multipath"}

_CONTROLLER = re.compile(r"nvme\d+")
#: Kinds of network interfaces that are no hardware, as the kernel calls them, and the module of each.
LAYERS: t.Final = {"bridge": "bridge", "bond": "bonding", "vlan": "8021q"}
_KIND = re.compile(r"^DEVTYPE=(\w+)$", re.MULTILINE)
_NO_ADDRESS: t.Final = frozenset({"", "00:00:00:00:00:00"})
_DEFAULT_ROUTE: t.Final = "00000000"


@dataclass(frozen=True)
class Step:
    """One driver on the way; ``module`` is null for a driver that is built in and does not say what it is part of."""

    device: str
    driver: str
    module: str | None


@dataclass(frozen=True)
class Interface:
    """A network interface that is hardware; ``default`` where the default route goes through it."""

    name: str
    mac: str
    default: bool
    path_modules: list[Step]


def target_steps(path: str, host: Host) -> list[Step]:
    """From the file system of a folder, which may not exist yet, up to the bus root; nearest first."""
    mount = _mount(path, host)
    if mount is None:
        return []
    steps = [_filesystem(mount, host)]
    seen: set[str] = set()
    disks = _devices(mount, host)
    host.omit("target.path_modules", len(disks) - _MAX_DISKS)
    for folder in disks[:_MAX_DISKS]:
        steps += _block(folder, host, seen)
    return list(dict.fromkeys(steps))


def block_devices(path: str, host: Host) -> list[str]:
    """The sysfs folders of every block device below the file system of a folder, from the uppermost down."""
    mount = _mount(path, host)
    waiting = _devices(mount, host) if mount else []
    found: list[str] = []
    while waiting and len(found) < _MAX_DISKS:
        folder = waiting.pop(0)
        if folder not in found:
            found.append(folder)
            slaves = os.path.join(folder, "slaves")
            waiting += [os.path.realpath(os.path.join(slaves, slave)) for slave in _entries(slaves)]
    return found


def interfaces(host: Host) -> list[Interface]:
    """Every network interface that is hardware, in the order of their names."""
    names = _entries(host.path("/sys/class/net"))
    through = _below_default_route(host)
    found = []
    for name in names:
        folder = os.path.realpath(host.path(f"/sys/class/net/{name}"))
        mac = (_line(folder, "address", host) or "").lower()
        if mac not in _NO_ADDRESS and os.path.islink(os.path.join(folder, "device")):
            found.append(Interface(name, mac, default=name in through, path_modules=list(_upwards(folder, host))))
    host.omit("interfaces", len(found) - _MAX_INTERFACES)
    return found[:_MAX_INTERFACES]


def layers(host: Host) -> list[Step]:
    """What the default route goes through above the hardware."""
    kinds = {
        name: _KIND.search(host.read(f"/sys/class/net/{name}/uevent") or "")
        for name in sorted(_below_default_route(host))
    }
    return [Step(name, kind[1], LAYERS[kind[1]]) for name, kind in kinds.items() if kind and kind[1] in LAYERS]


def interface_documents(host: Host) -> list[dict[str, t.Any]]:
    """The interfaces as they are in the evidence."""
    return [asdict(interface) for interface in interfaces(host)]


def _mount(path: str, host: Host) -> Mount | None:
    real = os.path.realpath(path) if host.root == "/" else os.path.normpath(path)
    return mount_of(real, parse_mounts(host.read("/proc/self/mountinfo", limit=_MAX_MOUNTINFO) or ""))


def _filesystem(mount: Mount, host: Host) -> Step:
    names = (mount.fstype, FILESYSTEM_MODULES.get(mount.fstype, mount.fstype))
    loaded = [name for name in names if host.exists(f"/sys/module/{name}")]
    return Step(mount.source, mount.fstype, loaded[0] if loaded else None)


def _devices(mount: Mount, host: Host) -> list[str]:
    """The sysfs folders of the block devices that a mount is on: several for btrfs, none for NFS."""
    links = [f"/sys/dev/block/{mount.device}"]
    if mount.source.startswith("/dev/"):
        # btrfs mounts have an anonymous device number, and /dev/mapper names are links to dm-N
        links.append(f"/sys/class/block/{os.path.basename(os.path.realpath(host.path(mount.source)))}")
    folders = [os.path.realpath(host.path(link)) for link in links if host.exists(link)][:1]
    return _btrfs_members(folders[0], host) or folders if folders else []


def _btrfs_members(folder: str, host: Host) -> list[str]:
    top = host.path("/sys/fs/btrfs")
    for name in _entries(top):
        devices = os.path.join(top, name, "devices")
        members = [os.path.realpath(os.path.join(devices, member)) for member in _entries(devices)]
        if folder in members:
            return members
    return []


def _block(folder: str, host: Host, seen: set[str]) -> Iterator[Step]:
    """The steps from one block device: through what it is made of, down to disks, and from these up the buses."""
    if os.path.exists(os.path.join(folder, "partition")):
        folder = os.path.dirname(folder)
    if folder in seen:
        return
    seen.add(folder)
    yield from _virtual(folder, host)
    slaves = _entries(os.path.join(folder, "slaves"))[:_MAX_DISKS]
    for slave in slaves:
        yield from _block(os.path.realpath(os.path.join(folder, "slaves", slave)), host, seen)
    if not slaves:
        yield from _upwards(folder, host)


def _virtual(folder: str, host: Host) -> Iterator[Step]:
    """What makes a device that is no hardware."""
    name = os.path.basename(folder)
    uuid, level = _line(folder, "dm/uuid", host), _line(folder, "md/level", host)
    if uuid is not None:
        yield Step(name, "device-mapper", "dm_mod")
        for start, module in MAPPINGS.items():
            if uuid.startswith(start):
                yield Step(name, module.replace("_", "-"), module)
    elif level is not None:
        yield Step(name, "md", "md_mod")
        yield Step(name, level, _raid_module(level))
    elif os.path.isdir(os.path.join(folder, "loop")):
        yield Step(name, "loop", "loop")


def _raid_module(level: str) -> str:
    """The module of an md level: levels 4, 5 and 6 share one."""
    return "raid456" if level in ("raid4", "raid5", "raid6") else level


def _upwards(folder: str, host: Host) -> Iterator[Step]:
    """The drivers of a device and of all that it hangs from."""
    top = os.path.realpath(host.path("/sys/devices"))
    while folder.startswith(top + os.sep):
        driver = os.path.join(folder, "driver")
        if os.path.islink(driver):
            yield Step(os.path.basename(folder), os.path.basename(os.readlink(driver)), _module(driver))
        yield from _controllers(folder, host)
        folder = os.path.dirname(folder)


def _module(driver: str) -> str | None:
    link = os.path.join(driver, "module")
    return os.path.basename(os.readlink(link)) if os.path.islink(link) else None


def _controllers(folder: str, host: Host) -> Iterator[Step]:
    """An NVMe disk with several ways to it hangs from its subsystem, which links to its controllers."""
    if os.path.basename(os.path.dirname(folder)) != "nvme-subsystem":
        return
    for name in _entries(folder):
        link = os.path.join(folder, name)
        if _CONTROLLER.fullmatch(name) and os.path.islink(link):
            yield from _upwards(os.path.realpath(link), host)


def _below_default_route(host: Host) -> set[str]:
    """The interfaces of the default route, and those that a bridge, bond or VLAN among them is made of."""
    lines = (line.split() for line in (host.read("/proc/net/route") or "").splitlines())
    open_names = [words[0] for words in lines if len(words) > 1 and words[1] == _DEFAULT_ROUTE]
    found: set[str] = set()
    while open_names:
        name = open_names.pop()
        if name not in found and "/" not in name:
            found.add(name)
            entries = _entries(host.path(f"/sys/class/net/{name}"))
            open_names += [entry[len("lower_") :] for entry in entries if entry.startswith("lower_")]
    return found


def _line(folder: str, name: str, host: Host) -> str | None:
    root = os.path.realpath(host.root)
    return host.line(os.path.relpath(os.path.join(folder, name), root))


def _entries(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
