# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says: about the loader's unit, and about the host as a whole."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ..command import CommandRunner, CommandTimeoutError
from . import paths
from .tree import Host

_SECONDS: t.Final = 30


@dataclass(frozen=True)
class Service:
    """The loader's unit."""

    enabled: bool
    active: bool


def is_masked(host: Host, unit: str) -> bool:
    """Whether somebody forbade the unit: a link to /dev/null stands in its place, until it is unmasked."""
    places = (host.path(f"{folder}/{unit}") for folder in ("/etc/systemd/system", "/run/systemd/system"))
    return any(os.path.islink(place) and os.readlink(place) == os.devnull for place in places)


def read_service(runner: CommandRunner) -> Service:
    """Ask systemd; a host without it, without the unit, or whose systemd does not answer, has neither."""
    argv = ["systemctl", "show", "--property=UnitFileState,ActiveState", paths.UNIT_NAME]
    try:
        done = runner.run(argv, what="ask systemd about the loader", timeout=_SECONDS, check=False)
    except CommandTimeoutError:
        return Service(enabled=False, active=False)
    state = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    return Service(enabled=state.get("UnitFileState") == "enabled", active=state.get("ActiveState") == "active")


def read_systemd_state(runner: CommandRunner) -> str | None:
    """running, degraded, starting ...; None where systemd does not answer."""
    argv = ["systemctl", "is-system-running"]
    try:
        done = runner.run(argv, what="ask systemd for its state", timeout=_SECONDS, check=False)
    except CommandTimeoutError:
        return None
    word = done.out.strip()
    return word if word.isalpha() else None
