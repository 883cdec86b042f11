# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the targets that a person lists to those that the capture kernel understands, by what this host knows."""

from __future__ import annotations

import ipaddress
import os
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..capture.save import targets as model
from ..command import CommandRunner
from ..errors import KdumpError
from ..host import network as host_network
from ..host.raw import Partition, find_partition
from ..host.target import find_target
from ..host.tree import Host

#: The options of one target, and of the interface.
TARGET: t.Final[dict[str, t.Any]] = {
    "kind": {"type": "str", "choices": list(model.KINDS), "required": True},
    "path": {"type": "str"},
    "uuid": {"type": "str"},
    "label": {"type": "str"},
    "fstype": {"type": "str", "choices": list(model.FILESYSTEMS)},
    "partuuid": {"type": "str"},
    "prepare": {"type": "bool", "default": False},
    "host": {"type": "str"},
    "port": {"type": "int"},
    "user": {"type": "str"},
    "export": {"type": "str"},
    "version": {"type": "str", "choices": list(model.NFS_VERSIONS)},
    "limit": {"type": "int"},
    "retries": {"type": "int"},
}
NETWORK: t.Final[dict[str, t.Any]] = {
    "mac": {"type": "str"},
    "address": {"type": "str"},
    "gateway": {"type": "str"},
}
#: The address that stands for asking a server for one.
DHCP: t.Final = "dhcp"

#: Devices that the save environment does not put together: LVM and LUKS, and RAID.
_STACKED: t.Final = re.compile(r"(/dev/)?(mapper/|dm-|md)")


class PlaceError(KdumpError):
    """A target that this host, or the capture kernel, cannot do."""


