# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else decides whether a crash is saved: the system, what the next boot sets, the folder, hotplug, watchdogs."""

from __future__ import annotations

import glob
import os
import re
import stat
import time
import typing as t

from ..crashkernel.machine import OS_RELEASE, read_distribution, read_hardware
from ..engine.catalogue import ENGINES
from . import paths
from .devices import block_devices
from .luks import key_memory
from .settings import SYSCTLS
from .sysctls import boot_settings, boot_value
from .tree import Host

_MAX_WATCHDOGS: t.Final = 8
_MAX_RULES: t.Final = 16
_MAX_OPEN: t.Final = 16
_MAX_DUMP_FILES: t.Final = 4096
_NAME: t.Final = re.compile(r"^PRETTY_NAME=[\"']?(.*?)[\"']?\s*$", re.MULTILINE)
_RULES: t.Final = ("/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d")
#: A slot for memory that ACPI announces, and a virtio device that plugs memory.
_MEMORY_DEVICES: t.Final = ("/sys/bus/acpi/devices/PNP0C80:*", "/sys/bus/virtio/drivers/virtio_mem/virtio*")


def read_system(host: Host) -> dict[str, t.Any]:
    """The clock, the distribution, the size of a page, and hardware that takes more memory."""
    distribution, hardware = read_distribution(host), read_hardware(host)
    texts = (host.read(path) for path in OS_RELEASE)
    name = _NAME.search(next((text for text in texts if text), ""))
    return {
        "time": int(time.time()),
        "distribution": distribution.id or None,
        "version": distribution.version or None,
        "name": name[1][:100] if name else None,
        "page_bytes": os.sysconf("SC_PAGE_SIZE"),
        "memory_encryption": hardware.memory_encryption,
        "mlx5": hardware.mlx5,
        "smmu": hardware.smmu,
    }


def read_boot_sysctls(host: Host) -> dict[str, dict[str, str]]:
    """What the next boot sets of the settings that matter, and which file says so."""
    lines = boot_settings(host)
    found = {name: boot_value(lines, name) for name in SYSCTLS}
    return {name: {"value": line.value[:100], "path": line.path} for name, line in found.items() if line}


def read_folder(path: str, host: Host) -> dict[str, t.Any]:
    """Who may look into the folder for dumps, and whether it can be written to and opened after a crash."""
    place = host.path(path)
    try:
        status = os.stat(place)
    except OSError as error:
        host.missed(path, error)
        status = None
    read_only, inodes = _file_system(place)
    encrypted = _encrypted(path, host)
    return {
        "exists": status is not None,
        "mode": None if status is None else f"{stat.S_IMODE(status.st_mode):04o}",
        "uid": None if status is None else status.st_uid,
        "read_only": read_only,
        "inodes_free": inodes,
        "encrypted": encrypted,
        "unlock_bytes": key_memory(path, host) if encrypted else 0,
        "open": _open_dumps(place, host),
    }


def read_hotplug(host: Host) -> dict[str, t.Any]:
    """Whether memory and CPUs can come and go, and who brings the crash image up to date then."""
    found = [path for folder in _RULES for path in sorted(glob.glob(f"{glob.escape(host.path(folder))}/*.rules"))]
    names = [os.path.basename(path) for path in found]
    rules = [name for name in dict.fromkeys(names) if "kdump" in name or "kexec" in name]
    host.omit("hotplug.rules", len(rules) - _MAX_RULES)
    return {
        "cpus_possible": _cpu_count(host.line("/sys/devices/system/cpu/possible")),
        "cpus_present": _cpu_count(host.line("/sys/devices/system/cpu/present")),
        "memory_devices": sum(len(glob.glob(glob.escape(host.root) + pattern)) for pattern in _MEMORY_DEVICES),
        "kernel_updates_cpus": host.number("/sys/devices/system/cpu/crash_hotplug"),
        "kernel_updates_memory": host.number("/sys/devices/system/memory/crash_hotplug"),
        "rules": rules[:_MAX_RULES],
    }


def read_watchdogs(host: Host) -> list[dict[str, t.Any]]:
    """Watchdogs of the hardware: one that runs on resets the host in the middle of a dump."""
    folders = sorted(glob.glob(glob.escape(host.root) + "/sys/class/watchdog/watchdog*"))
    host.omit("watchdogs", len(folders) - _MAX_WATCHDOGS)
    return [
        {
            "name": os.path.basename(folder),
            "identity": (host.line(f"/sys/class/watchdog/{os.path.basename(folder)}/identity") or "")[:100] or None,
            "state": (host.line(f"/sys/class/watchdog/{os.path.basename(folder)}/state") or "")[:40] or None,
            "timeout": host.number(f"/sys/class/watchdog/{os.path.basename(folder)}/timeout"),
        }
        for folder in folders[:_MAX_WATCHDOGS]
    ]


def read_files(host: Host, *, release: str, engine: t.Mapping[str, t.Any] | None) -> dict[str, dict[str, int]]:
    """Size and time of change of what a crash image is made of and configured by."""
    names = [
        paths.KERNEL, paths.INITRAMFS, paths.LOADER, f"/boot/vmlinuz-{release}", f"/lib/modules/{release}/modules.dep",
        "/etc/fstab", "/etc/crypttab",
    ]  # fmt: skip
    if engine:
        names += [file.path for file in ENGINES[engine["name"]].files]
        names += [kernel["initramfs"] for kernel in engine["kernels"] if kernel["initramfs"]]
    found = {name: _size_and_time(host.path(name)) for name in dict.fromkeys(names)}
    return {name: facts for name, facts in found.items() if facts}


def _size_and_time(path: str) -> dict[str, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return {"bytes": status.st_size, "modified": int(status.st_mtime)}


def _file_system(place: str) -> tuple[bool | None, int | None]:
    """Whether the file system is mounted read-only, and its free inodes; None where it does not count them."""
    while not os.path.isdir(place) and place != os.path.dirname(place):
        place = os.path.dirname(place)
    try:
        found = os.statvfs(place)
    except OSError:
        return None, None
    return bool(found.f_flag & os.ST_RDONLY), found.f_favail if found.f_files else None


def _open_dumps(place: str, host: Host) -> list[str]:
    """Files of dumps, by their names in the folder, that others than their owner may read; the first few."""
    pattern = os.path.join(glob.escape(place), "*", "*")
    found = []
    every = sorted(glob.glob(pattern))
    for path in every[:_MAX_DUMP_FILES]:
        try:
            status = os.lstat(path)
        except OSError:  # removed meanwhile
            continue
        if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
            found.append(os.path.relpath(path, place).encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    host.omit("folder.open", max(len(every) - _MAX_DUMP_FILES, 0) + max(len(found) - _MAX_OPEN, 0))
    return found[:_MAX_OPEN]


def _encrypted(path: str, host: Host) -> bool | None:
    """Whether dm-crypt is below the folder; None where it is on no block device that is known."""
    devices = block_devices(path, host)
    root = os.path.realpath(host.root)
    uuids = (host.line(os.path.relpath(os.path.join(folder, "dm/uuid"), root)) or "" for folder in devices)
    return any(uuid.startswith("CRYPT-") for uuid in uuids) if devices else None


def _cpu_count(text: str | None) -> int | None:
    """How many CPUs a list such as 0-3,8 names."""
    parts = [part.partition("-") for part in (text or "").split(",")]
    if not all(start.isdigit() and (end.isdigit() or not dash) for start, dash, end in parts):
        return None
    return sum(int(end or start) - int(start) + 1 for start, _dash, end in parts)
