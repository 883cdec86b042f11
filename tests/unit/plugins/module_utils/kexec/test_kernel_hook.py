# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that looks at kernels which are installed later, run for real."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.kexec import kernel_hook
from ansible_collections.linux.kdump.plugins.module_utils.kexec.loader import Recipe, files_of

from .hosts import write

RELEASE = "6.1.0-45-amd64"
OTHER = "menuentry 'Old' {\n\tlinux\t/boot/vmlinuz-6.1.0-44-amd64 root=UUID=a ro\n}\n"
ENTRY = "menuentry 'New' {{\n\tlinux\t/boot/vmlinuz-" + RELEASE + " root=UUID=a ro {}\n\tinitrd\t/boot/initrd.img\n}}\n"
BLS = f"title Fedora\nversion {RELEASE}\nlinux /vmlinuz-{RELEASE}\noptions root=UUID=a ro {{}}\n"
KERNEL_INSTALL = f"title Debian\nlinux /5a3f3b0e/{RELEASE}/linux\noptions root=UUID=a\noptions {{}}\n"
EXTLINUX = f"label l0\n\tlinux /boot/vmlinuz-{RELEASE}\n\tappend ro {{}}\nlabel l1\n\tlinux /boot/vmlinuz-1\n"
VARIABLE = BLS.format("$kernelopts")
YES, NO = "crashkernel=64M", "quiet nocrashkernel=1"
ARMED = {
    paths.KERNEL: "kernel", paths.INITRAMFS: "initramfs", paths.LOADER: "#!/bin/sh\n",
    f"/boot/config-{RELEASE}": "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\n",
}  # fmt: skip


class Stage:
    """A host on which a kernel has just been installed."""

    def __init__(self, root: Path, files: t.Mapping[str, str]) -> None:
        self.root = root
        for path, text in {**ARMED, **files}.items():
            write(root, path, text)
        (root / paths.STATE.lstrip("/")).mkdir(parents=True)
        wants = root / "etc/systemd/system/sysinit.target.wants"
        wants.mkdir(parents=True)
        (wants / paths.UNIT_NAME).symlink_to(f"../{paths.UNIT_NAME}")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        write(self.root, "/bin/logger", "#!/bin/sh\n", mode=0o755)
        write(
            self.root, "/hook", mode=0o755,
            text=kernel_hook.render(
                paths.KERNEL, paths.INITRAMFS, root=str(self.root), search_path=f"{self.root}/bin:/usr/bin:/bin"
            ),
        )  # fmt: skip
        return subprocess.run(
            [str(self.root / "hook"), *words], capture_output=True, text=True, timeout=60, check=False
        )

    @property
    def check(self) -> t.Any:
        file = self.root / paths.KERNEL_CHECK.lstrip("/")
        return json.loads(file.read_text()) if file.exists() else None


@pytest.mark.parametrize(
    ("files", "entries", "problems"),
    [
        ({"/boot/grub/grub.cfg": OTHER + ENTRY.format(YES) * 2}, 2, []),
        ({"/boot/grub/grub.cfg": OTHER + ENTRY.format(YES) + ENTRY.format(NO)}, 2, ["entry"]),
        ({"/boot/loader/entries/a.conf": BLS.format(YES)}, 1, []),
        ({"/boot/loader/entries/a.conf": BLS.format(NO)}, 1, ["entry"]),
        ({"/boot/loader/entries/a.conf": VARIABLE, "/boot/grub2/grubenv": f"kernelopts=ro {YES}\n"}, 1, []),
        ({"/boot/loader/entries/a.conf": VARIABLE, "/boot/grub2/grubenv": "kernelopts=ro\n"}, 1, ["entry"]),
        ({"/boot/efi/loader/entries/a.conf": KERNEL_INSTALL.format(YES)}, 1, []),
        ({"/efi/loader/entries/a.conf": KERNEL_INSTALL.format(NO)}, 1, ["entry"]),
        ({"/boot/extlinux/extlinux.conf": EXTLINUX.format(YES)}, 1, []),
        ({"/boot/extlinux/extlinux.conf": EXTLINUX.format(NO)}, 1, ["entry"]),
        # a boot loader that it does not know: nothing is claimed
        ({"/boot/grub/grub.cfg": OTHER}, 0, []),
        ({}, 0, []),
        ({f"/boot/config-{RELEASE}": "# CONFIG_KEXEC is not set\n"}, 0, ["kexec"]),
        ({paths.INITRAMFS: "", paths.LOADER: ""}, 0, ["image", "image"]),
    ],
    ids=["grub", "one lost it", "bls", "bls lost it", "variable", "variable lost it", "kernel-install",
         "kernel-install lost it", "extlinux", "extlinux lost it", "another", "no loader", "no kexec", "no image"],
)  # fmt: skip
def test_looks_at_every_entry_of_the_new_kernel(
    tmp_path: Path, files: dict[str, str], entries: int, problems: list[str]
) -> None:  # fmt: skip
    stage = Stage(tmp_path, files)
    done = stage.run(RELEASE)
    assert done.returncode == 0
    check = stage.check
    known = {name: value for name, value in check.items() if name != "schema"}
    assert kernel_hook.read_check(Host(str(tmp_path))) == known
    assert check.pop("checked_at") > 1_700_000_000
    assert check == {
        "schema": kernel_hook.CHECK_SCHEMA, "release": RELEASE, "entries": entries, "problems": problems,
    }  # fmt: skip
    assert done.stderr.count("linux.kdump: Warning: ") == len(problems)
    assert (RELEASE in done.stderr) is bool({"entry", "kexec"} & set(problems))


