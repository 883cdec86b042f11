# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a guest: one initramfs for both its kernels, the one that dies and the one that saves."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs.closure import closure
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs.modules import in_order, read_tree
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs.newc import (
    Member,
    archive,
    character,
    directory,
    regular,
)
from ansible_collections.linux.kdump.plugins.module_utils.drill import NONCE_PREFIX
from ansible_collections.linux.kdump.tests.vmcores.guests import DUMPS, Guest

#: Printed when the capture kernel has saved everything.
DONE: t.Final = "GUEST-DONE"
_PROGRAMS: t.Final = ("sbin/kexec", "sbin/vmcore-dmesg", "usr/bin/makedumpfile")
_INIT: t.Final = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /mnt
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/sbin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in {modules}; do insmod /modules/$module.ko; done
until [ -b /dev/vda ]; do sleep 0.1; done
mount -t ext4 /dev/vda /mnt || poweroff -f
if [ -e /proc/vmcore ]; then
{save}
    umount /mnt && echo {done}
    reboot -f
fi
hostname {name}
echo 0 > /proc/sys/kernel/kptr_restrict
echo 1 > /proc/sys/kernel/sysrq
for number in $(seq {chatter}); do
    echo "chatter $number of {chatter}: a line that takes its place in the ring, and in time another's" > /dev/kmsg
done
# What a reader may stumble over: levels and facilities, several lines in one record, bytes that are no text.
echo '<11>guest: a line of user space, as an error' > /dev/kmsg
printf 'guest: first line\\nsecond line\\n\\nfourth line' > /dev/kmsg
printf 'guest: \\033[31mred\\033[0m \\t tab \\377 no UTF-8 \\303\\251 UTF-8 \\\\ backslash' > /dev/kmsg
if [ -n "{reservation}" ]; then
    capture="console={console} {append} {capture_append} panic=1"
    kexec -p {kexec} /mnt/kernel --initrd=/mnt/initramfs --append="$capture" || poweroff -f
fi
echo "{nonce_prefix}$(cat /mnt/nonce)" > /dev/kmsg
mkdir /mnt/live
for file in kallsyms modules cmdline iomem cpuinfo meminfo uptime; do cat /proc/$file > /mnt/live/$file; done
uname -r > /mnt/live/release
nproc > /mnt/live/cpus
date +%s > /mnt/live/seconds
dmesg > /mnt/live/dmesg
timeout 1 cat /dev/kmsg > /mnt/live/kmsg
umount /mnt
echo c > /proc/sysrq-trigger
"""


def build(guest: Guest, root: pathlib.Path) -> bytes:
    """The initramfs of a guest whose packages are unpacked in ``root``."""
    members = [
        regular("init", script(guest, root).encode(), permissions=0o755),
        regular("bin/busybox", (root / "bin/busybox").read_bytes(), permissions=0o755),
        # Before /dev is mounted, the kernel opens this one for init's output.
        character("dev/console", (5, 1)),
        directory("usr/bin"),
    ]
    return archive([*members, *_programs(root), *_modules(guest, root)])


def script(guest: Guest, root: pathlib.Path) -> str:
    """The guest's init."""
    commands = {name: DUMPS[name] for name in guest.dumps if name in DUMPS} | guest.readings
    save = "\n".join(f"    {command.format(file=f'/mnt/{name}')}" for name, command in commands.items())
    modules = " ".join(module.name for module in in_order(_tree(root), guest.modules))
    return _INIT.format(save=save, done=DONE, modules=modules, nonce_prefix=NONCE_PREFIX, **vars(guest))


def _tree(root: pathlib.Path) -> t.Any:
    (path,) = (root / "lib/modules").iterdir()
    return read_tree(str(path))


def _modules(guest: Guest, root: pathlib.Path) -> t.Iterator[Member]:
    for module in in_order(_tree(root), guest.modules):
        yield regular(f"modules/{module.name}.ko", pathlib.Path(module.path).read_bytes())


def _programs(root: pathlib.Path) -> t.Iterator[Member]:
    """Programs with all that they need, each where its run-time linker looks."""
    files: dict[str, pathlib.Path] = {}
    for name in _PROGRAMS:
        needs = closure(str(root / name), root=str(root))
        files[f"bin/{pathlib.Path(name).name}"] = root / name
        files.update(
            (str(pathlib.Path(found.path).relative_to(root)), pathlib.Path(found.path)) for found in needs.libraries
        )
        if needs.interpreter:
            files[needs.interpreter.lstrip("/")] = root / needs.interpreter.lstrip("/")
    for path, source in files.items():
        yield regular(path, source.read_bytes(), permissions=0o755)
