# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel sources: found, checked, never changed."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import source as kernel_source

X86 = architectures.find("x86_64")


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "linux").mkdir()
    (tmp_path / "linux/Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\n")
    (tmp_path / "linux/Kconfig").write_text("")
    return tmp_path / "linux"


def test_the_newest_package_wins_by_version(tmp_path: pathlib.Path) -> None:
    for name in (
        "linux-source-6.9.tar.xz",
        "linux-source-6.12.tar.xz",
        "linux-source-6.1.tar.xz",
        "linux-source-7.tar.md5",
        "x",
    ):
        (tmp_path / name).touch()
    assert kernel_source.newest_packaged(str(tmp_path)) == str(tmp_path / "linux-source-6.12.tar.xz")


@pytest.mark.parametrize("folder", ["", "missing"])
def test_no_package(tmp_path: pathlib.Path, folder: str) -> None:
    with pytest.raises(kernel_source.SourceError, match="apt-get install linux-source"):
        kernel_source.newest_packaged(str(tmp_path / folder))


def test_a_tree_is_known_by_its_content(tree: pathlib.Path) -> None:
    first = kernel_source.locate(str(tree), X86)
    (tree / ".git").mkdir()
    (tree / ".git/index").write_text("changes all the time")
    assert kernel_source.locate(str(tree), X86) == first
    (tree / "link").symlink_to("nowhere")
    second = kernel_source.locate(str(tree), X86)
    assert (second.kind, second.sha256 != first.sha256) == ("tree", True)
    (tree / "link").rename(tree / "renamed")
    assert kernel_source.locate(str(tree), X86).sha256 != second.sha256


@pytest.mark.parametrize("leftover", [".config", "include/config", "arch/x86/include/generated"])
def test_a_tree_that_was_built_in_is_refused(tree: pathlib.Path, leftover: str) -> None:
    (tree / leftover).mkdir(parents=True)
    with pytest.raises(kernel_source.SourceError, match="make mrproper"):
        kernel_source.locate(str(tree), X86)


@pytest.mark.parametrize(("name", "text"), [("Makefile", "all:\n"), ("Makefile", "VERSION = 6\n")])
def test_a_folder_that_is_no_kernel_source(tree: pathlib.Path, name: str, text: str) -> None:
    (tree / name).write_text(text)
    with pytest.raises(kernel_source.SourceError, match="has no kernel's Makefile and Kconfig"):
        kernel_source.locate(str(tree), X86)


def test_an_empty_tarball(tmp_path: pathlib.Path) -> None:
    (tmp_path / "linux.tar").touch()
    with pytest.raises(kernel_source.SourceError, match="the file is empty"):
        kernel_source.locate(str(tmp_path / "linux.tar"), X86)


def test_the_root_inside_a_tarball(tree: pathlib.Path) -> None:
    assert kernel_source.unpacked_root(str(tree.parent), "x.tar") == str(tree)
    assert kernel_source.unpacked_root(str(tree), "x.tar") == str(tree)
    (tree / "Kconfig").unlink()
    with pytest.raises(kernel_source.SourceError, match=r"x\.tar: it holds no kernel source tree"):
        kernel_source.unpacked_root(str(tree.parent), "x.tar")