def test_a_unit_that_no_boot_starts_is_told(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {})
    (tmp_path / "etc/systemd/system/sysinit.target.wants" / paths.UNIT_NAME).unlink()
    assert "its unit is not enabled" in stage.run(RELEASE).stderr
    assert stage.check["problems"] == ["unit"]


@pytest.mark.parametrize("words", [(), ("",), ("$(reboot)",), ("6.1 x",), ('6.1"',), ("../../x",)])
def test_what_is_no_release_is_nothing_to_look_at(tmp_path: Path, words: tuple[str, ...]) -> None:
    stage = Stage(tmp_path, {})
    done = stage.run(*words)
    assert (done.returncode, done.stderr, stage.check) == (0, "", None)


def test_it_never_fails_an_installation(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {"/boot/grub/grub.cfg": ENTRY.format(NO)})
    (tmp_path / paths.STATE.lstrip("/")).rmdir()  # disarmed by hand
    (tmp_path / "boot" / f"config-{RELEASE}").unlink()
    assert stage.run(RELEASE).returncode == 0
    # What calls it, where it is not there any more, or is not asked about a new kernel.
    for text, words in (
        (kernel_hook.CALL_DEBIAN, [RELEASE, f"/boot/vmlinuz-{RELEASE}"]), (kernel_hook.CALL_DEBIAN, []),
        (kernel_hook.CALL_SYSTEMD, ["add", RELEASE, "/boot/x", "/boot/vmlinuz"]),
        (kernel_hook.CALL_SYSTEMD, ["remove", RELEASE]), (kernel_hook.CALL_SYSTEMD, []),
    ):  # fmt: skip
        done = subprocess.run(["sh", "-euc", text, "hook", *words], capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


def test_whoever_calls_it_calls_it_with_the_release(tmp_path: Path) -> None:
    write(tmp_path, "/after-kernel", f'#!/bin/sh\necho "$@" >>{tmp_path}/called\nexit 1\n', mode=0o755)
    calls = [
        (kernel_hook.CALL_DEBIAN, ["one", "/boot/vmlinuz-one"]),
        (kernel_hook.CALL_SYSTEMD, ["add", "two", "/boot/x", "/boot/vmlinuz"]),
        (kernel_hook.CALL_SYSTEMD, ["remove", "three"]),
    ]
    for text, words in calls:
        script = text.replace(paths.KERNEL_HOOK, f"{tmp_path}/after-kernel")
        assert subprocess.run(["sh", "-c", script, "hook", *words], timeout=60, check=False).returncode == 0
    assert (tmp_path / "called").read_text() == "one\ntwo\n"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 1}', "[" * 9000, '{"release": 1}'])
def test_a_note_that_is_not_its_own_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path, paths.KERNEL_CHECK, text)
    assert kernel_hook.read_check(Host(str(tmp_path))) is None


def test_it_comes_after_all_that_make_boot_entries() -> None:
    """run-parts goes by name in the C locale, and takes no name with a dot in it."""
    name = Path(paths.KERNEL_HOOK_DEBIAN).name
    assert sorted(["zz-update-grub", "zz-systemd-boot", "zz-flash-kernel", "zz-u-boot", name])[-1] == name
    assert name.replace("-", "").isalnum()
    assert sorted(["90-loaderentry.install", "95-kernel-hooks.install", Path(paths.KERNEL_HOOK_SYSTEMD).name])[-1] == (
        Path(paths.KERNEL_HOOK_SYSTEMD).name
    )


def test_the_files_are_for_those_who_read_them() -> None:
    needs = {file.path: file.needs for file in files_of(Recipe(paths.KERNEL, paths.INITRAMFS, "x", ("kexec_load",)))}
    assert {path: folder for path, folder in needs.items() if folder} == {
        paths.KERNEL_HOOK_DEBIAN: "/etc/kernel/postinst.d", paths.KERNEL_HOOK_SYSTEMD: "/etc/kernel/install.d",
        **dict.fromkeys((paths.HOTPLUG_RULE, paths.HOTPLUG_PATH, paths.HOTPLUG_SERVICE), "/etc/udev/rules.d"),
    }  # fmt: skip
