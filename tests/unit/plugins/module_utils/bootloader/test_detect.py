# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the boot loader: never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.detect import find_bootloader
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.model import BootLoaderError
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.systemd_boot import SystemdBoot
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.machine import Machine


def find(tmp_path: Path, choice: str, *, grub: bool, other: str = "") -> str:
    machine = Machine(tmp_path)
    among = (machine.grub, SystemdBoot(machine.runner, str(tmp_path)))
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
        (
            "auto",
            False,
            "boot/extlinux/extlinux.conf",
            "Cannot change the boot entries of extlinux: this boot",
        ),
        ("auto", False, "", "none of the files known of any is there"),
        ("grub", False, "", "Cannot use grub on this machine: there is no "),
    ],
)
def test_anything_else_is_a_clear_question(tmp_path: Path, choice: str, grub: bool, other: str, cause: str) -> None:
    with pytest.raises(BootLoaderError) as caught:
        find(tmp_path, choice, grub=grub, other=other)
    assert cause in caught.value.message


def test_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BootLoaderError, match=r"boot/grub.cfg, /efi/loader/loader\.conf.*Install the packages"):
        find(tmp_path, "auto", grub=False)
