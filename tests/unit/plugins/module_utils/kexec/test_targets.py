# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of how listed targets become words of the capture kernel's command line."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.kexec.request import Request, desired_of, places_of, run
from ansible_collections.linux.kdump.plugins.module_utils.kexec.targets import find_places
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.kexec import hosts

UUID = "0a3407de-014b-458b-b5c1-848e92a327a3"
PARTUUID = "8c1db1e1-02"
LOCAL = {"kind": "local", "path": "/var/crash"}
RAW = {"kind": "raw", "partuuid": PARTUUID}
SSH = {"kind": "ssh", "host": "192.0.2.9", "path": "web1"}
NFS = {"kind": "nfs", "host": "192.0.2.8", "export": "/srv/dumps"}
IP = ("/usr/sbin/ip", "-j")
LINK = {
    "ifname": "eth0", "link_type": "ether", "address": "02:fc:00:00:00:01",
    "addr_info": [{"family": "inet", "local": "192.0.2.2", "prefixlen": 24}],
}  # fmt: skip


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with a card, and a partition for dumps."""
    found = hosts.build(tmp_path)
    hosts.write(tmp_path, "/usr/sbin/ip", "", mode=0o755)
    hosts.write(tmp_path, "/usr/sbin/blkid", "", mode=0o755)
    hosts.write(tmp_path, f"/dev/disk/by-partuuid/{PARTUUID}", "\0" * 8192)
    for card in ("eth0", "eth1"):
        (tmp_path / f"sys/class/net/{card}/device").mkdir(parents=True)
    return found


def routes(**ways: dict[str, str]) -> FakeRunner:
    """Answers of ip: by address, how it is reached."""
    found: dict[tuple[str, ...], tuple[int, str, str]] = {
        (*IP, "addr", "show", "dev"): (0, json.dumps([LINK]), ""),
        ("/usr/sbin/blkid",): (2, "", ""),
        ("systemctl",): (0, "UnitFileState=disabled\nActiveState=inactive\n", ""),
    }
    for name in ("192.0.2.9", "192.0.2.8"):
        way = {"dev": "eth0", "prefsrc": "192.0.2.2", **ways.get(f"to_{name[-1]}", {})}
        found[(*IP, "route", "get", name)] = (0, json.dumps([way]), "")
    return FakeRunner(found)


def words(host: Host, *entries: dict[str, t.Any], runner: FakeRunner | None = None, **network: str) -> tuple[str, ...]:
    """The words for these targets."""
    return find_places(entries, network, host=host, runner=runner or routes()).words


def test_one_local_folder_has_the_words_it_always_had(host: Host) -> None:
    assert words(host, LOCAL) == (f"kdump.target=UUID={UUID}", "kdump.fstype=ext4", "kdump.path=/var/crash")


def test_an_order_of_targets_with_the_interface_to_them(host: Host) -> None:
    assert words(host, SSH, NFS, LOCAL) == (
        "kdump.target=ssh,kdump@192.0.2.9:22,web1",
        "kdump.target=nfs,4,192.0.2.8:2049,/srv/dumps,/",
        f"kdump.target=local,UUID={UUID},ext4,/var/crash",
        "kdump.net=02:fc:00:00:00:01,192.0.2.2/24",
    )


def test_behind_a_router(host: Host) -> None:
    runner = routes(to_9={"gateway": "192.0.2.1"})
    assert words(host, SSH, NFS, runner=runner)[-1] == "kdump.net=02:fc:00:00:00:01,192.0.2.2/24,192.0.2.1"


def test_what_was_given_is_not_asked_for(host: Host) -> None:
    assert words(host, SSH, mac="52:54:00:00:00:01", address="dhcp")[-1] == "kdump.net=52:54:00:00:00:01,dhcp"
    assert words(host, SSH, address="192.0.2.3/25", gateway="192.0.2.5")[-1] == (
        "kdump.net=02:fc:00:00:00:01,192.0.2.3/25,192.0.2.5"
    )
    assert words(host, SSH, mac="52:54:00:00:00:01")[-1] == "kdump.net=52:54:00:00:00:01,192.0.2.2/24"


FAR = {**SSH, "host": "198.51.100.9"}


def far_away() -> FakeRunner:
    """A server behind a router."""
    runner = routes()
    way = {"dev": "eth0", "prefsrc": "192.0.2.2", "gateway": "192.0.2.1"}
    runner.answers[(*IP, "route", "get", FAR["host"])] = (0, json.dumps([way]), "")
    return runner


@pytest.mark.parametrize("names", ["", "mac", "address", "mac address"])
def test_the_router_is_the_running_systems_whatever_else_is_given(host: Host, names: str) -> None:
    given = {"mac": "02:fc:00:00:00:01", "address": "192.0.2.2/24"}
    found = words(host, FAR, runner=far_away(), **{name: given[name] for name in names.split()})
    assert found[-1] == "kdump.net=02:fc:00:00:00:01,192.0.2.2/24,192.0.2.1"


def test_a_neighbour_needs_no_router_and_no_question() -> None:
    nowhere = Host("/nonexistent")
    given = {"mac": "02:fc:00:00:00:01", "address": "192.0.2.3/24"}
    assert words(nowhere, SSH, runner=FakeRunner(), **given)[-1] == "kdump.net=02:fc:00:00:00:01,192.0.2.3/24"


def test_a_router_that_the_given_address_cannot_reach_is_refused(host: Host) -> None:
    with pytest.raises(KdumpError) as caught:
        words(host, FAR, runner=far_away(), address="203.0.113.2/24")
    assert "the gateway 192.0.2.1, which is not in its network. Give the gateway." in caught.value.message


@pytest.mark.parametrize("address", ["192.0.2.2", "x/24"])
def test_an_address_that_is_none_is_said_to_be_none(host: Host, address: str) -> None:
    with pytest.raises(KdumpError, match=r"Cannot use address .* (is not an IPv4 address|prefix length is missing)"):
        words(host, FAR, address=address, mac="02:fc:00:00:00:01", runner=far_away())


def test_a_name_is_resolved(host: Host) -> None:
    runner = routes()
    runner.answers[(*IP, "route", "get", "127.0.0.1")] = (0, json.dumps([{"dev": "eth0", "prefsrc": "192.0.2.2"}]), "")
    assert words(host, {**SSH, "host": "localhost"}, runner=runner)[0] == "kdump.target=ssh,kdump@127.0.0.1:22,web1"


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"dev": "eth1"}, "several interfaces (192.0.2.9 by eth0, 192.0.2.8 by eth1)"),
        ({"gateway": "192.0.2.6"}, "several gateways (192.0.2.1, 192.0.2.6)"),
    ],
)
def test_two_ways_to_two_servers_are_one_too_many(host: Host, second: dict[str, str], said: str) -> None:
    with pytest.raises(KdumpError) as caught:
        words(host, SSH, NFS, runner=routes(to_9={"gateway": "192.0.2.1"}, to_8=second))
    assert said in caught.value.message


@pytest.mark.parametrize("source", ["/dev/mapper/vg-root", "/dev/dm-0", "/dev/md127", "/dev/md/data"])
def test_what_the_capture_kernel_does_not_put_together_is_refused(tmp_path: Path, source: str) -> None:
    host = hosts.build(tmp_path, {"/proc/self/mountinfo": f"22 1 254:1 / / rw shared:1 - ext4 {source} rw\n"})
    with pytest.raises(KdumpError, match=r"target 1 \(local\): it is on .* no LVM, RAID or encryption"):
        words(host, LOCAL)


@pytest.mark.parametrize("name", ["uuid", "label"])
def test_by_its_name_too(host: Host, tmp_path: Path, name: str) -> None:
    folder = tmp_path / f"dev/disk/by-{name}"
    folder.mkdir(exist_ok=True)
    (folder / "abcd").symlink_to("../../dm-3")
    with pytest.raises(KdumpError, match=r"target 2 \(local\): it is on /dev/dm-3"):
        words(host, LOCAL, {"kind": "local", "path": "/", name: "abcd"})
    # One that is not there yet may come.
    assert words(host, {"kind": "local", "path": "/", name: "abce"})


def test_a_folder_without_a_uuid_is_refused(tmp_path: Path) -> None:
    host = hosts.build(tmp_path, {"/proc/self/mountinfo": "22 1 0:40 / / rw shared:1 - tmpfs tmpfs rw\n"})
    with pytest.raises(KdumpError, match="is on tmpfs"):
        words(host, LOCAL)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"kind": "local"}, "path is missing"),
        ({**LOCAL, "prepare": True}, "there is nothing to prepare"),
        ({"kind": "raw"}, "partuuid is missing"),
        ({"kind": "ssh", "path": "x"}, "host is missing"),
        (RAW, "Set prepare=true"),
    ],
)
def test_a_target_that_cannot_be(host: Host, entry: dict[str, t.Any], said: str) -> None:
    with pytest.raises(KdumpError, match=said):
        words(host, entry)


def _request(*entries: dict[str, t.Any], **more: t.Any) -> Request:
    return Request(state="enabled", targets=entries, **more)


def test_a_raw_partition_is_prepared_once_and_recovered_from_at_every_boot(host: Host, tmp_path: Path) -> None:
    entry = {**RAW, "prepare": True}
    partition = tmp_path / f"dev/disk/by-partuuid/{PARTUUID}"
    request = _request(entry, LOCAL)
    planned = run(request, host=host, runner=routes(), check_mode=True)
    assert planned["changed"] and partition.read_text() == "\0" * 8192
    done = run(request, host=host, runner=routes(), check_mode=False)
    assert partition.read_text().startswith(f"linux.kdump raw 1\npartuuid={PARTUUID}\nstate=empty\n")
    assert f"/dev/disk/by-partuuid/{PARTUUID}" in [entry["before_header"] for entry in done["diff"]]
    assert [place["kind"] for place in done["targets"]] == ["raw", "local"]
    script = (tmp_path / "usr/local/lib/linux-kdump/recover").read_text()
    assert f"partitions={PARTUUID}" in script and "dumps=/var/crash" in script
    unit = (tmp_path / "etc/systemd/system/linux-kdump.service").read_text()
    assert "Wants=linux-kdump-recover.service" in unit.split("[Service]")[0]
    enabled = routes()
    enabled.answers[("systemctl",)] = (0, "UnitFileState=enabled\nActiveState=inactive\n", "")
    assert not run(request, host=host, runner=enabled, check_mode=False)["changed"]
    # Without such a target nothing of it stays.
    assert run(_request(LOCAL), host=host, runner=enabled, check_mode=False)["changed"]
    assert not (tmp_path / "usr/local/lib/linux-kdump/recover").exists()
    assert not (tmp_path / "etc/systemd/system/linux-kdump-recover.service").exists()
    unit = (tmp_path / "etc/systemd/system/linux-kdump.service").read_text()
    assert "linux-kdump-recover.service" not in unit


def test_says_whether_the_host_has_what_makes_a_file_of_a_raw_dump(host: Host, tmp_path: Path) -> None:
    assert run(_request(LOCAL), host=host, runner=routes(), check_mode=True)["makedumpfile"] is None
    hosts.write(tmp_path, "/usr/bin/makedumpfile", "", mode=0o755)
    assert run(_request(LOCAL), host=host, runner=routes(), check_mode=True)["makedumpfile"] == "/usr/bin/makedumpfile"


def test_the_final_action_comes_last(host: Host) -> None:
    request = _request(SSH, LOCAL, final_action="halt")
    places = places_of(request, host=host, runner=routes())
    desired = desired_of(request, None, host=host, machine="x86_64", places=places)
    assert desired.recipe is not None
    assert desired.recipe.command_line.endswith("kdump.net=02:fc:00:00:00:01,192.0.2.2/24 kdump.final=halt")


def test_a_list_of_one_folder_is_the_same_as_the_folder(host: Host) -> None:
    listed = run(_request(LOCAL, final_action="reboot"), host=host, runner=routes(), check_mode=True)
    plain = run(Request(state="enabled", final_action="reboot"), host=host, runner=routes(), check_mode=True)
    assert listed["command_line"] == plain["command_line"]


@pytest.mark.parametrize(
    ("entries", "kinds"),
    [
        ([LOCAL], []),
        ([{**LOCAL, "retries": 2}], ["local"]),
        ([{**LOCAL, "limit": 60}], ["local"]),
        ([{**LOCAL, "label": "dumps"}], ["local"]),
        ([SSH, LOCAL], ["local", "ssh"]),
        ([], []),
    ],
    ids=["plain", "retries", "limit", "label", "two", "none"],
)
def test_the_kinds_that_the_image_must_know(host: Host, entries: list[dict[str, t.Any]], kinds: list[str]) -> None:
    found = run(_request(*entries), host=host, runner=routes(), check_mode=True)
    assert found["target_kinds"] == kinds


def test_unloading_needs_no_targets(host: Host) -> None:
    assert places_of(Request(state="unloaded", targets=(SSH,)), host=host, runner=FakeRunner()) is None
