# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that stands in for a host."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.files import sha256_file
from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.kexec.state import LOAD_SCHEMA

BOOT_ID = "5a3f3b0e-7d3c-4c4e-9b0f-3f7c5b8f4c11"

#: A guest of Debian 12, its kernel reserved 64 MiB, nothing loaded.
FILES = {
    "/proc/cmdline": "BOOT_IMAGE=/boot/vmlinuz root=UUID=aa ro console=ttyS0 crashkernel=64M\n",
    "/proc/self/mountinfo": "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n",
    "/proc/sys/kernel/kexec_load_disabled": "0\n",
    "/proc/sys/kernel/random/boot_id": f"{BOOT_ID}\n",
    "/sys/kernel/kexec_crash_loaded": "0\n",
    "/sys/kernel/kexec_crash_size": "67108864\n",
    "/sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
    paths.KERNEL: "kernel",
    paths.INITRAMFS: "initramfs",
}


def build(root: Path, changes: t.Mapping[str, str | None] | None = None) -> Host:
    """Write the files of a host below ``root``; a None leaves that file out."""
    for path, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            write(root, path, text)
    write(root, "/usr/sbin/kexec", "", mode=0o755)
    links = root / "dev/disk/by-uuid"
    links.mkdir(parents=True)
    (links / "0a3407de-014b-458b-b5c1-848e92a327a3").symlink_to("../../vda1")
    return Host(str(root), pause=lambda seconds: None)


def write(root: Path, path: str, text: str, *, mode: int = 0o644) -> None:
    """Write one file of a host."""
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def loaded(host: Host, **changes: t.Any) -> dict[str, t.Any]:
    """Make the host look as if the loader had run; returns the record."""
    root = Path(host.root)
    record = {
        "schema": LOAD_SCHEMA,
        "boot_id": BOOT_ID,
        "kernel": {"path": paths.KERNEL, "sha256": sha256_file(host.path(paths.KERNEL))},
        "initramfs": {"path": paths.INITRAMFS, "sha256": sha256_file(host.path(paths.INITRAMFS))},
        "command_line": "console=ttyS0",
        "syscall": "kexec_file_load",
        "reserved_bytes": 67108864,
        "loaded_at": 1792684800,
        **changes,
    }
    write(root, paths.LOAD_RECORD, json.dumps(record))
    write(root, "/sys/kernel/kexec_crash_loaded", "1\n")
    return record
