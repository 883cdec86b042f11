# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the order in which kernel modules are loaded."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import modules

#: As depmod wrote them for Debian's 6.1 cloud kernel, shortened.
DEP = """\
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio_pci_modern_dev.ko kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_pci_modern_dev.ko:
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/fs/xfs/xfs.ko: kernel/lib/libcrc32c.ko
kernel/lib/libcrc32c.ko:
kernel/crypto/crc32c_generic.ko.xz:
kernel/arch/x86/crypto/crc32c-intel.ko:
"""  # noqa: E501
SOFTDEP = "# Soft dependencies\nsoftdep libcrc32c pre: crc32c\nsoftdep other pre: absent post: xfs\n"
ALIAS = "alias crc32c crc32c_intel\nalias crc32c crc32c_generic\nalias virtio:d00000002v* virtio_blk\n"


def write_tree(folder: Path, **texts: str) -> modules.ModuleTree:
    """A module tree with the given index files, read."""
    tree = folder / "6.1.0-56-cloud-amd64"
    tree.mkdir(parents=True)
    for name, text in {"dep": DEP, "softdep": SOFTDEP, "alias": ALIAS, **texts}.items():
        (tree / f"modules.{name}").write_text(text)
    (tree / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n")
    return modules.read_tree(str(tree))


@pytest.fixture
def tree(tmp_path: Path) -> modules.ModuleTree:
    """A module tree as the cloud kernel has it."""
    return write_tree(tmp_path)


def _order(tree: modules.ModuleTree, *wanted: str) -> list[str]:
    return [module.name for module in modules.in_order(tree, wanted)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["virtio_blk"], ["virtio_ring", "virtio", "virtio_blk"]),
        (["virtio_blk", "virtio_pci"], ["virtio_ring", "virtio", "virtio_blk", "virtio_pci_modern_dev", "virtio_pci"]),
        (["virtio-rng", "virtio_rng"], ["virtio_ring", "virtio", "virtio_rng"]),
        (["ext4"], []),
        (["xfs"], ["crc32c_intel", "crc32c_generic", "libcrc32c", "xfs"]),
        ([], []),
    ],
)
def test_dependencies_come_first(tree: modules.ModuleTree, wanted: list[str], expected: list[str]) -> None:
    names = _order(tree, *wanted)
    assert sorted(names) == sorted(expected)
    for name in names:
        assert all(names.index(need) < names.index(name) for need in tree.needs[name])


def test_the_ring_comes_before_the_bus(tree: modules.ModuleTree) -> None:
    assert _order(tree, "virtio_blk") == ["virtio_ring", "virtio", "virtio_blk"]


def test_a_soft_dependency_is_optional_and_what_needs_it_is_not(tree: modules.ModuleTree) -> None:
    chosen = {module.name: module.optional for module in modules.in_order(tree, ["xfs"])}
    assert chosen == {"crc32c_intel": True, "crc32c_generic": True, "libcrc32c": False, "xfs": False}


def test_a_soft_dependency_that_waits_for_who_asks_comes_after_it(tmp_path: Path) -> None:
    """As Linux 6.1 has it where cryptography is modular: crypto_algapi asks for cryptomgr, which needs it."""
    dep = (
        "c/crypto.ko:\nc/crypto_algapi.ko: c/crypto.ko\nc/aead.ko: c/crypto_algapi.ko c/crypto.ko\n"
        "c/cryptomgr.ko: c/aead.ko c/crypto_algapi.ko c/crypto.ko\nf/xfs.ko: c/crypto_algapi.ko c/crypto.ko\n"
    )
    tree = write_tree(tmp_path, dep=dep, softdep="softdep crypto_algapi pre: cryptomgr\n", alias="")
    chosen = {module.name: module.optional for module in modules.in_order(tree, ["xfs"])}
    assert list(chosen) == ["crypto", "crypto_algapi", "aead", "cryptomgr", "xfs"]
    assert [name for name, optional in chosen.items() if optional] == ["aead", "cryptomgr"]


def test_soft_dependencies_on_each_other_are_no_circle(tmp_path: Path) -> None:
    soft = "softdep a pre: b\nsoftdep b pre: a\n"
    tree = write_tree(tmp_path, dep="a.ko:\nb.ko:\n", softdep=soft, alias="")
    assert _order(tree, "a") == ["b", "a"]


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sets(st.sampled_from("abcdefgh"), max_size=3), min_size=8))
def test_any_dependencies_give_an_order_or_a_circle(needs: dict[str, set[str]]) -> None:
    table = {name: tuple(sorted(needs[name])) for name in needs}
    tree = modules.ModuleTree("/lib/modules/1", files={name: f"/{name}.ko" for name in needs}, needs=table)
    try:
        names = [module.name for module in modules.in_order(tree, sorted(needs))]
    except modules.ModuleError as error:
        assert "round in a circle" in error.message
        return
    assert sorted(names) == sorted(needs)
    assert all(names.index(need) < names.index(name) for name in names for need in table[name])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("virtio_blq", "kernel 6.1.0-56-cloud-amd64 has no such module, built in or not"),
        ("../../etc/passwd", "that is no module's name"),
        ("", "that is no module's name"),
    ],
)
def test_a_name_that_is_not_there_is_an_error(tree: modules.ModuleTree, name: str, message: str) -> None:
    with pytest.raises(modules.ModuleError, match=message):
        modules.in_order(tree, [name])


def test_a_tree_without_an_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(modules.ModuleError, match=r"holds no modules\.dep"):
        modules.read_tree(str(tmp_path))


def test_lines_that_are_no_entries_are_passed_over(tmp_path: Path) -> None:
    tree = write_tree(
        tmp_path, dep="rubbish\n\0\n:\na/b.ko:\nc.txt: d\n", softdep="softdep\nsoftdep x pre:\n", alias="alias\n"
    )
    assert _order(tree, "b") == ["b"]


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [("", bytes), (".xz", lzma.compress), (".gz", gzip.compress), (".zst", lambda data: b"Z" + data)],
)
def test_modules_are_unpacked(tmp_path: Path, suffix: str, pack: object) -> None:
    path = tmp_path / f"a.ko{suffix}"
    path.write_bytes(pack(b"module"))  # type: ignore[operator]
    module = modules.KernelModule("a", str(path))
    assert modules.unpacked(module, lambda name: Path(name).read_bytes()[1:]) == b"module"


@pytest.mark.parametrize(
    ("suffix", "content"), [(".xz", b"rubbish"), (".gz", b"rubbish"), (".gz", gzip.compress(b"x" * 999, mtime=0)[:9])]
)
def test_a_damaged_module_is_one_error(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a.ko{suffix}"
    path.write_bytes(content)
    with pytest.raises(modules.ModuleError, match="Cannot use the kernel module a: cannot read"):
        modules.unpacked(modules.KernelModule("a", str(path)), lambda name: b"")


def test_a_module_that_is_only_in_the_index_is_an_error() -> None:
    with pytest.raises(modules.ModuleError, match=r"is in modules\.dep but not there"):
        modules.unpacked(modules.KernelModule("a", "/nonexistent/a.ko"), lambda name: b"")
