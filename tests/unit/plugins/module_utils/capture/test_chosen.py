# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From hosts' evidence to kconfig symbols, and to the modules of an image."""

from __future__ import annotations

import tarfile
import typing as t
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture import chosen, hosts
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs.modules import ModuleError
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, fleet
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig import fragment as kconfig
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import devices
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.kernel.test_build import GroupRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.source_tree import plant
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.host.sysfs import recorded

EMPTY: Mapping[str, t.Any] = {"target": {"path_modules": []}, "interfaces": []}


def evidence(name: str, root: Path) -> dict[str, t.Any]:
    """The part of the evidence about a recorded host that choices are made by."""
    host = recorded(name, root / name)
    steps = [asdict(step) for step in devices.target_steps("/var/crash", host)]
    return {"target": {"path_modules": steps}, "interfaces": devices.interface_documents(host)}


def host(name: str, root: Path, *interfaces: str) -> dict[str, t.Any]:
    return {"name": f"{name}1", "evidence": evidence(name, root), "interfaces": list(interfaces)}


@pytest.fixture
def request_for(tmp_path: Path) -> t.Callable[..., chosen.FleetRequest]:
    def make(*options: Mapping[str, t.Any], source: Path | None = None) -> chosen.FleetRequest:
        return chosen.FleetRequest(
            path=str(tmp_path / "out/fleet.config"), hosts=hosts.read(options),
            source=str(source or plant(tmp_path / "linux-6.1.7")), architecture=architectures.find("x86_64"),
            cache=str(tmp_path / "cache"),
        )  # fmt: skip

    return make


Make = t.Callable[..., chosen.FleetRequest]


def test_one_kernel_for_two_hosts(tmp_path: Path, request_for: Make, runner: FakeRunner) -> None:
    request = request_for(host("nvme", tmp_path), host("megaraid", tmp_path))
    result = chosen.write_fragment(request, runner, check_mode=False)
    text = Path(request.path).read_text()
    settings = {setting.name: setting.value for setting in kconfig.parse_fragment(text, "fleet")}
    assert settings == dict.fromkeys(
        ["EXT4_FS", "EXT4_USE_FOR_EXT2", "MEGARAID_SAS", "SCSI_LOWLEVEL", "SCSI", "BLK_DEV_SD", "SCSI_SCAN_ASYNC",
         "BLK_DEV_NVME", "XFS_FS"], "y",
    )  # fmt: skip
    assert "# megaraid_sas: megaraid1\nCONFIG_MEGARAID_SAS=y\n" in text
    assert result["changed"] is True
    assert [(line["module"], line["hosts"]) for line in result["symbols"]] == [
        ("ext4", ["megaraid1"]),
        ("megaraid_sas", ["megaraid1"]),
        ("nvme", ["nvme1"]),
        ("sd_mod", ["megaraid1"]),
        ("xfs", ["nvme1"]),
    ]
    assert chosen.write_fragment(request, runner, check_mode=False)["changed"] is False


def test_the_order_of_the_hosts_makes_no_difference(tmp_path: Path, request_for: Make, runner: FakeRunner) -> None:
    both = [host("nvme", tmp_path / "a"), host("megaraid", tmp_path / "b", "default")]
    request = request_for(*both)
    turned = replace(request, hosts=hosts.read(reversed(both)))
    assert chosen.desired(request, runner) == chosen.desired(turned, runner)


def test_check_mode_writes_nothing(tmp_path: Path, request_for: Make, runner: FakeRunner) -> None:
    request = request_for(host("nvme", tmp_path))
    result = chosen.write_fragment(request, runner, check_mode=True)
    assert result["changed"] is True
    assert "CONFIG_BLK_DEV_NVME=y\n" in result["diff"]["after"]
    assert not Path(request.path).exists()


