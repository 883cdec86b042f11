# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from a dump target to the root of the buses."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host import devices
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.host.sysfs import put, recorded


def lines(steps: list[devices.Step]) -> list[str]:
    return [f"{step.device} {step.driver} {step.module or '-'}" for step in steps]


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("virtio", ["/dev/vda ext4 -", "virtio1 virtio_blk -", "0000:00:02.0 virtio-pci -"]),
        ("nvme", ["/dev/nvme0n1p2 xfs xfs", "0000:5e:00.0 nvme nvme", "0000:5d:02.0 pcieport -"]),
        (
            "megaraid",
            [
                "/dev/sda2 ext4 ext4",
                "0:2:0:0 sd sd_mod",
                "0000:3b:00.0 megaraid_sas megaraid_sas",
                "0000:3a:00.0 pcieport -",
            ],
        ),
        (
            "layers",
            [
                "/dev/mapper/vg-root_crypt ext4 ext4",
                "dm-1 device-mapper dm_mod",
                "dm-1 dm-crypt dm_crypt",
                "dm-0 device-mapper dm_mod",
                "md0 md md_mod",
                "md0 raid1 raid1",
                "0:0:0:0 sd sd_mod",
                "0000:00:1f.2 ahci ahci",
                "1:0:0:0 sd sd_mod",
            ],
        ),
        (
            "btrfs",
            [
                "/dev/nvme0n1 btrfs btrfs",
                "0000:00:04.0 nvme nvme",
                "virtio0 virtio_blk virtio_blk",
                "0000:00:05.0 virtio-pci virtio_pci",
            ],
        ),
    ],
)
def test_every_driver_on_the_way_is_found(tmp_path: Path, name: str, steps: list[str]) -> None:
    assert lines(devices.target_steps("/var/crash", recorded(name, tmp_path))) == steps


@pytest.mark.parametrize(
    ("device", "source", "steps"),
    [
        ("259:1", "nvme0n1p1", ["0000:01:00.0 nvme nvme", "0000:00:01.0 pcieport -"]),
        ("8:16", "sdb", ["6:2:0:0 sd sd_mod", "0000:02:00.0 megaraid_sas megaraid_sas", "0000:00:02.0 pcieport -"]),
        ("8:0", "sda", ["0:0:0:0 sd sd_mod", "0000:00:1f.2 ahci ahci"]),
        ("254:0", "vda", ["virtio0 virtio_blk virtio_blk", "0000:00:04.0 virtio-pci virtio_pci"]),
    ],
)
def test_every_disk_of_one_machine(tmp_path: Path, device: str, source: str, steps: list[str]) -> None:
    host = recorded("q35", tmp_path)
    put(tmp_path, f"/proc/self/mountinfo = 28 1 {device} / / rw - xfs /dev/{source} rw")
    assert lines(devices.target_steps("/var/crash", host)) == [f"/dev/{source} xfs xfs", *steps]


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("/sys/devices/virtual/block/md0/md/level = raid6", "md0 raid6 raid456"),
        ("/sys/devices/virtual/block/dm-0/dm/uuid = mpath-3600508b400105e210000900000490000",
         "dm-0 dm-multipath dm_multipath"),
        ("/sys/devices/virtual/block/dm-0/dm/uuid = -", "dm-0 device-mapper dm_mod"),
    ],
)  # fmt: skip
def test_layers_say_what_they_need(tmp_path: Path, line: str, step: str) -> None:
    host = recorded("layers", tmp_path)
    put(tmp_path, line)
    assert step in lines(devices.target_steps("/var/crash", host))


@pytest.mark.parametrize(
    ("mount", "modules", "step"),
    [
        ("28 1 8:2 / / rw - ext3 /dev/sda2 rw", ("ext4",), "/dev/sda2 ext3 ext4"),
        ("28 1 8:2 / / rw - ext3 /dev/sda2 rw", ("ext3", "ext4"), "/dev/sda2 ext3 ext3"),
        ("28 1 0:44 / / rw - nfs4 vault:/dumps rw,vers=4.2", ("nfsv4",), "vault:/dumps nfs4 nfsv4"),
        ("28 1 0:44 / / rw - overlay overlay rw", (), "overlay overlay -"),
    ],
)
def test_the_module_of_a_file_system(tmp_path: Path, mount: str, modules: tuple[str, ...], step: str) -> None:
    put(tmp_path, f"/proc/self/mountinfo = {mount}")
    for module in modules:
        put(tmp_path, f"/sys/module/{module}/initstate = live")
    assert lines(devices.target_steps("/var/crash", Host(str(tmp_path)))) == [step]


