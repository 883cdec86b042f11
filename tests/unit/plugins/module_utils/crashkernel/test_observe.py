# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the estimators ask for, read from hosts in folders."""

from __future__ import annotations

import struct
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.estimate import ESTIMATE
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.image_memory import image_memory
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.machine import Machine
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.observe import observe
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.sizing import UNKNOWN, choose_size
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.managed import Managed
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.kexec.hosts import write

MIB = 1 << 20
MACHINE = Machine("x86_64", "6.1.0", cpus=4, page=4096)
IOMEM = (
    "00100000-7fffffff : System RAM\n"
    "  01000000-01ffffff : Kernel code\n  02000000-027fffff : Kernel rodata\n  02800000-02bfffff : Kernel data\n"
    "  03000000-033fffff : Kernel bss\n"
    "100000000-27fffffff : System RAM\n"
)
GIVEN: dict[str, t.Any] = {
    "kernel_bytes": 2 * MIB, "kernel_memory_bytes": 9 * MIB, "initramfs_bytes": MIB, "unpacked_bytes": 2 * MIB,
    "modules": [],
}  # fmt: skip


def x86(init_size: int = 0, version: int = 0x20F) -> bytes:
    image = bytearray(0x400)
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, version)
    struct.pack_into("<I", image, 0x260, init_size)
    return bytes(image)


def arm64(image_size: int) -> bytes:
    return struct.pack("<IIQQQ", 0x91005A4D, 0, 0, image_size, 10) + bytes(24) + b"ARMd"


def elf(*sizes: int) -> bytes:
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<Q", head, 32, 64)
    struct.pack_into("<HH", head, 54, 56, len(sizes) + 1)
    loads = [struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size // 2, size, 4096) for size in sizes]
    return bytes(head) + b"".join(loads) + struct.pack("<IIQQQQQQ", 4, 4, 0, 0, 0, 99, 99, 4)


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (x86(30 * MIB), 30 * MIB), (x86(30 * MIB, version=0x209), None), (x86(30 * MIB)[:0x262], None), (x86(0), None),
        (arm64(40 * MIB), 40 * MIB), (arm64(0), None), (elf(20 * MIB, 3 * MIB), 23 * MIB), (elf(), None),
        (elf(MIB)[:80], None), (b"", None), (b"\x7fELF", None), (b"\x7fELF\x02\x01" + b"\xff" * 200, None),
        (b"\x1f\x8b" + bytes(600), None),
    ],
    ids=[
        "x86", "x86-old", "x86-cut", "x86-0", "arm64", "arm64-0", "elf", "elf-0", "elf-cut", "none", "magic", "ff",
        "gz",
    ],
)  # fmt: skip
def test_an_image_says_what_it_takes_or_nothing(head: bytes, size: int | None) -> None:
    assert image_memory(head) == size


@pytest.fixture
def host(tmp_path: Path) -> Host:
    write(tmp_path, "/proc/iomem", IOMEM)
    return Host(str(tmp_path))


def root(host: Host) -> Path:
    return Path(host.root)


def test_what_is_given_is_not_looked_for(host: Host) -> None:
    write(root(host), "/proc/slabinfo", "")
    inputs, assumed = observe({**UNKNOWN, **GIVEN}, host=host, machine=MACHINE)
    assert (inputs.kernel, inputs.kernel_memory, inputs.initramfs, inputs.unpacked, inputs.modules) == (
        2 * MIB, 9 * MIB, MIB, 2 * MIB, 0,
    )  # fmt: skip
    assert (inputs.ram, inputs.largest_low) == (0x7FF00000 + 0x180000000, 0x7FF00000)
    assert (inputs.luks, inputs.framebuffer, inputs.early, assumed) == (0, None, None, ())


def test_the_host_tells_about_its_own_images(host: Host) -> None:
    (root(host) / "boot").mkdir()
    (root(host) / "boot/vmlinuz-6.1.0").write_bytes(x86(30 * MIB))
    write(root(host), "/var/lib/kdump/initrd.img-6.1.0", "i" * 500)
    write(root(host), "/boot/initrd.img-6.1.0", "i" * 900)
    write(
        root(host),
        "/proc/modules",
        "virtio_blk 20480 2 - Live 0x0\next4 1000000 1 - Live 0x0\nother 7 0\nbad x\nshort\n",
    )
    inputs, assumed = observe({**UNKNOWN, "modules": ["virtio-blk", "ext4", "gone"]}, host=host, machine=MACHINE)
    assert (inputs.kernel, inputs.kernel_memory, inputs.initramfs) == (0x400, 30 * MIB, 500)
    assert (inputs.unpacked, inputs.modules) == (1500, 1020480)
    assert ["times as large" in note or "slabinfo" in note for note in assumed] == [True, True]


