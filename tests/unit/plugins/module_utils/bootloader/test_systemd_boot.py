# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd-boot: images that cannot be changed, and arguments of kernels to come."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.bootloader import bls, uki
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.edited import edit
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.model import BootLoaderError
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.images import pe_image
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.trees import (
    SYSTEMD_BOOT,
    Box,
    kernel_install_entry,
)

WANTED = ("crashkernel=64M",)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(SYSTEMD_BOOT["systemd-boot, Debian"], tmp_path)


def test_kernels_to_come_get_what_kernel_install_gave_so_far(box: Box) -> None:
    box.loader.apply(WANTED, timeout=5)
    root = "root=UUID=0a1b2c3d-0000-4000-8000-000000000000 ro quiet"
    assert box.read("etc/kernel/cmdline") == f"{root} crashkernel=64M\n"


def test_the_vendors_command_line_counts_before_that(box: Box) -> None:
    box.write("usr/lib/kernel/cmdline", "root=/dev/vda2 splash\n")
    box.loader.apply(WANTED, timeout=5)
    assert box.read("etc/kernel/cmdline") == "root=/dev/vda2 splash crashkernel=64M\n"
    assert box.read("usr/lib/kernel/cmdline") == "root=/dev/vda2 splash\n"


def test_entries_that_differ_are_no_measure_and_that_is_said(box: Box) -> None:
    box.write("boot/efi/loader/entries/x-7.conf", kernel_install_entry("7", "root=/dev/vda9"))
    (warning,) = box.loader.apply(WANTED, timeout=5)
    assert "there is no " in warning
    assert not (box.root / "etc/kernel/cmdline").exists()
    assert box.loader.apply((), timeout=5) == ()


def test_a_unified_kernel_image_that_passes_it_already_is_right(box: Box) -> None:
    box.write("boot/efi/EFI/Linux/good.efi", pe_image(b"root=/dev/vda2 crashkernel=64M\n"))
    box.loader.apply(WANTED, timeout=5)
    assert box.values() == {WANTED}
    assert len([entry for entry in box.loader.entries() if entry.managed]) == 3


@pytest.mark.parametrize("addon", ["loader/addons/kdump.addon.efi", "EFI/Linux/a.efi.extra.d/kdump.addon.efi"])
def test_an_addon_counts(box: Box, addon: str) -> None:
    box.write("boot/efi/EFI/Linux/a.efi", pe_image(b"root=/dev/vda2"))
    box.write(f"boot/efi/{addon}", pe_image(b"crashkernel=64M"))
    box.loader.apply(WANTED, timeout=5)
    assert box.values() == {WANTED}


@pytest.mark.parametrize(
    ("image", "parameters", "cause"),
    [
        (pe_image(b"ro"), WANTED, "put crashkernel=64M in /etc/kernel/cmdline and build it again"),
        (pe_image(b"ro crashkernel=1M"), (), "take it out of /etc/kernel/cmdline"),
        (pe_image(b"crashkernel=64M", b"crashkernel=64M"), WANTED, "would boot with crashkernel=64M crashkernel=64M"),
        (b"MZ", WANTED, "it is no EFI program"),
        (b"", WANTED, "it is no EFI program"),
        (pe_image(b"ro")[:200], WANTED, "it is no EFI program"),
        (b"\0" * 4096, WANTED, "it is no EFI program"),
    ],
    ids=["lacks it", "holds it", "profiles", "stub", "empty", "cut short", "zeros"],
)
def test_an_image_that_is_not_right_is_refused_before_anything_is_written(
    box: Box, image: bytes, parameters: tuple[str, ...], cause: str
) -> None:
    box.write("boot/efi/EFI/Linux/bad.efi", image)
    before = box.snapshot()
    for act in (box.loader.wanted, lambda wanted: box.loader.apply(wanted, timeout=5)):
        with pytest.raises(BootLoaderError) as caught:
            act(parameters)
        assert cause in caught.value.message
    assert box.snapshot() == before


def test_options_beside_a_unified_image_are_not_made_up(box: Box) -> None:
    box.write("boot/efi/loader/entries/u.conf", "title U\nuki /EFI/Linux/u.efi\n")
    with pytest.raises(BootLoaderError, match="'U' would boot with no crashkernel="):
        box.loader.wanted(WANTED)


