# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated s390x machine that boots from its disk through zipl, and changes its own boot configuration.

Its disk holds Debian's unpacked packages, Debian's kernel, Debian's zipl, and this collection. Only the first boot, in
which zipl writes the boot record for the first time, gets its kernel from QEMU.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import modules as kernel_modules
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import newc
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.build import default_cache
from ansible_collections.linux.kdump.plugins.module_utils.lab import bootdisk
from ansible_collections.linux.kdump.plugins.module_utils.lab.packages import Store, Wanted
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner

RUNNER: t.Final = LocalRunner()
_PACKAGES: t.Final = (
    "busybox-static", "s390-tools", "libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-minimal",
)  # fmt: skip
_COLLECTION: t.Final = "ansible_collections/linux/kdump/plugins"
_DISK: t.Final = 640 << 20
#: Seconds for one boot, many times what it takes on an idle machine.
_LIMIT: t.Final = 900
_TOLD: t.Final = "told: "

#: Asks and changes the boot loader as the module `crashkernel` does, and tells what it found, on one line.
_ACT: t.Final = f"""\
import json, pathlib, sys
sys.path.insert(0, "/root")
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.detect import find_bootloader
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner
steps = json.loads(pathlib.Path("/root/steps").read_text())
loader = find_bootloader("auto", LocalRunner())
told = {{"loader": loader.name, "line": pathlib.Path("/proc/cmdline").read_text().split(), "error": None}}
try:
    if steps and steps[0] is not None:
        loader.apply(steps[0], timeout=300)
except Exception as error:
    told["error"] = str(error)
pathlib.Path("/root/steps").write_text(json.dumps(steps[1:]))
told["entries"] = [[entry.title, list(entry.arguments)] for entry in loader.entries()]
told["files"] = {{
    str(path): path.read_text()
    for pattern in ("etc/zipl.conf", "boot/loader/entries/*", "boot/*.parm", "etc/kernel/cmdline")
    for path in sorted(pathlib.Path("/").glob(pattern))
}}
print("{_TOLD}" + json.dumps(told), flush=True)
"""

_INIT: t.Final = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /mnt
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod "$module"; done
until [ -b /dev/vda1 ]; do sleep 0.1; done
mount -t ext4 /dev/vda1 /mnt || poweroff -f
for system in proc:proc sys:sysfs dev:devtmpfs tmp:tmpfs; do
    mkdir -p "/mnt/${system%:*}" && mount -t "${system#*:}" none "/mnt/${system%:*}"
done
PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot /mnt /usr/bin/python3.11 /root/act.py
chroot /mnt /bin/busybox sync
umount /mnt/tmp /mnt/dev /mnt/sys /mnt/proc /mnt
poweroff -f
"""


class Machine:
    """One machine with its disk; ``files`` is its boot configuration, and every boot takes one step."""

    def __init__(
        self, folder: pathlib.Path, files: t.Mapping[str, str], steps: t.Sequence[t.Sequence[str] | None]
    ) -> None:
        self._folder = folder
        self._tree = _tree()
        self._initramfs = folder / "initramfs"
        self._initramfs.write_bytes(_initramfs(self._tree))
        self._boots = 0
        self._fill(files, steps)

    def boot(self, *, by_qemu: bool = False) -> dict[str, t.Any]:
        """What it told in one boot."""
        self._boots += 1
        console = self._folder / f"console-{self._boots}"
        kernel = ["-kernel", str(self._tree["kernel"]), "-initrd", str(self._initramfs), "-append", "console=ttysclp0"]
        argv = [
            "timeout", str(_LIMIT), "qemu-system-s390x", "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-machine", "s390-ccw-virtio", "-cpu", "max", "-accel", "tcg,thread=multi", "-m", "1G",
            "-chardev", f"file,id=console,path={console}", "-device", "sclpconsole,chardev=console",
            "-drive", f"file={self._folder}/disk,format=raw,if=none,id=disk,cache=unsafe",
            "-device", "virtio-blk-ccw,drive=disk,bootindex=1", *(kernel if by_qemu else []),
        ]  # fmt: skip
        RUNNER.run(argv, what="boot a machine", timeout=_LIMIT + 30)
        text = console.read_text(errors="replace").replace("\r", "")
        assert _TOLD in text, text[-3000:]
        return t.cast("dict[str, t.Any]", json.loads(text.rpartition(_TOLD)[2].partition("\n")[0]))

    def _fill(self, files: t.Mapping[str, str], steps: t.Sequence[t.Sequence[str] | None]) -> None:
        root = self._folder / "root"
        source = pathlib.Path(self._tree["path"])
        shutil.copytree(source, root, symlinks=True, ignore=shutil.ignore_patterns("modules", "boot", "doc", "locale"))
        plugins = pathlib.Path(bootdisk.__file__).parents[2]
        for part in ("module_utils", "plugin_utils"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(plugins / part, root / "root" / _COLLECTION / part, ignore=ignored)
        (root / "boot").mkdir()
        shutil.copyfile(self._tree["kernel"], root / "boot/vmlinuz")
        shutil.copyfile(self._initramfs, root / "boot/initrd.img")
        given = {"root/act.py": _ACT, "root/steps": json.dumps(steps), **files}
        for name, text in given.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        self._make_disk(root)

    def _make_disk(self, root: pathlib.Path) -> None:
        table = bytes(bootdisk.BOOT_CODE) + bootdisk.partition_table(_DISK // bootdisk.SECTOR, signature=1)
        disk = self._folder / "disk"
        disk.write_bytes(table)
        os.truncate(disk, _DISK)
        blocks = (_DISK - bootdisk.PARTITION_OFFSET) // 4096
        argv = [
            "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-O", "^orphan_file,^metadata_csum_seed",
            "-E", f"root_owner=0:0,offset={bootdisk.PARTITION_OFFSET}", "-d", str(root), str(disk), str(blocks),
        ]  # fmt: skip
        RUNNER.run(argv, what="make a disk", timeout=300)
        shutil.rmtree(root)


def _tree() -> dict[str, t.Any]:
    return Store(default_cache(os.environ), RUNNER).ensure(
        Wanted("s390x", _PACKAGES, "linux-image-s390x"), force=False, check=False
    )


def _initramfs(tree: t.Mapping[str, t.Any]) -> bytes:
    busybox = pathlib.Path(tree["path"], "bin/busybox").read_bytes()
    loaded = kernel_modules.in_order(kernel_modules.read_tree(tree["modules"]), ("virtio_blk", "ext4"))
    return newc.archive([
        newc.regular("init", _INIT.encode(), permissions=0o755),
        newc.character("dev/console", (5, 1)),
        newc.regular("bin/busybox", busybox, permissions=0o755),
        *(newc.regular(f"modules/{number:02}.ko", pathlib.Path(module.path).read_bytes())
          for number, module in enumerate(loaded)),
    ])  # fmt: skip