def test_an_image_that_says_nothing_takes_what_the_running_one_does(host: Host) -> None:
    write(root(host), "/boot/vmlinuz-6.1.0", "k" * 1000)
    write(root(host), "/boot/initramfs-6.1.0.img", "i" * 900)
    inputs, assumed = observe(UNKNOWN, host=host, machine=MACHINE)
    assert inputs.kernel_memory == (16 + 8 + 4 + 4) * MIB
    assert any("like the system's, /boot/initramfs-6.1.0.img" in note for note in assumed)
    other, assumed = observe({**UNKNOWN, "kernel": "/boot/vmlinuz-6.1.0"}, host=host, machine=MACHINE)
    assert other.kernel_memory == 6000
    assert any("6 times its file" in note for note in assumed)


@pytest.mark.parametrize("what", ["kernel", "initramfs"])
def test_an_image_that_is_not_there_is_named(host: Host, what: str) -> None:
    options = {**UNKNOWN, **GIVEN, f"{what}_bytes": None, what: "/no/such"}
    with pytest.raises(KdumpError, match=rf"no {what}, looked for /no/such\. Name it with the option estimate\.{what}"):
        observe(options, host=host, machine=MACHINE)


def test_the_console_the_slabs_and_the_early_boot_count(host: Host) -> None:
    folder = root(host)
    write(folder, "/sys/class/graphics/fb0/virtual_size", "1024,768\n")
    write(folder, "/sys/class/graphics/fb0/stride", "4096\n")
    write(folder, "/sys/class/graphics/fbcon/x", "")
    slab = "{} 510 510 80 51 1 : tunables 0 0 0 : slabdata 10 10 0\n"
    lines = slab.format("Acpi-State") + slab.format("kmalloc-64") + slab.format("ftrace_event_field") + "Acpi-Cut 1 2\n"
    write(folder, "/proc/slabinfo", "slabinfo - version: 2.1\n" + lines)
    write(
        folder, "/var/lib/kdump/mem-6.1.0", "MemTotal:  1000 kB\nMemFree:   400 kB\nPercpu:     40 kB\nHugePages: 0\n"
    )
    inputs, assumed = observe({**UNKNOWN, **GIVEN}, host=host, machine=MACHINE)
    assert inputs.framebuffer == 768 * 4096
    assert inputs.slabs == 2 * 10 * 4096
    assert inputs.early == (600 - 30) * 1024
    assert assumed == ()


@pytest.mark.parametrize("text", ["", "1024", "a,b", "1,2,3", "99999999,99999999", "-1,-1"])
def test_a_console_that_talks_nonsense_counts_nothing(host: Host, text: str) -> None:
    write(root(host), "/sys/class/graphics/fb0/virtual_size", text)
    write(root(host), "/sys/class/graphics/fb0/stride", "4096\n")
    inputs, _assumed = observe({**UNKNOWN, **GIVEN}, host=host, machine=MACHINE)
    assert inputs.framebuffer == 0


def test_an_estimate_is_rendered_and_explained(host: Host) -> None:
    chosen = choose_size(ESTIMATE, host=host, images=GIVEN, machine=MACHINE)
    assert chosen.estimate is not None
    # Red Hat's table alone has 256 MiB for 8 GiB of RAM.
    assert (chosen.size, chosen.estimate.size_bytes) == ("256M", 256 * MIB)
    assert [figure["estimator"] for figure in chosen.as_dict()["estimate"]["estimators"]] == [
        "kdumpctl", "calibrate", "kdump-config",
    ]  # fmt: skip
    assert chosen.warnings == (
        "For the estimate it is assumed that ACPI and ftrace keep nothing: /proc/slabinfo cannot be read.",
    )


def test_every_entry_gets_the_estimate(tmp_path: Path) -> None:
    managed = Managed(tmp_path)
    done = managed.reserve(ESTIMATE, images=GIVEN)
    assert done["estimate"]["size_bytes"] == done["expected_bytes"] > 64 * MIB
    assert [entry["after"] for entry in done["entries"]] == [done["spec"]] * 2
    assert (done["fit"], done["vendor"]) == (None, None)
    assert not managed.reserve(ESTIMATE, images=GIVEN)["changed"]
