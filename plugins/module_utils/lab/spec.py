# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab guest is to be: values, checked once."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ..errors import KdumpError
from .network import checked_networks
from .sizes import parse_size

#: A guest's name is its host name and the name of its folder.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LEAST_MEMORY: t.Final = 128 << 20
#: The letters vdb to vdz.
_MOST_DISKS: t.Final = 25


@dataclass(frozen=True)
class GuestSpec:
    """Everything that decides what a guest is; a change of any of it needs a new guest."""

    name: str
    image: str
    memory: int
    cpus: int
    disk_size: int | None = None
    disks: tuple[int, ...] = ()
    accel: str = "tcg"
    cpu: str | None = None
    port: int | None = None
    extra_args: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    firmware: str = "bios"

    def as_dict(self) -> dict[str, t.Any]:
        """The form that the state file and the diff show."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def checked_name(name: str) -> str:
    """The name of a guest, if it can be one."""
    if not _NAME.fullmatch(name):
        raise KdumpError(
            f"Cannot use {name!r} as a guest's name: it must be a host name."
            " Write up to 63 of a-z, 0-9 and -, without a - at either end."
        )
    return name


def checked_lifetime(seconds: int) -> int:
    """The life-time of a guest, if it is one: timeout(1) takes 0 for "no limit"."""
    if seconds < 1:
        raise KdumpError(f"Cannot use lifetime {seconds}: every guest has an end. Give it 1 second or more.")
    return seconds


def guest_spec(options: Mapping[str, t.Any]) -> GuestSpec:
    """The spec that a task's options ask for."""
    spec = GuestSpec(
        name=checked_name(options["name"]),
        image=os.path.abspath(options["image"]),
        memory=parse_size(options["memory"], name="memory"),
        cpus=options["cpus"],
        disk_size=parse_size(options["disk_size"], name="disk_size") if options["disk_size"] else None,
        disks=tuple(parse_size(size, name="disks") for size in options["disks"]),
        accel=options["accel"],
        cpu=options["cpu"],
        port=options["port"],
        extra_args=tuple(options["extra_args"]),
        networks=checked_networks(options["networks"]),
        firmware=options["firmware"],
    )
    _check(spec)
    return spec


def _check(spec: GuestSpec) -> None:
    if spec.memory < _LEAST_MEMORY:
        raise KdumpError(f"Cannot use memory {spec.memory}: no guest boots in it. Give it 128M or more.")
    if not 1 <= spec.cpus <= 64:
        raise KdumpError(f"Cannot use cpus {spec.cpus}: a guest has 1 to 64.")
    if spec.port is not None and not 1 <= spec.port <= 65535:
        raise KdumpError(f"Cannot use port {spec.port}: ports are 1 to 65535. Leave it out and a free one is chosen.")
    if len(spec.disks) > _MOST_DISKS:
        raise KdumpError(f"Cannot give a guest {len(spec.disks)} more disks: at most {_MOST_DISKS} fit.")


def differences(recorded: Mapping[str, t.Any], wanted: GuestSpec) -> list[str]:
    """The fields in which a guest that exists differs from the one that is asked for."""
    known = {"networks": [], "firmware": "bios", **recorded}  # guests of before there was a choice
    return [name for name, value in wanted.as_dict().items() if known.get(name) != value]
