# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the list of dump targets and of the words that carry it."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.save import targets
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError

UUID = "0a3407de-014b-458b-b5c1-848e92a327a3"
LOCAL = {"kind": "local", "uuid": UUID, "fstype": "ext4", "path": "/var/crash"}
RAW = {"kind": "raw", "partuuid": "8C1DB1E1-02"}
SSH = {"kind": "ssh", "host": "192.0.2.9", "path": "web1"}
NFS = {"kind": "nfs", "host": "192.0.2.8", "export": "/srv/dumps"}
NETWORK = targets.Network("52:54:00:12:34:56")


def test_one_local_target_keeps_its_three_words() -> None:
    assert targets.words(targets.parse([LOCAL])) == (
        f"kdump.target=UUID={UUID}", "kdump.fstype=ext4", "kdump.path=/var/crash",
    )  # fmt: skip


def test_one_local_target_without_a_type_leaves_it_out() -> None:
    found = targets.parse([{**LOCAL, "fstype": None}])
    assert targets.words(found) == (f"kdump.target=UUID={UUID}", "kdump.path=/var/crash")
    assert targets.kinds(found) == ()


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({**LOCAL, "limit": 5}, f"local,limit=5,UUID={UUID},ext4,/var/crash"),
        ({"kind": "local", "label": "dumps", "path": "/"}, "local,LABEL=dumps,auto,/"),
        (RAW, "raw,PARTUUID=8c1db1e1-02"),
        (SSH, "ssh,kdump@192.0.2.9:22,web1"),
        (
            {**SSH, "user": "dump", "port": 2222, "path": "dc1/web1", "limit": 60, "retries": 0},
            "ssh,limit=60,retries=0,dump@192.0.2.9:2222,dc1/web1",
        ),
        (NFS, "nfs,4,192.0.2.8:2049,/srv/dumps,/"),
        (
            {**NFS, "version": "3", "port": 12049, "path": "/a,b", "retries": 2},
            "nfs,retries=2,3,192.0.2.8:12049,/srv/dumps,/a,b",
        ),
    ],
)
def test_every_other_target_is_one_word(entry: dict[str, t.Any], word: str) -> None:
    found = targets.parse([entry])
    assert targets.words(found, NETWORK)[0] == f"kdump.target={word}"
    assert targets.kinds(found) == (entry["kind"],)


def test_several_targets_keep_their_order_and_share_one_network() -> None:
    found = targets.parse([SSH, LOCAL, NFS, RAW])
    assert targets.words(found, NETWORK) == (
        "kdump.target=ssh,kdump@192.0.2.9:22,web1",
        f"kdump.target=local,UUID={UUID},ext4,/var/crash",
        "kdump.target=nfs,4,192.0.2.8:2049,/srv/dumps,/",
        "kdump.target=raw,PARTUUID=8c1db1e1-02",
        "kdump.net=52:54:00:12:34:56,dhcp",
    )
    assert targets.kinds(found) == targets.KINDS
    assert targets.uses_network(found)


def test_a_network_that_nobody_uses_is_left_out() -> None:
    found = targets.parse([LOCAL, RAW])
    assert not targets.uses_network(found)
    assert len(targets.words(found, NETWORK)) == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({}, "kdump.net=52:54:00:ab:cd:ef,dhcp"),
        ({"address": "192.0.2.7/24"}, "kdump.net=52:54:00:ab:cd:ef,192.0.2.7/24"),
        (
            {"address": "192.0.2.7/24", "gateway": "192.0.2.1"},
            "kdump.net=52:54:00:ab:cd:ef,192.0.2.7/24,192.0.2.1",
        ),
    ],
)
def test_the_networks_word(arguments: dict[str, str], word: str) -> None:
    assert targets.network("52:54:00:AB:CD:EF", **arguments).word == word


