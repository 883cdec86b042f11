# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks between guests: what follows from names, and that packets of one reach the other."""

from __future__ import annotations

import ipaddress
import socket
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab import network

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@given(guest=names, name=names)
def test_a_name_leads_to_an_address_a_host_can_have(guest: str, name: str) -> None:
    place = network.interface(guest, name)
    whole = ipaddress.ip_interface(f"{place.address}/{place.prefix}")
    assert whole.network.is_private
    assert not whole.network.overlaps(ipaddress.ip_network("10.0.2.0/24")), "QEMU's user network is there"
    assert whole.ip not in (whole.network.network_address, whole.network.broadcast_address)
    assert whole.ip.packed[3] not in (0, 255)
    first = int(place.mac[:2], 16)
    assert first & 2 and not first & 1, "locally administered, and of one host"
    assert network.interface(guest, name) == place


@given(lab=names, name=names)
def test_a_segment_is_a_multicast_group_that_no_router_forwards(lab: str, name: str) -> None:
    group, port = network.segment(lab, name).split(":")
    assert ipaddress.ip_address(group) in ipaddress.ip_network("239.192.0.0/14")
    assert 1024 < int(port) < 32768, "below what the kernel hands out by itself"


def test_labs_do_not_meet_and_networks_neither() -> None:
    segments = {network.segment(lab, name) for lab in ("/a/lab", "/b/lab") for name in ("one", "two")}
    assert len(segments) == 4


def test_guests_of_one_network_are_in_one_range_with_addresses_of_their_own() -> None:
    places = [network.interface(guest, "dumps") for guest in ("host", "server", "alpha", "beta")]
    assert len({place.address for place in places}) == len({place.mac for place in places}) == 4
    assert len({ipaddress.ip_interface(f"{place.address}/16").network for place in places}) == 1


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "a,b", "a b", "a\n", "a" * 33, "ä"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(KdumpError, match="network's name"):
        network.checked_networks([name])


@pytest.mark.parametrize(
    ("wanted", "words"),
    [(["a", "a"], "the same network twice"), (["a", "b", "c", "d", "e"], "at most 4 fit")],
)
def test_networks_a_guest_cannot_be_in_are_refused(wanted: list[str], words: str) -> None:
    with pytest.raises(KdumpError, match=words):
        network.checked_networks(wanted)


def test_two_names_for_one_range_are_refused() -> None:
    by_range: dict[str, str] = {}
    for number in range(1000):
        name = f"net{number}"
        key = network.interface("x", name).address.split(".")[1]
        other = by_range.setdefault(key, name)
        if other != name:
            with pytest.raises(KdumpError, match="same range"):
                network.checked_networks([other, name])
            return
    pytest.fail("1000 names and not two of them in the same of 255 ranges")


def test_the_command_line_joins_each_network_on_the_loopback_interface() -> None:
    argv = network.netdev_argv("host", ["dumps", "more"], lab="/lab")
    netdevs = argv[1::4]
    devices = argv[3::4]
    assert argv[0::4] == ["-netdev", "-netdev"]
    assert [netdev.split(",")[1] for netdev in netdevs] == ["id=net1", "id=net2"]
    assert all(netdev.endswith(",localaddr=127.0.0.1") for netdev in netdevs)
    assert [f"mac={network.interface('host', name).mac}" in device for name, device in zip(["dumps", "more"], devices)]
    assert network.netdev_argv("host", [], lab="/lab") == []


def test_the_seed_is_a_line_for_each_network() -> None:
    text = network.seed_text("host", ["dumps", "more"])
    assert [line.split()[0] for line in text.splitlines()] == ["dumps", "more"]
    assert network.seed_text("host", []) == ""


def joined(group: str, port: int) -> socket.socket:
    """What QEMU does with "socket,mcast=...,localaddr=127.0.0.1"."""
    member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    loopback: t.Final = socket.inet_aton(network.LOOPBACK)
    member.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    member.bind((group, port))
    member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + loopback)
    member.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    member.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, loopback)
    member.settimeout(5)
    return member


def test_what_one_member_sends_reaches_the_others_and_no_other_segment() -> None:
    group, port = network.segment("/a/lab", "dumps").split(":")
    other = network.segment("/b/lab", "dumps").split(":")
    members = [joined(group, int(port)) for _number in range(3)]
    stranger = joined(other[0], int(other[1]))
    try:
        members[0].sendto(b"frame", (group, int(port)))
        assert [member.recv(100) for member in members[1:]] == [b"frame", b"frame"]
        stranger.settimeout(0.1)
        with pytest.raises(socket.timeout):
            stranger.recv(100)
    finally:
        for member in (*members, stranger):
            member.close()
