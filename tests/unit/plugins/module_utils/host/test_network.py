# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of how a host's way to a server is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import network
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

#: iproute2 6.1 on Debian 12: by a router, on the same network, and of a lease.
FAR = '[{"dst":"1.1.1.1","gateway":"192.0.2.1","dev":"eth0","prefsrc":"192.0.2.2","flags":[],"uid":0,"cache":[]}]'
NEAR = '[{"dst":"192.0.2.9","dev":"eth0","prefsrc":"192.0.2.2","flags":[],"uid":0,"cache":[]}]'
LOCAL = (
    '[{"type":"local","dst":"192.0.2.2","dev":"lo","table":"local","prefsrc":"192.0.2.2","flags":[],"cache":["local"]}]'
)
LINK = json.dumps([
    {},
    {
        "ifindex": 4, "ifname": "eth0", "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"], "link_type": "ether",
        "address": "02:fc:00:00:00:01",
        "addr_info": [
            {"family": "inet", "local": "192.0.2.7", "prefixlen": 32, "scope": "global"},
            {"family": "inet", "local": "192.0.2.2", "prefixlen": 24, "scope": "global", "label": "eth0"},
        ],
    },
])  # fmt: skip
LEASED = LINK.replace('"prefixlen": 24', '"prefixlen": 24, "dynamic": true')


def _host(tmp_path: Path, *, card: bool = True, kind: str | None = None) -> Host:
    folder = tmp_path / "sys/class/net/eth0"
    folder.mkdir(parents=True)
    for name in (["device"] if card else []) + ([kind] if kind else []):
        (folder / name).mkdir()
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/ip").touch(mode=0o755)
    return Host(str(tmp_path))


def _runner(route: str, link: str = LINK) -> FakeRunner:
    def answer(argv: Sequence[str]) -> tuple[int, str, str]:
        if "route" in argv:
            return 0, route, ""
        # asked for one family, ip 6.1 says nothing of the card's own address
        entries = json.loads(link) if "-4" in argv else []
        without = [{name: entry[name] for name in entry if name not in ("link_type", "address")} for entry in entries]
        return 0, json.dumps(without) if without else link, ""

    return FakeRunner({("/usr/sbin/ip",): answer})


@pytest.mark.parametrize(
    ("route", "link", "expected"),
    [
        (FAR, LINK, ("eth0", "02:fc:00:00:00:01", "192.0.2.2/24", "192.0.2.1")),
        (NEAR, LINK, ("eth0", "02:fc:00:00:00:01", "192.0.2.2/24", None)),
        (NEAR, LEASED, ("eth0", "02:fc:00:00:00:01", None, None)),
    ],
)
def test_the_way_to_a_server(tmp_path: Path, route: str, link: str, expected: tuple[str | None, ...]) -> None:
    found = network.route_to("1.1.1.1", host=_host(tmp_path), runner=_runner(route, link))
    assert tuple(found) == expected


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("bridge", "it is a bridge"),
        ("bonding", "it is a bond"),
        ("tun_flags", "a tunnel"),
        (None, "not a network card"),
    ],
)
def test_what_is_no_card_is_refused(tmp_path: Path, kind: str | None, said: str) -> None:
    host = _host(tmp_path, card=False, kind=kind)
    with pytest.raises(network.NetworkError, match=said):
        network.route_to("1.1.1.1", host=host, runner=_runner(FAR))


@pytest.mark.parametrize("route", ["[]", "[{}]", "{}", "[1]", LOCAL, '[{"type":"blackhole","dst":"1.1.1.1"}]'])
def test_without_a_route_there_is_one_error(tmp_path: Path, route: str) -> None:
    with pytest.raises(network.NetworkError, match="the host has no route to it"):
        network.route_to("1.1.1.1", host=_host(tmp_path), runner=_runner(route))


def test_what_is_no_ethernet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(network.NetworkError, match="it is not an Ethernet interface"):
        network.route_to("1.1.1.1", host=_host(tmp_path), runner=_runner(FAR, LINK.replace("ether", "infiniband")))


def test_an_answer_that_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(network.NetworkError, match="something that is not JSON: 'usage'"):
        network.route_to("1.1.1.1", host=_host(tmp_path), runner=_runner("usage"))


def test_a_host_without_ip(tmp_path: Path) -> None:
    with pytest.raises(network.NetworkError, match="ip is not installed"):
        network.route_to("1.1.1.1", host=Host(str(tmp_path)), runner=FakeRunner())


def test_a_command_that_fails_is_an_error(tmp_path: Path) -> None:
    runner = FakeRunner({("/usr/sbin/ip",): (2, "", "RTNETLINK answers: Network is unreachable")})
    with pytest.raises(KdumpError, match="Network is unreachable"):
        network.route_to("1.1.1.1", host=_host(tmp_path), runner=runner)


def test_addresses_need_no_resolver() -> None:
    assert network.resolved("192.0.2.9") == "192.0.2.9"
    assert network.resolved("localhost") == "127.0.0.1"


@pytest.mark.parametrize("name", ["2001:db8::1", "no.such.host.invalid", "", "a" * 300, "\udcff"])
def test_a_name_without_an_address(name: str) -> None:
    with pytest.raises(network.NetworkError, match="Cannot find the IPv4 address of the server"):
        network.resolved(name)