@pytest.mark.parametrize(
    ("mac", "arguments", "said"),
    [
        ("eth0", {}, "mac 'eth0' is not"),
        ("52:54:00:ab:cd", {}, "mac '52:54:00:ab:cd' is not"),
        ("52:54:00:ab:cd:ef", {"address": "192.0.2.7"}, "its prefix length is missing"),
        ("52:54:00:ab:cd:ef", {"address": "192.0.2.7/33"}, "is not an IPv4 address with its prefix length"),
        ("52:54:00:ab:cd:ef", {"address": "2001:db8::1/64"}, "is not an IPv4 address with its prefix length"),
        ("52:54:00:ab:cd:ef", {"gateway": "192.0.2.1"}, "Cannot use a gateway without an address"),
        ("52:54:00:ab:cd:ef", {"address": "192.0.2.7/24", "gateway": "router"}, "'router' is not an IPv4 address"),
    ],
)
def test_a_network_that_cannot_be(mac: str, arguments: dict[str, str], said: str) -> None:
    with pytest.raises(targets.TargetsError, match=re.escape(said)):
        targets.network(mac, **arguments)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "target 1: its kind None is none of local, raw, ssh, nfs"),
        ({"kind": "ftp"}, "target 1: its kind 'ftp' is none of"),
        ({"kind": "local", "uuid": UUID}, "target 1 (local): path is missing"),
        ({"kind": "local", "path": "/"}, "named by either uuid or label"),
        ({**LOCAL, "label": "x"}, "named by either uuid or label"),
        ({**LOCAL, "uuid": "x;reboot"}, "uuid 'x;reboot' is not hexadecimal digits and dashes"),
        ({**LOCAL, "fstype": "vfat"}, "fstype 'vfat' is none of ext2, ext3, ext4, xfs, btrfs"),
        ({**LOCAL, "path": "var/crash"}, "path 'var/crash' is not an absolute path"),
        ({**LOCAL, "path": "/var/../etc"}, "holds . or .. as a folder"),
        ({**LOCAL, "path": "/a//b"}, "is not an absolute path"),
        ({**LOCAL, "path": "/a b"}, "is not an absolute path"),
        ({**LOCAL, "path": 7}, "path '7' is not an absolute path"),
        ({**LOCAL, "host": "192.0.2.1"}, "target 1 (local): it has no host"),
        ({"kind": "raw"}, "target 1 (raw): partuuid is missing"),
        ({"kind": "raw", "partuuid": "/dev/sda1"}, "partuuid '/dev/sda1' is not hexadecimal"),
        ({"kind": "ssh", "path": "web1"}, "target 1 (ssh): host is missing"),
        ({**SSH, "host": "server"}, "'server' is not an IPv4 address, and the capture kernel resolves no names"),
        ({**SSH, "host": "2001:db8::1"}, "is not an IPv4 address"),
        ({**SSH, "path": "/abs"}, "path '/abs' is not a relative path"),
        ({**SSH, "path": "a/../b"}, "holds . or .. as a folder"),
        ({**SSH, "user": "-oProxyCommand=x"}, "is not a user name"),
        ({**SSH, "port": 0}, "port '0' is not a number from 1 to 65535"),
        ({**SSH, "port": 65536}, "port '65536' is not a number"),
        ({**SSH, "port": True}, "port 'True' is not a number"),
        ({**NFS, "version": "2"}, "NFS version '2' is none of 3, 4, 4.0, 4.1, 4.2"),
        ({**NFS, "export": "srv"}, "export 'srv' is not an absolute path"),
        ({**NFS, "export": "/a,b"}, "export '/a,b' is not an absolute path"),
        ({**LOCAL, "limit": 0}, "limit '0' is not a number from 1 to 99999"),
        ({**LOCAL, "limit": "9" * 50}, "limit '99999999999999999999' is not a number"),
        ({**LOCAL, "retries": -1}, "retries '-1' is not a number from 0 to 99"),
    ],
)
def test_a_target_that_cannot_be(entry: dict[str, t.Any], said: str) -> None:
    with pytest.raises(targets.TargetsError, match=re.escape(said)) as caught:
        targets.parse([entry])
    assert caught.value.message.startswith("Cannot use target 1")
    assert "\n" not in caught.value.message


def test_a_target_is_named_by_its_place_in_the_list() -> None:
    with pytest.raises(targets.TargetsError, match=r"target 2 \(raw\)"):
        targets.parse([LOCAL, {"kind": "raw"}])


def test_a_list_must_hold_something_and_nothing_twice() -> None:
    with pytest.raises(targets.TargetsError, match="empty"):
        targets.parse([])
    with pytest.raises(targets.TargetsError, match="Cannot use target 3: it is the same as one before it"):
        targets.parse([LOCAL, RAW, LOCAL])
    with pytest.raises(targets.TargetsError, match="Cannot use 9 targets: at most 8"):
        targets.parse([{**SSH, "port": port} for port in range(1, 10)])


def test_a_network_target_needs_a_network() -> None:
    with pytest.raises(targets.TargetsError, match="kind nfs: no network is given"):
        targets.words(targets.parse([LOCAL, NFS]))


def test_targets_that_do_not_fit_on_the_command_line_are_refused() -> None:
    long = targets.parse([{**LOCAL, "limit": 1, "path": "/" + letter * 900} for letter in "abc"])
    with pytest.raises(targets.TargetsError, match=r"Cannot pass 3 targets .* take \d+ bytes .* room for 1855"):
        targets.words(long)


def test_a_target_has_a_name_for_people() -> None:
    names = [targets.described(target) for target in targets.parse([LOCAL, RAW, SSH, NFS])]
    assert names == [
        f"local:UUID={UUID},ext4,/var/crash",
        "raw:PARTUUID=8c1db1e1-02",
        "ssh:kdump@192.0.2.9:22,web1",
        "nfs:4,192.0.2.8:2049,/srv/dumps,/",
    ]


def test_the_trailer_has_its_documented_length() -> None:
    assert targets.TRAILER_BYTES == len(b"\nlinux.kdump-end " + b"0" * 64 + b"\n") == 82


_VALUE = st.one_of(st.text(max_size=12), st.integers(), st.none(), st.sampled_from(["192.0.2.1", "/x", "x", UUID]))
_NAMES = (
    "uuid",
    "label",
    "fstype",
    "path",
    "partuuid",
    "host",
    "port",
    "user",
    "export",
    "version",
    "limit",
    "retries",
)


@given(st.sampled_from(targets.KINDS), st.dictionaries(st.sampled_from(_NAMES), _VALUE))
def test_any_options_make_words_without_blanks_or_one_error(kind: str, options: dict[str, t.Any]) -> None:
    try:
        found = targets.words(targets.parse([{**options, "kind": kind}]), NETWORK)
    except KdumpError as error:
        assert "\n" not in error.message
    else:
        assert all(re.fullmatch(r"kdump\.[a-z]+=[A-Za-z0-9/._@%+=:,-]+", word) for word in found)