def test_an_entry_inside_quotes_is_seen_and_refused(box: Box) -> None:
    box.write("boot/efi/loader/entries/q.conf", 'title Q\nlinux /l\noptions a="b crashkernel=1M c"\n')
    with pytest.raises(BootLoaderError, match="'Q' would boot with"):
        box.loader.apply(WANTED, timeout=5)


def test_without_entries_it_says_where_it_looked(box: Box) -> None:
    for path in (box.root / "boot/efi/loader/entries").iterdir():
        path.unlink()
    with pytest.raises(BootLoaderError, match="there is no entry that boots a Linux kernel in any file"):
        box.loader.apply(WANTED, timeout=5)


_KERNELSTUB = '{{"default": {{"kernel_options": ["quiet"]}}, "user": {{"kernel_options": ["quiet"{}]}}}}\n'


def _only(box: Box, kernel: str) -> None:
    """A machine with this one entry, which kernel-install did not make."""
    for path in (box.root / "boot/efi/loader/entries").iterdir():
        path.unlink()
    box.write("boot/efi/loader/entries/Own-current.conf", f"title Own\nlinux {kernel}\noptions ro quiet\n")


@pytest.mark.parametrize(("more", "says"), [("", "no crashkernel="), (', "crashkernel=1M"', "crashkernel=1M")])
def test_entries_that_kernelstub_writes_will_lack_the_value(box: Box, more: str, says: str) -> None:
    _only(box, "/EFI/Pop_OS-0a1b/vmlinuz.efi")
    box.write("etc/kernelstub/configuration", _KERNELSTUB.format(more))
    (warning,) = box.loader.apply(WANTED, timeout=5)
    assert f"etc/kernelstub/configuration, which says {says}" in warning
    assert "kernelstub --add-options 'crashkernel=64M'" in warning
    assert box.loader.apply((), timeout=5) == ()


def test_where_kernelstub_knows_the_value_there_is_nothing_to_say(box: Box) -> None:
    _only(box, "/EFI/Pop_OS-0a1b/vmlinuz.efi")
    box.write("etc/kernelstub/configuration", _KERNELSTUB.format(', "crashkernel=64M"'))
    assert box.loader.apply(WANTED, timeout=5) == ()


@pytest.mark.parametrize(
    ("kernel", "warned"), [("/EFI/own/kernel-6.1.0", True), ("/6.1/linux", True), ("/vmlinuz-linux", False)]
)
def test_entries_of_an_unknown_tool_will_lack_the_value_if_they_are_written_anew(
    box: Box, kernel: str, warned: bool
) -> None:
    _only(box, kernel)
    warnings = box.loader.apply(WANTED, timeout=5)
    assert ["written by another tool than kernel-install" in warning for warning in warnings] == [True] * warned


def test_an_entry_of_ones_own_beside_those_of_kernel_install_needs_no_warning(box: Box) -> None:
    box.write("boot/efi/loader/entries/own.conf", "title Own\nlinux /own/6.1.0/linux\noptions ro\n")
    assert box.loader.apply(WANTED, timeout=5) == ()


def test_one_folder_with_two_names_is_read_once(box: Box) -> None:
    (box.root / "efi").symlink_to(box.root / "boot/efi")
    assert len(box.loader.entries()) == 3


@given(image=st.binary(max_size=300))
def test_no_image_crashes_the_reader(image: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "image.efi"
    path.write_bytes(b"MZ" + image)
    try:
        assert isinstance(uki.command_lines(str(path)), tuple)
    except BootLoaderError as error:
        assert "no EFI program" in error.message


_LINES = st.lists(st.sampled_from(["title T", "linux /l", "options ro  x", "options", "", "# c", "version 1"]))


@given(lines=_LINES, end=st.sampled_from(["", "\n", "\r\n"]))
def test_an_entry_comes_back_byte_by_byte(lines: list[str], end: str) -> None:
    text = "\n".join(lines) + end
    if "options ro  x" not in lines:
        return
    changed = edit(text, bls.read_entry(text, "e.conf"), WANTED)
    assert edit(changed, bls.read_entry(changed, "e.conf"), ()) == text
