# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which symbol builds which module."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import makefiles
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.source_tree import plant


@pytest.mark.parametrize(
    ("module", "symbols"),
    [
        ("sd_mod", [("BLK_DEV_SD",)]),
        ("megaraid_sas", [("MEGARAID_SAS",)]),
        ("nvme_core", [("NVME_CORE",)]),
        ("nvme", [("BLK_DEV_NVME",)]),
        ("tg3", [("TIGON3",)]),
        ("mlx5_core", [("MLX5_CORE",)]),
        ("libahci", [("SATA_AHCI_PLATFORM",), ("SATA_AHCI",)]),
        ("vlan_core", [("VLAN_8021Q",)]),
        ("l2tp_ppp", [("L2TP", "PPPOL2TP")]),
        ("nvram", [("NVRAM",)]),
        ("modular_only", [("MODULAR_ONLY",)]),
        ("x86_thing", [("X86",)]),
    ],
)
def test_what_builds_a_module(tmp_path: Path, module: str, symbols: list[tuple[str, ...]]) -> None:
    assert makefiles.module_symbols(str(plant(tmp_path)), "x86")[module] == symbols


@pytest.mark.parametrize(
    "name", ["sd", "sd_dif", "always", "wrong", "dasd_mod", "sample", "tool", "megaraid", "balloc"]
)
def test_what_is_no_module_here(tmp_path: Path, name: str) -> None:
    assert name not in makefiles.module_symbols(str(plant(tmp_path)), "x86")


def test_each_architecture_has_its_own(tmp_path: Path) -> None:
    found = makefiles.module_symbols(str(plant(tmp_path)), "s390")
    assert found["dasd_mod"] == [("DASD",)]
    assert "x86_thing" not in found


@given(st.text())
def test_any_makefile_can_be_read(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("tree")
    (folder / "Makefile").write_text(text, encoding="utf-8", errors="surrogateescape")
    for module, builders in makefiles.module_symbols(str(folder), "x86").items():
        assert module.isascii()
        assert all(builders)