@dataclass(frozen=True)
class Places:
    """Where dumps go, in order."""

    targets: tuple[model.Target, ...]
    #: What each is on, by what the host knows: a device, or nothing.
    sources: tuple[str | None, ...]
    network: model.Network | None
    partitions: tuple[Partition, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command line."""
        return model.words(self.targets, self.network)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that the save environment must have been built for."""
        return model.kinds(self.targets)

    def document(self) -> list[dict[str, t.Any]]:
        """For the task's result."""
        return [
            {
                "kind": target.kind,
                "target": model.described(target),
                "source": source,
                "fstype": target.fstype if isinstance(target, model.Local) else None,
            }
            for target, source in zip(self.targets, self.sources)
        ]


def find_places(
    entries: Sequence[Mapping[str, t.Any]], network: Mapping[str, t.Any] | None, *, host: Host, runner: CommandRunner
) -> Places:
    """Look everything up that the capture kernel will not be able to look up."""
    given = [{name: value for name, value in entry.items() if value is not None} for entry in entries]
    sources: list[str | None] = []
    partitions: list[Partition] = []
    plain = []
    for number, entry in enumerate(given, start=1):
        what = f"target {number} ({entry['kind']})"
        consent = bool(entry.pop("prepare", False))
        if consent and entry["kind"] != "raw":
            raise PlaceError(f"Cannot use {what}: there is nothing to prepare on it. Take prepare out.")
        if entry["kind"] == "local":
            entry, source = _local(entry, what, host=host, runner=runner)
        elif entry["kind"] == "raw":
            partition = _raw(entry, consent=consent, host=host, runner=runner)
            partitions.append(partition)
            source = partition.device
        else:
            entry, source = _with_address(entry), None
        plain.append(entry)
        sources.append(source)
    targets = model.parse(plain)
    return Places(targets, tuple(sources), _network(targets, network or {}, host, runner), tuple(partitions))


def _local(
    entry: Mapping[str, t.Any], what: str, *, host: Host, runner: CommandRunner
) -> tuple[dict[str, t.Any], str | None]:
    """A file system by its name, or the one that a folder of the running system is on."""
    for name in ("uuid", "label"):
        if name in entry:
            device = _linked(f"/dev/disk/by-{name}/{entry[name]}", host)
            _check_plain(device, what)
            return dict(entry), device
    if "path" not in entry:
        raise PlaceError(f"Cannot use {what}: path is missing. Give it.")
    path = os.path.normpath(str(entry["path"]))
    found = find_target(path, host=host, runner=runner)
    _check_plain(found.source, what)
    _check_plain(_linked(found.source, host) if found.source else None, what)
    if not found.uuid or not found.fstype or not found.fs_path:
        raise PlaceError(
            f"Cannot use {what}: {path} is on {found.source or 'nothing'} ({found.fstype or 'unknown'}), which has no "
            "UUID to find it by after a crash. Choose a folder on a local disk."
        )
    return {**entry, "uuid": found.uuid, "fstype": found.fstype, "path": found.fs_path}, found.source


def _raw(entry: Mapping[str, t.Any], *, consent: bool, host: Host, runner: CommandRunner) -> Partition:
    (target,) = model.parse([entry])
    partuuid = target.partuuid if isinstance(target, model.Raw) else ""
    return find_partition(partuuid, consent=consent, host=host, runner=runner)


def _with_address(entry: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {**entry, "host": host_network.resolved(str(entry["host"]))} if "host" in entry else dict(entry)


def _check_plain(device: str | None, what: str) -> None:
    if device and _STACKED.match(device):
        raise PlaceError(
            f"Cannot use {what}: it is on {device}, and the capture kernel puts no LVM, RAID or encryption together. "
            "Choose a plain partition or disk."
        )


def _linked(link: str, host: Host) -> str | None:
    """The device that a link points to, None where there is none: the file system may come later."""
    try:
        return f"/dev/{os.path.basename(os.readlink(host.path(link)))}"
    except OSError:
        return None


def _network(
    targets: Sequence[model.Target], given: Mapping[str, t.Any], host: Host, runner: CommandRunner
) -> model.Network | None:
    """The interface to the servers: as it was given, and what was not given, as the running system has it."""
    servers = [target.host for target in targets if isinstance(target, (model.Ssh, model.Nfs))]
    if not servers:
        return None
    mac, address, gateway = (given.get(name) for name in ("mac", "address", "gateway"))
    if mac and address and (gateway or not _beyond(address, servers)):
        return model.network(mac, address=None if address == DHCP else address, gateway=gateway)
    routes = {server: host_network.route_to(server, host=host, runner=runner) for server in dict.fromkeys(servers)}
    if len({route.interface for route in routes.values()}) > 1:
        ways = ", ".join(f"{server} by {route.interface}" for server, route in routes.items())
        raise PlaceError(
            f"Cannot use these targets: they are reached by several interfaces ({ways}), and the capture kernel brings "
            "up one. Choose servers on one network."
        )
    route = routes[servers[0]]
    behind = servers if address is None else _beyond(address, servers)
    router = gateway or _gateway([routes[server] for server in behind], address)
    address = address or route.address or DHCP
    if address == DHCP:
        return model.network(mac or route.mac, gateway=gateway)
    return model.network(mac or route.mac, address=address, gateway=router)


def _beyond(address: str, servers: Sequence[str]) -> list[str]:
    """The servers that are no neighbours of a given address; none where that is no address at all."""
    try:
        neighbours = ipaddress.IPv4Interface(address).network
    except ValueError:
        return []
    if "/" not in address:
        return []
    return [server for server in servers if ipaddress.IPv4Address(server) not in neighbours]


def _gateway(routes: Sequence[host_network.Route], address: str | None) -> str | None:
    """The router that the running system has on its way to servers; ``address`` is one that was given for it."""
    gateways = sorted({route.gateway for route in routes if route.gateway})
    if len(gateways) > 1:
        raise PlaceError(
            f"Cannot use these targets: they are reached by several gateways ({', '.join(gateways)}), and the "
            "capture kernel knows one. Choose servers behind one of them."
        )
    if address and gateways and _beyond(address, gateways):
        raise PlaceError(
            f"Cannot use address {address}: servers are behind the gateway {gateways[0]}, which is not in its network. "
            "Give the gateway."
        )
    return gateways[0] if gateways else None