@pytest.mark.parametrize(
    ("interface", "symbol"),
    [("default", "MLX5_CORE_EN"), ("0C:42:A1:00:00:11", "MLX5_CORE")],
)
def test_the_network_comes_with_its_interface(
    tmp_path: Path, request_for: Make, runner: FakeRunner, interface: str, symbol: str
) -> None:
    local = chosen.desired(request_for(host("nvme", tmp_path / "a")), runner).text
    remote = chosen.desired(request_for(host("nvme", tmp_path / "b", interface)), runner).text
    assert "CONFIG_NET=y" not in local
    assert {"CONFIG_NET=y", "CONFIG_PACKET=y", f"CONFIG_{symbol}=y"} <= set(remote.splitlines())
    assert remote.count("CONFIG_NET=y\n") == 1


def test_many_hosts_are_named_by_the_first(tmp_path: Path, request_for: Make, runner: FakeRunner) -> None:
    known = evidence("nvme", tmp_path)
    many = [{"name": f"n{number}", "evidence": known, "interfaces": []} for number in range(9)]
    assert "# nvme: n0, n1, n2 and 6 more\n" in chosen.desired(request_for(*many), runner).text


def test_a_tarball_is_read_once(tmp_path: Path, request_for: Make, runner: FakeRunner) -> None:
    tarball = tmp_path / "linux.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(plant(tmp_path / "linux-6.1.7"), "linux-6.1.7")
    request = request_for(host("nvme", tmp_path), source=tarball)
    first = chosen.desired(request, GroupRunner())
    (outline,) = (tmp_path / "cache/outlines").iterdir()
    kept = {path.name for path in outline.rglob("*") if path.is_file()}
    assert kept == {"Makefile", "Kbuild", "Kconfig"}
    # The runner would fail the test at any command.
    assert chosen.desired(request, runner) == first


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            {"device": "0000:01:00.0", "driver": "hpsa", "module": "hpsa"},
            "Cannot build a kernel for db1: on the way to its dump target is 0000:01:00.0 (driver hpsa), and this "
            "kernel source builds no module hpsa",
        ),
        (
            {"device": "vio0", "driver": "ibmvscsi", "module": None},
            "Cannot build a kernel for db1: on the way to its dump target is vio0 (driver ibmvscsi), and "
            "CONFIG_SCSI_IBMVSCSI needs PPC_PSERIES",
        ),
    ],
)
def test_a_driver_that_cannot_be_had_names_host_and_device(
    tmp_path: Path, request_for: Make, runner: FakeRunner, step: dict[str, t.Any], message: str
) -> None:
    known = evidence("nvme", tmp_path)
    known["target"]["path_modules"].append(step)
    request = request_for(host("megaraid", tmp_path), {"name": "db1", "evidence": known, "interfaces": []})
    with pytest.raises(fleet.FleetError) as caught:
        chosen.write_fragment(request, runner, check_mode=False)
    assert caught.value.message.startswith(message)
    assert not Path(request.path).exists()


@pytest.mark.parametrize(
    ("known", "interfaces", "message"),
    [
        ({}, [], "its evidence is incomplete. Gather it with linux.kdump.kdump_info"),
        ({"target": None, "interfaces": None}, [], "its evidence is incomplete"),
        ({"target": {"path_modules": []}}, [], "its evidence is incomplete"),
        (EMPTY, [], "names none between its dump target and its buses"),
        ({**EMPTY, "target": {"path_modules": [{}]}}, [], "Cannot read the driver"),
        ({**EMPTY, "interfaces": [{"mac": "aa"}]}, [], "its evidence is incomplete"),
        (EMPTY, ["default"], "it has no network interface default that is hardware"),
        (EMPTY, ["aa:bb:cc:dd:ee:ff"], "it has no network interface aa:bb:cc:dd:ee:ff"),
    ],
)
def test_evidence_that_tells_nothing(known: dict[str, t.Any], interfaces: list[str], message: str) -> None:
    with pytest.raises(KdumpError) as caught:
        hosts.read([{"name": "db1", "evidence": known, "interfaces": interfaces}])
    assert message in caught.value.message


