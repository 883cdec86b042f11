# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts need of a capture kernel, from the evidence that `kdump_info` gathered about them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import KdumpError
from . import drivers

#: Stands for the interfaces of the default route.
DEFAULT: t.Final = "default"


class EvidenceError(KdumpError):
    """Evidence that does not tell what a host needs."""


@dataclass(frozen=True)
class HostPath:
    """The drivers that one host needs, and whether one of its targets is on the network."""

    name: str
    drivers: tuple[drivers.Driver, ...]
    network: bool = False


def read(options: Iterable[Mapping[str, t.Any]]) -> list[HostPath]:
    """The hosts that a module was given."""
    return [
        host_path(host["name"], host["evidence"], host["interfaces"] or (), nfs=host.get("nfs") or ())
        for host in options
    ]


def host_path(
    name: str, evidence: Mapping[str, t.Any], interfaces: Sequence[str] = (), *, nfs: Iterable[str] = ()
) -> HostPath:  # fmt: skip
    """One host's drivers, those of the interfaces that its targets are reached by included (MAC or ``default``).

    A host that dumps over the network needs the way to its local file system too, for when the network fails. ``nfs``
    are the versions by which its targets are mounted.
    """
    try:
        found = drivers.read(evidence["target"]["path_modules"])
        known = [(each["mac"], each["default"], drivers.read(each["path_modules"])) for each in evidence["interfaces"]]
    except (KeyError, TypeError) as error:
        raise EvidenceError(
            f"Cannot choose drivers for {name}: its evidence is incomplete. Gather it with linux.kdump.kdump_info"
        ) from error
    for wanted in interfaces:
        matches = [chain for mac, default, chain in known if (default if wanted == DEFAULT else mac == wanted.lower())]
        if not matches:
            raise EvidenceError(
                f"Cannot choose drivers for {name}: it has no network interface {wanted} that is hardware. "
                "Correct its targets"
            )
        found = (*found, *(driver for chain in matches for driver in chain))
    if not drivers.needed(found):
        raise EvidenceError(
            f"Cannot choose drivers for {name}: its evidence names none between its dump target and its buses. "
            "Leave it out, and give it a profile that has everything built in"
        )
    clients = tuple(drivers.nfs_client(version) for version in sorted(set(nfs)))
    return HostPath(name, (*found, *clients), network=bool(interfaces or clients))
