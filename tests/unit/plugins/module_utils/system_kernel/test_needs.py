# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host needs of any kernel."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.system_kernel import needs
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.host.sysfs import put, recorded

RUNNING: t.Final = "6.1.0-40-amd64"
MODULES: t.Final = pathlib.PurePosixPath(f"/lib/modules/{RUNNING}")


def names(host: Host) -> list[str]:
    return [driver.names[0] for driver in needs.needed(host, RUNNING)]


@pytest.mark.parametrize(
    ("machine", "needed"),
    [
        ("virtio", ["ext4", "virtio_blk", "virtio_pci", "virtio_net"]),
        ("layers", ["ext4", "dm_mod", "dm_crypt", "md_mod", "raid1", "sd_mod", "ahci"]),
        ("megaraid", ["ext4", "sd_mod", "megaraid_sas", "tg3"]),
    ],
)
def test_disks_and_the_default_route(tmp_path: pathlib.Path, machine: str, needed: list[str]) -> None:
    assert names(recorded(machine, tmp_path)) == needed


def test_without_a_default_route_every_interface_counts(tmp_path: pathlib.Path) -> None:
    assert {"virtio_net", "e1000e"} <= set(names(recorded("q35", tmp_path)))


def test_what_the_default_route_goes_through(tmp_path: pathlib.Path) -> None:
    host = recorded("virtio", tmp_path)
    put(tmp_path, "/proc/net/route = br0 00000000")
    put(tmp_path, "/sys/class/net/br0/uevent = DEVTYPE=bridge")
    assert "bridge" in names(host)


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("UUID=1 /boot/efi vfat umask=0077 0 1", True),
        ("UUID=1 /boot/efi vfat", True),
        ("UUID=1\t/boot/efi\tvfat\tdefaults\t0\t1", True),
        ("UUID=1 /boot/efi vfat defaults,noauto 0 1", False),
        ("UUID=1 /boot/efi vfat nofail,umask=0077 0 1", False),
        ("UUID=1 /boot/efi vfat x-systemd.automount 0 1", False),
        ("#UUID=1 /boot/efi vfat defaults 0 1", False),
        ("UUID=2 none swap sw 0 0", False),
        ("UUID=3 /not/mounted xfs defaults 0 2", False),
        ("/boot/efi", False),
        ("", False),
    ],
)
def test_what_a_boot_mounts(tmp_path: pathlib.Path, line: str, needed: bool) -> None:
    host = recorded("virtio", tmp_path)
    mounts = (tmp_path / "proc/self/mountinfo").read_text()
    (tmp_path / "proc/self/mountinfo").write_text(f"{mounts}40 22 254:0 / /boot/efi rw - vfat /dev/vda rw\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/fstab").write_text(f"# what a boot mounts\nUUID=0 / ext4 errors=remount-ro 0 1\n{line}\n")
    assert ("vfat" in names(host)) is needed


def test_a_mount_point_with_a_blank(tmp_path: pathlib.Path) -> None:
    put(tmp_path, r"/proc/self/mountinfo = 40 22 0:44 / /a\040b rw - zfs tank rw")
    put(tmp_path, r"/etc/fstab = tank /a\040b zfs defaults 0 0")
    assert names(Host(str(tmp_path))) == ["zfs"]


def test_what_is_no_module_of_the_running_kernel_is_in_any(tmp_path: pathlib.Path) -> None:
    host = recorded("virtio", tmp_path)
    put(tmp_path, f"{MODULES}/modules.dep = kernel/fs/ext4/ext4.ko.xz:")
    put(tmp_path, f"{MODULES}/modules.builtin = kernel/drivers/virtio/virtio_pci.ko")
    assert names(host) == ["ext4", "virtio_pci"]


def test_a_host_that_shows_nothing_needs_nothing(tmp_path: pathlib.Path) -> None:
    assert names(Host(str(tmp_path))) == []


@pytest.mark.parametrize(
    ("modules", "may_lack", "lacks"),
    [
        (["ext4", "sd_mod", "megaraid_sas", "tg3"], [], []),
        (["ext4", "sd_mod"], [], ["megaraid_sas", "tg3"]),
        (["ext4", "sd_mod"], ["tg3"], ["megaraid_sas"]),
        (["ext4", "sd_mod"], ["tg3", "megaraid-sas"], []),
        ([], ["ext4"], ["sd_mod", "megaraid_sas", "tg3"]),
    ],
)
def test_what_a_kernel_lacks(
    tmp_path: pathlib.Path, modules: list[str], may_lack: list[str], lacks: list[str]
) -> None:  # fmt: skip
    required = needs.needed(recorded("megaraid", tmp_path), RUNNING)
    assert [driver.names[0] for driver in needs.lacking(required, modules, may_lack)] == lacks
