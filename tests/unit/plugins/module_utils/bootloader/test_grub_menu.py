# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading GRUB menus: recorded ones of Debian 12, and what scripts of one's own may hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.grub_menu import LARGEST, OUTSIDE, read_menu
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.model import BootLoaderError, Entry
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.grammar import on_command_line

FIXTURES = Path(__file__).parents[4] / "fixtures" / "bootloader"
ADVANCED = "Advanced options for Debian GNU/Linux > Debian GNU/Linux, with Linux 6.1.0"


def read(text: str) -> tuple[Entry, ...]:
    return read_menu(text, origin="grub.cfg")


def recorded(name: str) -> tuple[Entry, ...]:
    return read((FIXTURES / f"debian12-{name}.grub.cfg").read_text())


def test_every_entry_of_a_recorded_menu_is_seen() -> None:
    entries = recorded("plain")
    assert [(entry.title, entry.managed) for entry in entries] == [
        ("Debian GNU/Linux", True),
        (f"{ADVANCED}-56-cloud-amd64", True),
        (f"{ADVANCED}-56-cloud-amd64 (recovery mode)", True),
        (f"{ADVANCED}-50-cloud-amd64", True),
        (f"{ADVANCED}-50-cloud-amd64 (recovery mode)", True),
        ("Memory test (memtest86+x64.bin)", False),
        ("Memory test (memtest86+x64.bin, serial console)", False),
    ]
    assert entries[0].identity == "gnulinux-simple-0a1b2c3d-0000-4000-8000-000000000000"
    assert entries[0].kernel == "/boot/vmlinuz-6.1.0-56-cloud-amd64"
    assert entries[0].arguments == ("root=/dev/vda1", "ro", "quiet")
    assert entries[2].arguments == ("root=/dev/vda1", "ro", "single")
    assert entries[6].reason == "a memory test"


@pytest.mark.parametrize(
    ("name", "values"), [("plain", ()), ("reserved", ("64M",)), ("overruled", ("1G-4G:192M,4G-:256M",))]
)
def test_the_value_of_every_recorded_entry_is_seen(name: str, values: tuple[str, ...]) -> None:
    found = {on_command_line(" ".join(entry.arguments)) for entry in recorded(name) if entry.managed}
    assert found == {values}


def test_quotes_in_a_recorded_entry_hold_one_word_together() -> None:
    assert "dyndbg=file ec.c +p" in recorded("overruled")[0].arguments


@pytest.mark.parametrize(
    ("script", "kernel", "arguments"),
    [
        ("linux /k a b", "/k", ("a", "b")),
        ("  linux16\t/k\ta", "/k", ("a",)),
        ("linuxefi /k a; initrd /i", "/k", ("a",)),
        ("linux /k 'a b' \"c d\" e\\ f", "/k", ("a b", "c d", "e f")),
        ("linux /k a\\\n b", "/k", ("a", "b")),
        ('linux /k "a\\"b" x\'y z\'w', "/k", ('a"b', "xy zw")),
        ("linux /k a # crashkernel=1M", "/k", ("a",)),
        ("linux /k a#b", "/k", ("a#b",)),
        ("linux /k ${extra} $vt_handoff", "/k", ("${extra}", "$vt_handoff")),
        ("if [ x = y ]; then linux /k a; fi", "/k", ("a",)),
        ("true && linux /k a", "/k", ("a",)),
        ('linux ($root)/k "crashkernel=64M"', "($root)/k", ("crashkernel=64M",)),
    ],
)
def test_shell_like_scripting(script: str, kernel: str, arguments: tuple[str, ...]) -> None:
    (entry,) = read(f"menuentry 'One' --id one {{\n{script}\n}}\n")
    assert (entry.title, entry.identity, entry.kernel, entry.arguments) == ("One", "one", kernel, arguments)


def test_an_entry_with_two_kernels_counts_twice_and_its_branches_are_both_seen() -> None:
    entries = read('menuentry "Two" {\nif true; then\nlinux /a x\nelse\nlinux /b y\nfi\n}')
    assert [(entry.title, entry.kernel) for entry in entries] == [("Two", "/a"), ("Two", "/b")]


def test_a_kernel_outside_of_every_entry_is_seen() -> None:
    assert [entry.title for entry in read("linux /vmlinuz root=/dev/sda1\nboot\n")] == [OUTSIDE]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("menuentry 'x' $menuentry_id_option 'osprober-gnulinux-/vmlinuz--1' { linux /vmlinuz; }", "another system"),
        ("menuentry 'x' { linux16 /boot/memtest86+.bin; }", "a memory test"),
        ("menuentry 'x' { linux16 /boot/ipxe.lkrn; }", "a network boot loader"),
        ("menuentry 'x' { linux16 /boot/memdisk iso; }", "a disk image loader"),
        (
            "menuentry 'x' { multiboot2 /boot/xen.gz dom0_mem=1G\nmodule2 /vmlinuz ro\n}",
            "a multiboot kernel",
        ),
    ],
)
def test_entries_that_need_no_value_are_told_apart(script: str, reason: str) -> None:
    assert [(entry.managed, entry.reason) for entry in read(script)] == [(False, reason)]


def test_entries_without_a_kernel_are_no_entries() -> None:
    assert read("menuentry 'UEFI Firmware Settings' { fwsetup\n}\nfunction f {\nset a=b\n}\n") == ()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("menuentry 'x' {\nlinux /k", "the block of 'x' is not closed"),
        ("}\n", "a closing brace has no opening one"),
        ("a\nmenuentry 'x", "line 2 has a quote that is not closed"),
        ('echo "x', "line 1 has a quote"),
        ("x" * (LARGEST + 1), "which no menu has"),
        ("insmod blscfg\nblscfg\n", "takes entries from elsewhere"),
    ],
)
def test_a_menu_that_cannot_be_read_is_one_clear_error(text: str, cause: str) -> None:
    with pytest.raises(BootLoaderError) as caught:
        read(text)
    assert cause in caught.value.message
    assert "\n" not in caught.value.message


def test_a_truncated_recorded_menu_is_never_taken_for_a_smaller_one() -> None:
    text = (FIXTURES / "debian12-reserved.grub.cfg").read_text()
    middle = text.index("recovery mode") + 300
    with pytest.raises(BootLoaderError):
        read(text[:middle])


def _quoted(word: str) -> str:
    return '"' + "".join(f"\\{char}" if char in '"\\$' else char for char in word) + '"'


@given(st.lists(st.text(alphabet="ab =\\\"'$#;&|{}é", max_size=12), max_size=6))
def test_words_survive_quoting(words: list[str]) -> None:
    (entry,) = read("menuentry t {\nlinux /k " + " ".join(map(_quoted, words)) + "\n}")
    assert entry.arguments == tuple(words)


@given(st.text(alphabet="menutry linux/k{}'\"\\;#\n$ ", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text)
    except BootLoaderError as error:
        assert "\n" not in error.message