@pytest.fixture
def module_tree(tmp_path: Path) -> str:
    tree = tmp_path / "lib/modules/6.1.7-kdump"
    tree.mkdir(parents=True)
    names = [
        "ext4",
        "xfs",
        "sd_mod",
        "megaraid_sas",
        "nvme",
        "dm-mod",
        "dm-crypt",
        "xts",
        "aes_generic",
        "raid1",
        "md-mod",
    ]
    (tree / "modules.dep").write_text("".join(f"kernel/{name}.ko:\n" for name in names))
    (tree / "modules.builtin").write_text("kernel/drivers/ata/ahci.ko\n")
    return str(tree)


def test_each_host_loads_its_own_modules(tmp_path: Path, module_tree: str) -> None:
    twin = {**host("megaraid", tmp_path / "twin"), "name": "twin"}
    result = chosen.choose_modules(
        hosts.read([host("nvme", tmp_path), host("megaraid", tmp_path), twin, host("layers", tmp_path)]), module_tree
    )
    assert result["changed"] is False
    assert result["modules"] == {
        "nvme1": ["nvme", "xfs"],
        "megaraid1": ["ext4", "megaraid_sas", "sd_mod"],
        "twin": ["ext4", "megaraid_sas", "sd_mod"],
        # ahci is built in; dm_crypt asks for its ciphers at run time
        "layers1": ["aes_generic", "dm_crypt", "dm_mod", "ext4", "md_mod", "raid1", "sd_mod", "xts"],
    }
    assert [image["hosts"] for image in result["images"]] == [["layers1"], ["megaraid1", "twin"], ["nvme1"]]


def test_what_mounts_a_target_by_nfs_is_among_the_modules(tmp_path: Path, module_tree: str) -> None:
    remote = {**host("nvme", tmp_path), "nfs": ["4.2", "3", "4"]}
    with pytest.raises(chosen.ChoiceError, match=r"for nvme1: .* is NFS 3 \(driver nfsv3\), and kernel 6\.1\.7-kdump"):
        chosen.choose_modules(hosts.read([remote]), module_tree)
    with (Path(module_tree) / "modules.dep").open("a") as stream:
        stream.write("fs/nfs/nfsv4.ko: fs/nfs/nfs.ko\nfs/nfs/nfsv3.ko: fs/nfs/nfs.ko\nfs/nfs/nfs.ko:\n")
    assert chosen.choose_modules(hosts.read([remote]), module_tree)["modules"] == {
        "nvme1": ["nfsv3", "nfsv4", "nvme", "xfs"]
    }


def test_a_kernel_for_a_fleet_mounts_its_targets_by_nfs(tmp_path: Path, request_for: Make, runner: FakeRunner) -> None:
    text = chosen.desired(request_for({**host("nvme", tmp_path), "nfs": ["4"]}), runner).text
    wanted = {"CONFIG_NET=y", "CONFIG_INET=y", "CONFIG_NETWORK_FILESYSTEMS=y", "CONFIG_NFS_FS=y", "CONFIG_NFS_V4=y"}
    assert wanted <= set(text.splitlines())
    assert "CONFIG_NFS_V3" not in text


def test_a_kernel_without_a_hosts_driver_is_refused(tmp_path: Path, module_tree: str) -> None:
    with pytest.raises(chosen.ChoiceError) as caught:
        chosen.choose_modules(hosts.read([host("nvme", tmp_path, "default")]), module_tree)
    assert caught.value.message == (
        "Cannot choose modules for nvme1: on the way to its dump target is 0000:17:00.1 (driver mlx5_core), and kernel "
        "6.1.7-kdump has no module mlx5_core, built in or not. Add a kconfig fragment that turns it on, or use the "
        "fragment fleet"
    )


def test_a_module_tree_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match=r"holds no modules\.dep"):
        chosen.choose_modules([], str(tmp_path))
