# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence of hosts that are as they should be, and what is wrong with others."""

from __future__ import annotations

import copy
import typing as t
from datetime import datetime, timezone

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import HOST_SCHEMA, HostDocument
from ansible_collections.linux.kdump.plugins.module_utils.host import paths

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
STAMP = int(NOW.timestamp())
KERNEL, INITRAMFS = "a" * 64, "b" * 64
UUID = "0a3407de-014b-458b-b5c1-848e92a327a3"
RELEASE = "6.1.0-40-amd64"
LINE = f"console=ttyS0 nr_cpus=1 reset_devices panic=10 kdump.target=UUID={UUID} kdump.final=reboot"
GIB = 1 << 30
#: Stands for a key that is not there.
GONE: t.Final = object()

Document = dict[str, t.Any]


def armed(**changes: t.Any) -> Document:
    """A host that this collection serves, with nothing to complain about."""
    return changed(copy.deepcopy(_ARMED), changes)


def debian(**changes: t.Any) -> Document:
    """A host that kdump-tools serves."""
    return changed(changed(copy.deepcopy(_ARMED), copy.deepcopy(_DEBIAN)), changes)


def off(**changes: t.Any) -> Document:
    """A host without anything of kdump."""
    return changed(changed(copy.deepcopy(_ARMED), copy.deepcopy(_OFF)), changes)


def changed(document: Document, changes: t.Mapping[str, t.Any]) -> Document:
    """The document with these values; two underlines stand for the dot between keys, and ! for the one in a name."""
    for key, value in changes.items():
        *folders, name = (part.replace("!", ".") for part in key.split("__"))
        place = document
        for folder in folders:
            place = place.setdefault(folder, {})
        if value is GONE:
            place.pop(name, None)
        else:
            place[name] = value
    return document


def drill(**changes: t.Any) -> Document:
    """The proof of a drill of that host that went well."""
    return changed(copy.deepcopy(_DRILL), changes)


def document_of(name: str, evidence: Document | None, **changes: t.Any) -> HostDocument:
    """What a worker writes of a host."""
    document = {
        "schema": dict(HOST_SCHEMA), "run": "20260301T115900Z-00000000", "host": name, "groups": ["servers"],
        "state": "judged" if evidence is not None else "unreachable",
        "reason": None if evidence is not None else "No route to host", "collected_at": "2026-03-01T11:59:00Z",
        "evidence": evidence, **changes,
    }  # fmt: skip
    return t.cast(HostDocument, document)


_ARMED: Document = {
    "schema": {"name": "linux.kdump/evidence", "version": 1},
    "nodename": "db1",
    "release": RELEASE,
    "machine": "x86_64",
    "uptime": 86400.5,
    "memory_total_bytes": 4 * GIB,
    "command_line": "root=UUID=aa ro crashkernel=64M",
    "kernel_lacks": ["DEBUG_INFO"],
    "crash": {
        "loaded": True, "reserved_bytes": 64 << 20, "expected_bytes": 64 << 20, "load_disabled": False,
        "lockdown": "none",
    },
    "load": {
        "boot_id": "x", "kernel": {"path": paths.KERNEL, "sha256": KERNEL},
        "initramfs": {"path": paths.INITRAMFS, "sha256": INITRAMFS}, "command_line": LINE,
        "syscall": "kexec_file_load", "reserved_bytes": 64 << 20, "loaded_at": STAMP - 86000,
    },
    "load_current": True,
    "load_error": None,
    "service": {"enabled": True, "active": True},
    "distribution": [],
    "target": {
        "path": "/var/crash", "source": "/dev/vda1", "uuid": UUID, "fstype": "ext4", "fs_path": "/var/crash",
        "free_bytes": 20 * GIB, "total_bytes": 40 * GIB,
        "path_modules": [{"device": "/dev/vda1", "driver": "ext4", "module": "ext4"},
                         {"device": "virtio1", "driver": "virtio_blk", "module": "virtio_blk"}],
    },
    "dumps": [],
    "omitted": {},
    "unread": {},
    "tools": {"kexec": "2.0.25", "makedumpfile": "1.7.2"},
    "boot": {"bootloader": "grub", "problem": None, "entries": [
        {"title": "Debian", "id": "a", "kernel": f"/boot/vmlinuz-{RELEASE}", "path": "/boot/grub/grub.cfg",
         "managed": True, "crashkernel": "crashkernel=64M"},
        {"title": "memtest", "id": "b", "kernel": "/boot/memtest", "path": "/boot/grub/grub.cfg", "managed": False,
         "crashkernel": ""},
    ]},
    "sysctls": {
        "kernel.panic": 10, "kernel.panic_on_oops": 1, "kernel.softlockup_panic": 1, "kernel.hardlockup_panic": 1,
        "kernel.unknown_nmi_panic": 0, "kernel.panic_on_unrecovered_nmi": 0, "kernel.panic_on_io_nmi": 0,
        "kernel.watchdog": 1, "kernel.hung_task_panic": 0, "kernel.nmi_watchdog": 1, "kernel.kexec_load_disabled": 0,
    },
    "boot_sysctls": {
        f"kernel.{name}": {"value": "1", "path": "/etc/sysctl.d/zz-linux-kdump.conf"}
        for name in ("panic", "panic_on_oops", "softlockup_panic", "hardlockup_panic")
    },
    "kernel_config": {"path": "/boot/config", "symbols": {}},
    "system": {
        "time": STAMP, "distribution": "debian", "version": "12", "name": "Debian GNU/Linux 12 (bookworm)",
        "page_bytes": 4096, "memory_encryption": False, "mlx5": False, "smmu": False,
    },
    "engine": None,
    "masked": [],
    "folder": {
        "exists": True, "mode": "0700", "uid": 0, "read_only": False, "inodes_free": 100000, "encrypted": False,
        "unlock_bytes": 0, "open": [],
    },
    "hotplug": {
        "cpus_possible": 2, "cpus_present": 2, "memory_devices": 0, "kernel_updates_cpus": None,
        "kernel_updates_memory": None, "rules": [],
    },
    "watchdogs": [{"name": "watchdog0", "identity": "iTCO_wdt", "state": "inactive", "timeout": 30}],
    "files": {
        path: {"bytes": 100, "modified": STAMP - 100000} for path in (paths.KERNEL, paths.INITRAMFS, paths.LOADER)
    },
    "kdumpctl_test": None,
    "privileged": True,
}  # fmt: skip