def test_a_loop_device_says_so(tmp_path: Path) -> None:
    put(tmp_path, "/proc/self/mountinfo = 28 1 7:0 / / rw - ext4 /dev/loop0 rw")
    put(tmp_path, "/sys/devices/virtual/block/loop0/loop/backing_file = /disk.img")
    put(tmp_path, "/sys/dev/block/7:0 -> ../../devices/virtual/block/loop0")
    steps = lines(devices.target_steps("/", Host(str(tmp_path))))
    assert steps == ["/dev/loop0 ext4 -", "loop0 loop loop"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("virtio", ["eth0 02:fc:00:00:00:01 default virtio2 virtio_net -, 0000:00:03.0 virtio-pci -"]),
        (
            "nvme",
            [
                "ens1f0np0 0c:42:a1:00:00:10 default 0000:17:00.0 mlx5_core mlx5_core, 0000:16:02.0 pcieport -",
                "ens1f1np1 0c:42:a1:00:00:11 default 0000:17:00.1 mlx5_core mlx5_core, 0000:16:02.0 pcieport -",
            ],
        ),
        ("megaraid", ["eno1 d0:94:66:00:00:01 default 0000:04:00.0 tg3 tg3, 0000:00:1c.0 pcieport -"]),
        (
            "q35",
            [
                "eth0 52:54:00:12:34:57 other virtio1 virtio_net virtio_net, 0000:00:05.0 virtio-pci virtio_pci",
                "eth1 52:54:00:12:34:56 other 0000:03:00.0 e1000e e1000e, 0000:00:03.0 pcieport -",
            ],
        ),
        ("layers", []),
    ],
)
def test_interfaces_that_are_hardware(tmp_path: Path, name: str, found: list[str]) -> None:
    seen = devices.interfaces(recorded(name, tmp_path))
    assert [
        f"{i.name} {i.mac} {'default' if i.default else 'other'} {', '.join(lines(i.path_modules))}" for i in seen
    ] == found


def test_an_interface_that_is_not_in_the_default_route(tmp_path: Path) -> None:
    host = recorded("virtio", tmp_path)
    put(tmp_path, "/proc/net/route = eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF")
    assert [interface.default for interface in devices.interfaces(host)] == [False]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ([], []),
        (["/sys/class/net/br0/uevent = DEVTYPE=bridge"], ["br0 bridge bridge"]),
        (
            ["/sys/class/net/br0/uevent = DEVTYPE=bridge", "/sys/class/net/br0/lower_bond0.7/x = -",
             "/sys/class/net/bond0.7/uevent = DEVTYPE=vlan", "/sys/class/net/bond0.7/lower_bond0/x = -",
             "/sys/class/net/bond0/uevent = DEVTYPE=bond"],
            ["bond0 bond bonding", "bond0.7 vlan 8021q", "br0 bridge bridge"],
        ),
        (["/sys/class/net/br0/uevent = DEVTYPE=wlan"], []),
        (["/sys/class/net/other/uevent = DEVTYPE=bridge"], []),
    ],
    ids=["nothing", "bridge", "bridge of a VLAN of a bond", "hardware", "not in the default route"],
)  # fmt: skip
def test_layers_of_the_default_route(tmp_path: Path, files: list[str], found: list[str]) -> None:
    put(tmp_path, "/proc/net/route = br0 00000000")
    for line in files:
        put(tmp_path, line)
    assert lines(devices.layers(Host(str(tmp_path)))) == found


def test_a_host_that_shows_nothing(tmp_path: Path) -> None:
    assert devices.target_steps("/var/crash", Host(str(tmp_path))) == []
    assert devices.interfaces(Host(str(tmp_path))) == []


def test_links_that_go_round_end(tmp_path: Path) -> None:
    host = recorded("layers", tmp_path)
    put(tmp_path, "/sys/devices/virtual/block/md0/slaves/dm-1 -> ../../dm-1")
    put(tmp_path, "/sys/devices/virtual/net/a/lower_a -> ../a")
    put(tmp_path, "/proc/net/route = a 00000000\n../x 00000000")
    assert "0000:00:1f.2 ahci ahci" in lines(devices.target_steps("/var/crash", host))
    assert devices.interfaces(host) == []


def test_a_link_out_of_sysfs_leads_nowhere(tmp_path: Path) -> None:
    put(tmp_path, "/proc/self/mountinfo = 28 1 8:2 / / rw - ext4 /dev/sda2 rw")
    put(tmp_path, "/sys/dev/block/8:2 -> ../../../../../../../../etc")
    assert lines(devices.target_steps("/", Host(str(tmp_path)))) == ["/dev/sda2 ext4 -"]
