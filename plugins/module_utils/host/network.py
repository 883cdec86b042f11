# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which interface a host reaches a server, and what its address is there: a capture kernel is to do the same.

Only a network card of its own will do: what a bridge, a bond or a VLAN is made of is not built anew after a crash.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import typing as t
from collections.abc import Callable, Mapping

from ..command import CommandRunner
from ..errors import KdumpError
from .tree import Host

_SECONDS: t.Final = 20
#: Turns a name into an IPv4 address.
Resolver = Callable[[str], str]


class NetworkError(KdumpError):
    """A server that the capture kernel could not reach."""


class Route(t.NamedTuple):
    """How a server is reached."""

    interface: str
    mac: str
    #: With its prefix length; None where it was leased, and is to be asked for again.
    address: str | None
    gateway: str | None


def resolved(name: str) -> str:
    """The IPv4 address of a server, since the capture kernel asks no name servers."""
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NetworkError(
            f"Cannot find the IPv4 address of the server {name[:80]!r}: {getattr(error, 'strerror', None) or error}. "
            "Give the address."
        ) from error
    return str(found[0][4][0])


def route_to(server: str, *, host: Host, runner: CommandRunner) -> Route:
    """The route to an IPv4 address, as the running system has it."""
    found = _first(_ask(["route", "get", server], f"ask for the route to {server}", host, runner))
    interface, source = found.get("dev"), found.get("prefsrc")
    if not isinstance(interface, str) or found.get("type", "unicast") != "unicast":
        raise NetworkError(f"Cannot reach the server {server}: the host has no route to it. Give another address.")
    _check_card(interface, server, host)
    link = _first(_ask(["addr", "show", "dev", interface], f"ask for the addresses of {interface}", host, runner))
    mac = link.get("address")
    if not isinstance(mac, str) or link.get("link_type") != "ether":
        raise NetworkError(f"Cannot use {interface} to reach {server}: it is not an Ethernet interface.")
    gateway = found.get("gateway")
    return Route(interface, mac, _address(link, source), gateway if isinstance(gateway, str) else None)


def _address(link: Mapping[str, t.Any], source: object) -> str | None:
    """The address that the host speaks from, unless it was leased."""
    for entry in link.get("addr_info") or ():
        if entry.get("family") == "inet" and entry.get("local") == source:
            return None if entry.get("dynamic") else f"{source}/{entry.get('prefixlen')}"
    return None


def _check_card(interface: str, server: str, host: Host) -> None:
    folder = f"/sys/class/net/{interface}"
    if os.path.isdir(host.path(folder)) and not host.exists(f"{folder}/device"):
        kinds = {"bridge": "a bridge", "bonding": "a bond", "tun_flags": "a tunnel"}
        kind = next((word for name, word in kinds.items() if host.exists(f"{folder}/{name}")), "not a network card")
        raise NetworkError(
            f"Cannot use {interface} to reach {server}: it is {kind}, and the capture kernel brings up network cards "
            "only. Choose a server that is reached by one, or a local target."
        )


def _ask(words: list[str], what: str, host: Host, runner: CommandRunner) -> object:
    tool = host.tool("ip")
    if tool is None:
        raise NetworkError(f"Cannot {what}: ip is not installed. Install it (package iproute2 on Debian).")
    # Not for one family ("-4"): then it would say nothing of the card itself.
    done = runner.run([tool, "-j", *words], what=what, timeout=_SECONDS)
    try:
        return json.loads(done.out)
    except ValueError:
        raise NetworkError(f"Cannot {what}: ip answered something that is not JSON: {done.out[:80]!r}") from None


def _first(answer: object) -> Mapping[str, t.Any]:
    """The first object of a list; old versions of ip put empty ones before it."""
    entries = answer if isinstance(answer, list) else []
    return next((entry for entry in entries if isinstance(entry, dict) and entry), {})
