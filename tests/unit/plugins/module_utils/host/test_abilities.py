# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running kernel lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.fragments.system import REQUIRED, USEFUL
from ansible_collections.linux.kdump.plugins.module_utils.host.abilities import kernel_lacks
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host

ALL = (*REQUIRED, *USEFUL)


def lacks(tmp_path: Path, text: str | None, machine: str = "x86_64") -> list[str] | None:
    if text is not None:
        (tmp_path / "boot").mkdir()
        (tmp_path / "boot/config-6.1.7").write_text(text)
    return kernel_lacks(Host(str(tmp_path)), release="6.1.7", machine=machine)


def config(*off: str) -> str:
    return "".join(f"# CONFIG_{name} is not set\n" if name in off else f"CONFIG_{name}=y\n" for name in ALL)


@pytest.mark.parametrize("off", [(), ("KEXEC",), ("CRASH_DUMP", "DEBUG_INFO"), ALL])
def test_what_is_off_is_named(tmp_path: Path, off: tuple[str, ...]) -> None:
    assert lacks(tmp_path, "CONFIG_64BIT=y\n" + config(*off)) == [name for name in ALL if name in off]


def test_what_an_architecture_cannot_have_is_not_missed(tmp_path: Path) -> None:
    assert lacks(tmp_path, config("KEXEC_FILE"), "i686") == []


def test_a_module_of_that_name_is_not_enough(tmp_path: Path) -> None:
    assert lacks(tmp_path, config().replace("CONFIG_KEXEC=y", "CONFIG_KEXEC=m")) == ["KEXEC"]


@pytest.mark.parametrize("text", [None, "", "x" * (2 << 20)], ids=["none", "empty", "huge"])
def test_nothing_tells(tmp_path: Path, text: str | None) -> None:
    assert lacks(tmp_path, text) is None
