# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the collection keeps things on a managed host, in one place: loader, evidence and role meet here."""

from __future__ import annotations

import re
import typing as t

#: Capture kernel, initramfs and loader. Outside /boot, so that no boot-menu generator lists the capture kernel.
LIBRARY: t.Final = "/usr/local/lib/linux-kdump"
KERNEL: t.Final = f"{LIBRARY}/vmlinuz"
INITRAMFS: t.Final = f"{LIBRARY}/initramfs.img"
LOADER: t.Final = f"{LIBRARY}/load"
#: Turns dumps on raw partitions into folders, at every boot of a host that has such targets.
RECOVERY: t.Final = f"{LIBRARY}/recover"

#: Where kexec-tools that were built for this collection are, unless another prefix is chosen, and the program itself.
KEXEC_PREFIX: t.Final = "/opt/linux-kdump/kexec-tools"
KEXEC_PROGRAM: t.Final = "sbin/kexec"

#: What the loader remembers.
STATE: t.Final = "/var/lib/linux-kdump"
LOAD_RECORD: t.Final = f"{STATE}/load.json"

#: Where this collection put a kexec of its own, and which folders it made for it.
KEXEC_NOTE: t.Final = f"{STATE}/kexec.json"

#: What files of the distribution's kdump were before this collection set it up, and what it wrote into them.
SERVICE_NOTE: t.Final = f"{STATE}/service.json"

#: Why the loader could not load, in this boot; absent when it could.
LOAD_ERROR: t.Final = "/run/linux-kdump.error"

#: Which reservation, and which kernel, the host was last rebooted for, from that reboot until it is seen to have come
#: into force. Outside `STATE`, since taking everything away may need a reboot as well.
REBOOT_NOTE: t.Final = "/var/lib/linux-kdump.rebooted-for"
KERNEL_REBOOT_NOTE: t.Final = f"{REBOOT_NOTE}-kernel"

#: What boot loaders' files of others were before the last change of them, and a generated menu before the first one,
#: each under its own path.
BOOT_BACKUP: t.Final = "/var/lib/linux-kdump.boot"

UNIT_NAME: t.Final = "linux-kdump.service"
UNIT: t.Final = f"/etc/systemd/system/{UNIT_NAME}"
RECOVERY_UNIT_NAME: t.Final = "linux-kdump-recover.service"
RECOVERY_UNIT: t.Final = f"/etc/systemd/system/{RECOVERY_UNIT_NAME}"

#: Looks at each kernel that is installed, and what it found at the last one. Called by Debian's kernel packages, after
#: all that make boot entries, and by kernel-install.
KERNEL_HOOK: t.Final = f"{LIBRARY}/after-kernel"
KERNEL_HOOK_DEBIAN: t.Final = "/etc/kernel/postinst.d/zzz-linux-kdump"
KERNEL_HOOK_SYSTEMD: t.Final = "/etc/kernel/install.d/99-linux-kdump.install"
KERNEL_CHECK: t.Final = f"{STATE}/kernel.json"

#: Load anew when CPUs or memory have come or gone: the rule leaves a mark, the path unit sees it, its service loads.
HOTPLUG_RULE: t.Final = "/etc/udev/rules.d/98-linux-kdump.rules"
HOTPLUG_MARK: t.Final = "/run/linux-kdump.hotplug"
HOTPLUG_PATH_NAME: t.Final = "linux-kdump-hotplug.path"
HOTPLUG_PATH: t.Final = f"/etc/systemd/system/{HOTPLUG_PATH_NAME}"
HOTPLUG_SERVICE: t.Final = "/etc/systemd/system/linux-kdump-hotplug.service"

#: Debian's kexec-tools sources every file in this folder, when a system that is going down has to choose how.
REBOOT_POLICY_FOLDER: t.Final = "/etc/default/kexec.d"
REBOOT_POLICY: t.Final = f"{REBOOT_POLICY_FOLDER}/linux-kdump"

#: The usual place of dumps, and the three files in each dump's own folder.
DUMPS: t.Final = "/var/crash"
VMCORE_FILE: t.Final = "vmcore"
INCOMPLETE_FILE: t.Final = "vmcore.incomplete"
LOG_FILE: t.Final = "dmesg.txt"
RECORD_FILE: t.Final = "kdump.json"

#: What a save environment adds to the names of files that it encrypted or compressed as a whole.
ENCRYPTED_SUFFIX: t.Final = ".age"
VMCORE_NAME: t.Final = re.compile(r"vmcore(\.(gz|lz4|zst))?(\.age)?")
INCOMPLETE_NAME: t.Final = re.compile(VMCORE_NAME.pattern + r"\.incomplete")
LOG_FILES: t.Final = (LOG_FILE, LOG_FILE + ENCRYPTED_SUFFIX)
