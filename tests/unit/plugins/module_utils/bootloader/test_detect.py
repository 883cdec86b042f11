# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the boot loader: never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.detect import candidates, find_bootloader
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.model import BootLoaderError
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.machine import Machine
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.trees import TREES, Box


def find(tmp_path: Path, choice: str, *, grub: bool, other: str = "") -> str:
    machine = Machine(tmp_path)
    among = (machine.grub, *candidates(machine.runner, str(tmp_path))[1:])
    if not grub:
        machine.menu.unlink()
    if other:
        path = tmp_path / other
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return find_bootloader(choice, machine.runner, root=str(tmp_path), among=among).name


@pytest.mark.parametrize("choice", ["auto", "grub"])
def test_grub_is_found(tmp_path: Path, choice: str) -> None:
    assert find(tmp_path, choice, grub=True) == "grub"


def test_a_choice_settles_what_detection_may_not(tmp_path: Path) -> None:
    assert find(tmp_path, "grub", grub=True, other="boot/loader/loader.conf") == "grub"


@pytest.mark.parametrize(
    ("choice", "grub", "other", "cause"),
    [
        (
            "auto",
            True,
            "boot/loader/loader.conf",
            "files of grub and of systemd-boot. Set the option bootloader",
        ),
        ("auto", True, "boot/extlinux/extlinux.conf", "files of grub and of extlinux. Set the option bootloader"),
        ("auto", False, "run/ostree-booted", "its arguments are part of the image"),
        ("zipl", True, "", "Cannot use zipl on this machine: there is no /run/zipl/zipl.conf or /etc/zipl.conf"),
        ("auto", False, "", "none of the files known of any is there"),
        ("grub", False, "", "Cannot use grub on this machine: there is no "),
    ],
)
def test_anything_else_is_a_clear_question(tmp_path: Path, choice: str, grub: bool, other: str, cause: str) -> None:
    with pytest.raises(BootLoaderError) as caught:
        find(tmp_path, choice, grub=grub, other=other)
    assert cause in caught.value.message


_UUIDS = "etc/kernel/proxmox-boot-uuids"


@pytest.mark.parametrize("grub", [True, False], ids=["a menu left over", "no menu"])
def test_a_loader_in_partitions_of_proxmox_boot_tool_is_a_clear_error(tmp_path: Path, grub: bool) -> None:
    (tmp_path / "etc/kernel").mkdir(parents=True)
    (tmp_path / _UUIDS).write_text("0A1B-2C3D\n4E5F-6A7B\n")
    with pytest.raises(BootLoaderError) as caught:
        find(tmp_path, "auto", grub=grub)
    for part in (_UUIDS, "/etc/kernel/cmdline", "/etc/default/grub", "proxmox-boot-tool refresh", "kdump_info"):
        assert part in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(("choice", "uuids"), [("auto", ""), ("auto", "\n# none\n"), ("grub", "0A1B-2C3D\n")])
def test_without_such_partitions_or_with_a_choice_it_is_no_question(tmp_path: Path, choice: str, uuids: str) -> None:
    (tmp_path / "etc/kernel").mkdir(parents=True)
    (tmp_path / _UUIDS).write_text(uuids)
    assert find(tmp_path, choice, grub=True) == "grub"


@pytest.mark.parametrize("name", TREES)
def test_every_tree_has_one_loader_and_no_other(tmp_path: Path, name: str) -> None:
    box = Box(TREES[name], tmp_path)
    assert find_bootloader("auto", box.runner, root=str(tmp_path)).name == box.loader.name


def test_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        BootLoaderError,
        match=r"boot/grub.cfg, .*/efi/loader/loader\.conf.*zipl.*ostree-booted.*lilo.*yaboot.*Install the",
    ):
        find(tmp_path, "auto", grub=False)