_INITRD = f"/var/lib/kdump/initrd.img-{RELEASE}"
_DEBIAN: Document = {
    "load": None,
    "load_current": False,
    "service": {"enabled": False, "active": False},
    "distribution": [{"engine": "kdump-tools", "unit": "kdump-tools.service", "enabled": True, "active": True}],
    "engine": {
        "name": "kdump-tools", "unit": "kdump-tools.service", "settings": {"USE_KDUMP": "1"}, "problems": [],
        "kernels": [{"release": RELEASE, "initramfs": _INITRD}],
    },
    "command_line": "root=UUID=aa ro crashkernel=384M-:128M",
    "crash__reserved_bytes": 128 << 20,
    "crash__expected_bytes": 128 << 20,
    "files": {
        _INITRD: {"bytes": 100, "modified": STAMP - 100000},
        "/etc/fstab": {"bytes": 10, "modified": STAMP - 200000},
        "/etc/default/kdump-tools": {"bytes": 10, "modified": STAMP - 200000},
    },
}  # fmt: skip

_OFF: Document = {
    "load": None, "load_current": False, "service": {"enabled": False, "active": False}, "files": {},
    "command_line": "root=UUID=aa ro", "crash__loaded": False, "crash__reserved_bytes": 0, "crash__expected_bytes": 0,
    "boot__entries": [{"title": "Debian", "id": "a", "kernel": "/boot/vmlinuz", "path": "/x", "managed": True,
                       "crashkernel": ""}],
}  # fmt: skip

_DRILL: Document = {
    "schema": {"name": "linux.kdump/proof", "version": 1},
    "ok": True,
    "headline": "The crash was captured.",
    "outcome": "captured",
    "host": {"name": "db1", "machine": "x86_64"},
    "when": {"started": "2026-02-20T10:00:00Z", "ended": "2026-02-20T10:01:00Z"},
    "kernels": {"crashed": RELEASE, "capture": "6.1-kdump"},
    "digests": {"kernel": KERNEL, "initramfs": INITRAMFS, "command_line": LINE},
    "memory": {"reserved_bytes": 64 << 20, "usable_bytes": 50 << 20, "peak_bytes": 15 << 20},
    "timeline": {"panic_to_saved": 5.5, "panic_to_back": 41.0},
    "dump": {"collector": "makedumpfile -l -d 31", "files": [{"name": "vmcore"}, {"name": "dmesg.txt"}]},
    "verdict": {"verdict": "ok", "release": RELEASE},
    "panic": {"reason": "sysrq triggered crash"},
    "nonce": {"found": True},
    "tools": {"makedumpfile": "1.7.2"},
}
