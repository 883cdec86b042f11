# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything lies, and what the machine's command line becomes."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.lab.rehearsal import bzimage, stage, words
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.rehearsal import images

MIB, GIB = 1 << 20, 1 << 30
IMAGE = bzimage.read(images.bzimage())
UUID = "0a1b2c3d-0000-4000-8000-00000000beef"


def old(size: int = 256 * MIB) -> stage.Old:
    return stage.synthetic(size, cpus=2, release="6.1.0")


@given(
    base=st.integers(8, 600).map(lambda number: number * 2 * MIB), size=st.integers(12, 400).map(lambda mib: mib * MIB),
    initramfs=st.integers(1, 3 * MIB), span=st.integers(1, 3000).map(lambda mib: mib * MIB),
)  # fmt: skip
def test_nothing_overlaps_and_all_is_where_the_machine_has_memory(
    base: int, size: int, initramfs: int, span: int
) -> None:
    reservation = stage.Reservation(base, size)
    places = stage.arrange(reservation, old(span), image=IMAGE, initramfs=initramfs)
    runs = [
        (base, base + IMAGE.init_size), (places.parameters_at, places.parameters_at + 4096),
        (places.line_at, places.line_at + 4096), (places.initramfs_at, places.initramfs_at + initramfs),
        (places.header_at, reservation.end), (places.old_at, places.old_at + span),
    ]  # fmt: skip
    assert all(end <= start for (_start, end), (start, _end) in zip(runs, runs[1:]))
    assert places.usable == ((0, 0x9FC00), (base, places.header_at))
    below = places.ram if places.ram < 0xB0000000 else 2 * GIB
    for start, end in runs:
        assert end <= below - (16 * MIB) or 4 * GIB <= start < end <= 4 * GIB + places.ram - below
        assert places.offset(start) <= places.offset(end - 1) < places.ram
    assert all(start % 4096 == 0 for start, _end in runs)


def test_what_does_not_fit_is_told_with_what_is_missing() -> None:
    with pytest.raises(stage.MisfitError, match="takes 8192 KiB to start and its initramfs 2048 KiB, 16 KiB more"):
        stage.arrange(stage.Reservation(256 * MIB, 10 * MIB), old(), image=IMAGE, initramfs=2 * MIB)


@pytest.mark.parametrize(("base", "span"), [(8 * MIB, MIB), (257 * MIB, MIB), (2000 * MIB, 3 * GIB)])
def test_places_that_cannot_be_are_refused(base: int, span: int) -> None:
    with pytest.raises(stage.StageError, match="Cannot put the reservation at"):
        stage.arrange(stage.Reservation(base, 64 * MIB), old(span), image=IMAGE, initramfs=MIB)


@pytest.mark.parametrize("span", [256 * MIB, 3 * GIB])
def test_the_memory_holds_everything_before_the_machine_starts(tmp_path: Path, span: int) -> None:
    written = {0: b"first", span - 4: b"last"}

    def copy(write: t.Callable[[int, bytes], object]) -> None:
        for distance, data in written.items():
            write(distance, data)

    memory = stage.Old(old(span).pieces, b"notes", span, copy)
    places = stage.arrange(stage.Reservation(256 * MIB, 32 * MIB), memory, image=IMAGE, initramfs=9)
    stage.build(str(tmp_path), places, memory, image=IMAGE, initramfs=b"initramfs", line="a=b c")
    with (tmp_path / stage.MEMORY_FILE).open("rb") as stream:

        def at(address: int, size: int) -> bytes:
            stream.seek(places.offset(address))
            return stream.read(size)

        assert at(256 * MIB, 5000) == IMAGE.code
        assert at(places.initramfs_at, 9) == b"initramfs"
        assert at(places.line_at, 6) == b"a=b c\0"
        assert at(places.parameters_at + 0x202, 4) == b"HdrS"
        assert at(places.header_at, 4) == b"\x7fELF"
        assert (at(places.old_at, 5), at(places.old_at + span - 4, 4)) == (b"first", b"last")
        assert stream.seek(0, 2) == places.ram
    assert (tmp_path / stage.STUB_FILE).read_bytes() == bzimage.stub(entry=256 * MIB, parameters=places.parameters_at)


def test_a_line_that_the_kernel_would_cut_is_refused(tmp_path: Path) -> None:
    places = stage.arrange(stage.Reservation(256 * MIB, 32 * MIB), old(), image=IMAGE, initramfs=9)
    with pytest.raises(stage.StageError, match="command line of 2048 bytes"):
        stage.build(str(tmp_path), places, old(), image=IMAGE, initramfs=b"", line="x" * 2047)


HOST: t.Final = (
    f"console=tty0 console=ttyS0,115200 irqpoll panic=10 kdump.target=UUID={UUID} kdump.fstype=ext3 kdump.path=/c"
)


@pytest.mark.parametrize(
    ("line", "disk", "replaced", "kept"),
    [
        (HOST, words.Disk("ext3", "/c", uuid=UUID), False, "console=tty0 console=ttyS0,115200 irqpoll"),
        (
            f"quiet elfcorehdr=1M memmap=3M@4M kdump.target=local,limit=9,retries=2,UUID={UUID},auto,/var/crash",
            words.Disk("ext4", "/var/crash", uuid=UUID), False, "quiet kdump.target=local",
        ),
        (
            "kdump.target=ssh,a@10.0.0.1:22,x kdump.target=local,LABEL=dumps,ext2,/ kdump.net=52:54:00:00:00:01,dhcp",
            words.Disk("ext2", "/", label="dumps"), False, "kdump.target=ssh,a@10.0.0.1:22,x",
        ),
        (
            "irqpoll kdump.target=nfs,4,10.0.0.1:2049,/e,x kdump.net=52:54:00:00:00:01,dhcp kdump.final=halt",
            words.Disk("ext4", "/var/crash", uuid="made-up"), True, "irqpoll console=ttyS0 kdump.target=UUID=made-up",
        ),
        ("", words.Disk("ext4", "/var/crash", uuid="made-up"), True, "console=ttyS0 kdump.target=UUID=made-up"),
    ],
)  # fmt: skip
def test_the_host_s_line_for_this_machine(line: str, disk: words.Disk, replaced: bool, kept: str) -> None:
    found = words.rehearsed(line, uuid="made-up", header_at=0x1234000)
    assert (found.disk, found.replaced) == (disk, replaced)
    assert found.line.startswith(kept)
    assert found.line.endswith("no_timer_check panic=1 kdump.final=reboot elfcorehdr=0x1234000")
    assert not {"memmap", "kdump.final=halt", "panic=10"} & set(found.line.replace("=", " =").split())
    assert found.line.count("elfcorehdr=") == found.line.count("kdump.final=") == found.line.count("panic=") == 1
    assert ("kdump.net" in found.line) == ("kdump.net" in line and not replaced)


@pytest.mark.parametrize("fstype", ["xfs", "btrfs"])
def test_a_file_system_that_cannot_be_made_here_is_told(fstype: str) -> None:
    with pytest.raises(words.WordsError, match=f"target on {fstype}"):
        words.rehearsed(f"kdump.target=UUID={UUID} kdump.fstype={fstype} kdump.path=/", uuid="x", header_at=0)
