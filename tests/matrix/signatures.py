# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that tries to load images and says how each went, with or without lockdown or Secure Boot.

Its firmware for Secure Boot is the one that Debian ships for tests, with a key whose private half everybody has.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import typing as t
from dataclasses import dataclass

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import closure, newc
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import modules as kernel_modules
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.build import default_cache
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.host.trust import SECURE_BOOT
from ansible_collections.linux.kdump.plugins.module_utils.lab.packages import Store, Wanted
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner

RUNNER: t.Final = LocalRunner()
FIRMWARE: t.Final = pathlib.Path("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd")
VARIABLES: t.Final = pathlib.Path("/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd")
#: The key that those variables trust, and its password.
SNAKEOIL: t.Final = pathlib.Path("/usr/share/ovmf/PkKek-1-snakeoil.key")
SNAKEOIL_CERTIFICATE: t.Final = SNAKEOIL.with_suffix(".pem")
_PASSWORD: t.Final = "pass:snakeoil"
_LIMIT: t.Final = 600
_RESERVED: t.Final = "192M"

#: Files that the guest tells line by line, as a host's evidence reads them.
_TOLD: t.Final = ("/proc/keys", "/sys/kernel/security/lockdown")
_LINE = re.compile(r"trial: (?P<kind>file|image|variable) (?P<name>\S+) ?(?P<text>.*)")

_INIT: t.Final = f"""#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
export PATH=/bin LD_LIBRARY_PATH=/lib
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t securityfs securityfs /sys/kernel/security
for module in /modules/*.ko; do insmod "$module"; done
mount -t efivarfs efivarfs /sys/firmware/efi/efivars 2>/dev/null
for file in {" ".join(_TOLD)}; do
    while read -r line; do echo "trial: file $file $line"; done <"$file"
done
[ ! -e {SECURE_BOOT} ] || echo "trial: variable {SECURE_BOOT} $(hexdump -v -e '1/1 "%02x"' {SECURE_BOOT})"
for image in /images/*; do
    kexec -s -p --command-line=x "$image" >/tmp/out 2>&1
    echo "trial: image ${{image##*/}} $? $(tail -n 1 /tmp/out)"
    kexec -s -p -u >/dev/null 2>&1
done
echo "trial: file /done yes"
poweroff -f
"""


@dataclass(frozen=True)
class Tree:
    """A distribution's kernel and tools, unpacked."""

    root: pathlib.Path
    kernel: pathlib.Path
    release: str


@dataclass(frozen=True)
class Trial:
    """What the machine said."""

    #: The evidence, below a folder of its own.
    host: Host
    #: The status of kexec for each image, and what it said last.
    answers: dict[str, tuple[int, str]]


def have_tree() -> Tree:
    """Debian's kernel, kexec and busybox."""
    wanted = Wanted("amd64", ("busybox-static", "kexec-tools"), "linux-image-cloud-amd64")
    found = Store(default_cache(os.environ), RUNNER).ensure(wanted, force=False, check=False)
    return Tree(pathlib.Path(found["path"]), pathlib.Path(found["kernel"]), found["release"])


def make_key(folder: pathlib.Path, name: str) -> tuple[str, str]:
    """A key that nobody knows, and its certificate."""
    key, certificate = str(folder / f"{name}.key"), str(folder / f"{name}.pem")
    argv = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", f"/CN={name}",
        "-keyout", key, "-out", certificate,
    ]  # fmt: skip
    RUNNER.run(argv, what="make a key", timeout=60)
    return key, certificate


def snakeoil(folder: pathlib.Path) -> tuple[str, str]:
    """The key that the firmware's variables trust, without its password."""
    key = str(folder / "snakeoil.key")
    argv = ["openssl", "pkey", "-in", str(SNAKEOIL), "-passin", _PASSWORD, "-out", key]
    RUNNER.run(argv, what="take the password from a key", timeout=60)
    return key, str(SNAKEOIL_CERTIFICATE)


def try_images(
    folder: pathlib.Path, tree: Tree, images: dict[str, pathlib.Path], *, append: str = "",
    signed_kernel: pathlib.Path | None = None,
) -> Trial:  # fmt: skip
    """Boot, by firmware with Secure Boot where a kernel is given that it trusts, and try every image."""
    folder.mkdir()
    (folder / "initramfs").write_bytes(_initramfs(tree, images))
    argv = [
        "timeout", str(_LIMIT), "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
        "-no-reboot", "-accel", "tcg,thread=multi", "-cpu", "qemu64,-svm", "-m", "768M", "-smp", "1",
        "-serial", f"file:{folder}/console", *_machine(folder, secure=signed_kernel is not None),
        "-kernel", str(signed_kernel or tree.kernel), "-initrd", f"{folder}/initramfs",
        "-append", f"console=ttyS0 quiet panic=1 no_timer_check crashkernel={_RESERVED} {append}",
    ]  # fmt: skip
    RUNNER.run(argv, what="boot a machine", timeout=_LIMIT + 30)
    return _read(folder, tree)


def _machine(folder: pathlib.Path, *, secure: bool) -> list[str]:
    if not secure:
        return ["-machine", "q35,smm=off"]
    shutil.copyfile(VARIABLES, folder / "variables")
    return [
        "-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on",
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}",
        "-drive", f"if=pflash,format=raw,unit=1,file={folder}/variables",
    ]  # fmt: skip


def _initramfs(tree: Tree, images: dict[str, pathlib.Path]) -> bytes:
    kexec = tree.root / "sbin/kexec"
    found = closure.closure(str(kexec), root=str(tree.root))
    linker = found.interpreter or ""
    modules = kernel_modules.read_tree(str(tree.root / "lib/modules" / tree.release))
    loaded = kernel_modules.in_order(modules, ("efivarfs",))
    return newc.archive([
        newc.regular("init", _INIT.encode(), permissions=0o755),
        newc.character("dev/console", (5, 1)),
        newc.regular("bin/busybox", (tree.root / "bin/busybox").read_bytes(), permissions=0o755),
        newc.regular("bin/kexec", kexec.read_bytes(), permissions=0o755),
        newc.regular(linker.lstrip("/"), (tree.root / linker.lstrip("/")).read_bytes(), permissions=0o755),
        *(newc.regular(f"lib/{library.name}", pathlib.Path(library.path).read_bytes()) for library in found.libraries),
        *(newc.regular(f"modules/{number}.ko", pathlib.Path(module.path).read_bytes())
          for number, module in enumerate(loaded)),
        *(newc.regular(f"images/{name}", path.read_bytes()) for name, path in images.items()),
    ])  # fmt: skip


def _read(folder: pathlib.Path, tree: Tree) -> Trial:
    """The evidence as files of a host, and the answers."""
    root = folder / "host"
    texts: dict[str, str] = {}
    answers: dict[str, tuple[int, str]] = {}
    for match in _LINE.finditer((folder / "console").read_text(errors="replace").replace("\r", "")):
        if match["kind"] == "image":
            status, _blank, words = match["text"].partition(" ")
            answers[match["name"]] = (int(status), words)
        elif match["kind"] == "file":
            texts[match["name"]] = f"{texts.get(match['name'], '')}{match['text']}\n"
        else:
            texts[match["name"]] = bytes.fromhex(match["text"]).decode("latin-1")
    texts[f"/boot/config-{tree.release}"] = (tree.root / f"boot/config-{tree.release}").read_text()
    for name, text in texts.items():
        file = root / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert "/done" in texts, (folder / "console").read_text(errors="replace")[-2000:]
    return Trial(Host(str(root)), answers)
