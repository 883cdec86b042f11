# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a setting was lost, told from Kconfig files."""

from __future__ import annotations

import os
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig import check as kconfig_check
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig import fragment as kconfig
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig.tree import Tree

ROOT = """\
mainmenu "A kernel"
source "arch/$(SRCARCH)/Kconfig"
source "missing/Kconfig"
source "fs/Kconfig"
"""
ARCH = """\
config 64BIT
\tbool "64-bit" if EXPERT
\tdefault n
\thelp
\t  Help that mentions
\t  config NOT_A_SYMBOL
\t    and goes on

config X86 # a comment
\tdef_bool y
"""
FS = """\
menuconfig BLOCK
\tbool "Block layer" \\
\t  if EXPERT
if BLOCK
menu "File systems"
\tdepends on X86 && !BROKEN
config EXT4_FS
\ttristate "ext4"
\tselect CRC16 if X86
config XFS_FS
\ttristate 'XFS # not a comment'
\tdepends on EXPORTFS && (NLS || COMPAT)
endmenu
endif
config CRC16
\ttristate
choice
\tprompt "Allocator"
config SLAB
\tbool "SLAB"
config SLUB
\tbool "SLUB"
endchoice
config LOOP
\tbool "loop"
source "fs/Kconfig"
"""

ALL_BUT = "CONFIG_X86=y\nCONFIG_BLOCK=y\nCONFIG_EXPORTFS=y\nCONFIG_NLS=y\n"


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> Tree:
    for name, text in {
        "Kconfig": ROOT,
        "arch/x86/Kconfig": ARCH,
        "fs/Kconfig": FS.replace('source "fs/Kconfig"\n', ""),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Tree(str(tmp_path), {"SRCARCH": "x86"})


def test_symbols_are_found_and_help_is_not_read(tree: Tree) -> None:
    assert set(tree.symbols) == {"64BIT", "X86", "BLOCK", "EXT4_FS", "XFS_FS", "CRC16", "SLAB", "SLUB", "LOOP"}
    [xfs] = tree.symbols["XFS_FS"]
    assert xfs.conditions() == ["BLOCK", "X86 && !BROKEN", "EXPORTFS && (NLS || COMPAT)"]
    assert xfs.where == "fs/Kconfig:10"
    assert tree.selectors("CRC16") == [("EXT4_FS", "X86")]


@pytest.mark.parametrize(
    ("wanted", "config", "reason"),
    [
        ("CONFIG_XFS_FS=y", "CONFIG_X86=y", "depends on BLOCK and EXPORTFS and NLS || COMPAT, which is not"),
        ("CONFIG_XFS_FS=y", ALL_BUT + "CONFIG_BROKEN=y", "it depends on !BROKEN"),
        ("CONFIG_64BIT=y", "", "it can be set only with EXPERT (arch/x86/Kconfig:1)"),
        ("CONFIG_BLOCK=y", "", "it can be set only with EXPERT"),
        ("CONFIG_CRC16=y", "", "it cannot be set by hand"),
        ("CONFIG_SLAB=y", "CONFIG_SLUB=y", "SLUB of the same choice is set instead"),
        ("# CONFIG_CRC16 is not set", "CONFIG_CRC16=y\nCONFIG_EXT4_FS=y\nCONFIG_X86=y", "y: EXT4_FS selects it"),
        ("# CONFIG_X86 is not set", "CONFIG_X86=y", "it has no choice but to be on here"),
        ("CONFIG_EXT4_FS=m", ALL_BUT + "CONFIG_EXT4_FS=y", "without MODULES everything is built in"),
        ("CONFIG_LOOP=m", "", "kconfig does not take this value"),
        ("CONFIG_XSF_FS=y", "CONFIG_X86=y", "XSF_FS (mine:1) is no symbol of this kernel (did you mean XFS_FS?)"),
        ("# CONFIG_LOOOP is not set", "", "LOOOP (mine:1) is no symbol of this kernel (did you mean LOOP?)"),
        ("CONFIG_QQQQQQ=y", "", "QQQQQQ (mine:1) is no symbol of this kernel. Correct"),
    ],
)  # fmt: skip
def test_the_reason_is_named(tree: Tree, wanted: str, config: str, reason: str) -> None:
    wanted_settings = kconfig.merge([kconfig.parse_fragment(wanted, "mine")])
    with pytest.raises(kconfig.ConfigError) as caught:
        kconfig_check.check(wanted_settings, config, kconfig.parse_config(config), lambda: tree)
    assert reason in caught.value.message
    assert caught.value.message.startswith("Cannot configure the kernel: ")


def test_many_losses_are_counted_in_the_message_and_listed_in_the_facts(tree: Tree) -> None:
    text = "".join(f"CONFIG_NO{number}=y\n" for number in range(9))
    with pytest.raises(kconfig.ConfigError, match="and 5 more") as caught:
        kconfig_check.check(kconfig.merge([kconfig.parse_fragment(text, "f")]), "", {}, lambda: tree)
    assert len(caught.value.facts["lost"]) == 9  # type: ignore[arg-type]


def test_the_tree_is_not_read_where_all_is_well() -> None:
    text = "CONFIG_A=y\n# CONFIG_B is not set\n"
    wanted = kconfig.merge([kconfig.parse_fragment(text, "f")])

    def no_tree() -> Tree:
        raise AssertionError("read the tree for nothing")

    kconfig_check.check(wanted, text, kconfig.parse_config(text), no_tree)


def test_files_that_source_each_other_end(tmp_path: pathlib.Path) -> None:
    (tmp_path / "Kconfig").write_text('config A\n\tbool\nsource "Kconfig"\n')
    assert set(Tree(str(tmp_path), {}).symbols) == {"A"}


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([*FS.splitlines(), "endif", "endmenu", "endchoice", "if", "source", "\\", "depends on", '"']),
        max_size=30,
    )
)
def test_any_file_is_read(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    folder = tmp_path_factory.mktemp("tree")
    (folder / "Kconfig").write_text("\n".join(lines))
    Tree(os.fspath(folder), {})
