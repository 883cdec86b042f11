# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks between guests: everything about them follows from names, so that nothing has to be agreed on.

Guests of a lab that name the same network share one Ethernet segment. It is a multicast group of the loopback
interface: any number of guests can join and leave, nobody needs privileges, and no packet leaves this machine.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from ..errors import KdumpError

PREFIX: t.Final = 16
LOOPBACK: t.Final = "127.0.0.1"
#: Slots of the guest's PCI bus are shared with its disks.
MOST: t.Final = 4
#: The ports that a segment's number is chosen from; multicast groups have ports of their own.
_FIRST_PORT: t.Final = 20000
_PORTS: t.Final = 10000

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True)
class Interface:
    """One guest's place in one network."""

    network: str
    mac: str
    address: str
    prefix: int = PREFIX

    def as_dict(self) -> dict[str, t.Any]:
        """The form that results and the inventory show."""
        return asdict(self)


def checked_networks(names: Sequence[str]) -> tuple[str, ...]:
    """The networks of a guest, if it can be in all of them at once."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise KdumpError(
                f"Cannot use {name!r} as a network's name. Write up to 32 of a-z, 0-9 and -, without a - at either end."
            )
    if len(names) > MOST:
        raise KdumpError(f"Cannot put a guest into {len(names)} networks: at most {MOST} fit.")
    by_range: dict[int, str] = {}
    for name in names:
        other = by_range.setdefault(_range(name), name)
        if other != name:
            raise KdumpError(
                f"Cannot put a guest into both {other} and {name}: these names lead to the same range of addresses."
                " Choose another name for one of them."
            )
    if len(by_range) < len(names):
        raise KdumpError("Cannot put a guest into the same network twice. Name each network once.")
    return tuple(names)


def interface(guest: str, network: str) -> Interface:
    """A guest's place in a network."""
    digest = _digest(guest, network)
    # 1 to 254 in both places, so that no address is that of the network or its broadcast
    third, fourth = 1 + digest[3] % 254, 1 + digest[4] % 254
    mac = ":".join(f"{byte:02x}" for byte in (0x52, 0x54, 0x00, *digest[:3]))
    return Interface(network=network, mac=mac, address=f"10.{_range(network)}.{third}.{fourth}")


def interfaces(guest: str, networks: Iterable[str]) -> tuple[Interface, ...]:
    """A guest's places in all of its networks."""
    return tuple(interface(guest, network) for network in networks)


def segment(lab: str, network: str) -> str:
    """The multicast group and port of a network; labs in other folders have others."""
    digest = _digest(lab, network)
    port = _FIRST_PORT + int.from_bytes(digest[3:5], "big") % _PORTS
    # the block of RFC 2365 that is an organisation's own
    return f"239.{192 + digest[0] % 4}.{digest[1]}.{digest[2]}:{port}"


def netdev_argv(guest: str, networks: Sequence[str], *, lab: str) -> list[str]:
    """The part of QEMU's command line that puts a guest into its networks."""
    argv = []
    for number, place in enumerate(interfaces(guest, networks), start=1):
        socket = f"socket,id=net{number},mcast={segment(lab, place.network)},localaddr={LOOPBACK}"
        device = f"virtio-net-pci,id=nic{number},netdev=net{number},mac={place.mac},romfile="
        argv += ["-netdev", socket, "-device", device]
    return argv


def seed_text(guest: str, networks: Iterable[str]) -> str:
    """What a guest is told of its networks: a line each, "network mac address/prefix"."""
    return "".join(
        f"{place.network} {place.mac} {place.address}/{place.prefix}\n" for place in interfaces(guest, networks)
    )


def check_neighbours(guest: str, networks: Sequence[str], others: Mapping[str, Sequence[str]]) -> None:
    """Refuse a name whose address another guest of the lab has already, however unlikely."""
    taken = {
        (place.network, place.address): name
        for name, joined in others.items()
        if name != guest
        for place in interfaces(name, joined)
    }
    for place in interfaces(guest, networks):
        other = taken.get((place.network, place.address))
        if other:
            raise KdumpError(
                f"Cannot put the guest {guest} into the network {place.network}: {other} has its address"
                f" {place.address}. Choose another name for one of them."
            )


def _range(network: str) -> int:
    """The second byte of a network's addresses: 10.0.x.y is QEMU's user network."""
    return 1 + _digest("", network)[0] % 255


def _digest(owner: str, network: str) -> bytes:
    return hashlib.sha256(f"{owner}\0{network}".encode()).digest()
