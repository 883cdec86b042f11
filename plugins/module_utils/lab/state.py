# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a lab keeps what it knows, and how it tells whether a guest still runs."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import typing as t
from dataclasses import dataclass, replace

from ..errors import KdumpError
from ..files import canonical_json, read_text, write_atomic
from .network import interfaces

SCHEMA: t.Final = {"name": "linux.kdump/guest", "version": 1}
USER: t.Final = "root"
HOST: t.Final = "127.0.0.1"


@dataclass(frozen=True)
class LabPaths:
    """The files of a lab."""

    root: str

    @property
    def key(self) -> str:
        return os.path.join(self.root, "id_ed25519")

    def guest(self, name: str) -> GuestPaths:
        return GuestPaths(os.path.join(self.root, name), self.key)

    def lock(self, name: str) -> str:
        return os.path.join(self.root, f".{name}.lock")

    def failed_console(self, name: str) -> str:
        """Where the console of a guest that never booted is kept, when the guest itself is not."""
        return os.path.join(self.root, f"{name}.failed.log")


@dataclass(frozen=True)
class GuestPaths:
    """The files of a guest."""

    root: str
    key: str

    @property
    def name(self) -> str:
        return os.path.basename(self.root)

    def at(self, name: str) -> str:
        return os.path.join(self.root, name)

    @property
    def record(self) -> str:
        return self.at("guest.json")

    @property
    def known_hosts(self) -> str:
        return self.at("known_hosts")

    @property
    def socket(self) -> str:
        return self.at("qmp.sock")

    @property
    def pid(self) -> str:
        return self.at("qemu.pid")

    @property
    def qemu_log(self) -> str:
        return self.at("qemu.log")

    def console(self, boot: int) -> str:
        return self.at(f"console-{boot}.log")

    @property
    def ssh_options(self) -> list[str]:
        """How to reach the guest: its own key and nothing of the user's; a dead guest is noticed in half a minute."""
        settings = {
            "UserKnownHostsFile": self.known_hosts, "GlobalKnownHostsFile": "/dev/null", "HostKeyAlias": self.name,
            "StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes", "IdentityAgent": "none",
            "ServerAliveInterval": "5", "ServerAliveCountMax": "6",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-o", f'{name}="{value}"')]
        return ["-F", "/dev/null", *options]


@dataclass(frozen=True)
class Run:
    """One running QEMU."""

    pid: int
    ticks: int
    port: int
    boot: int
    accel: str
    started: int
    expires: int
    answered: bool = False


@dataclass(frozen=True)
class GuestRecord:
    """What is known about a guest that exists."""

    spec: dict[str, t.Any]
    boots: int = 0
    run: Run | None = None

    @property
    def running(self) -> bool:
        """True while this guest's own QEMU lives."""
        return self.run is not None and start_ticks(self.run.pid) == self.run.ticks

    @property
    def networks(self) -> list[str]:
        """The networks it is in; guests of before there were any have none."""
        return list(self.spec.get("networks", ()))

    def with_run(self, run: Run | None) -> GuestRecord:
        return replace(self, run=run, boots=run.boot if run else self.boots)


def start_ticks(pid: int) -> int | None:
    """When a process began, in clock ticks since boot: tells a process from its number's next owner."""
    stat = read_text(f"/proc/{pid}/stat")
    if stat is None:
        return None
    fields = stat.rpartition(")")[2].split()
    # a process that nobody has waited for yet is dead all the same
    return None if not fields or fields[0] in "ZX" else int(fields[19])


def write_record(paths: GuestPaths, record: GuestRecord) -> None:
    """Remember a guest."""
    run = dict(vars(record.run)) if record.run else None
    document = {"schema": SCHEMA, "name": paths.name, "spec": record.spec, "boots": record.boots, "run": run}
    write_atomic(paths.record, canonical_json(document))


def read_record(paths: GuestPaths) -> GuestRecord | None:
    """The guest as remembered, or None where there is none."""
    text = read_text(paths.record)
    if text is None:
        return None
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise KeyError("schema")
        run = Run(**document["run"]) if document["run"] else None
        return GuestRecord(spec=dict(document["spec"]), boots=int(document["boots"]), run=run)
    except (ValueError, KeyError, TypeError) as error:
        raise KdumpError(
            f"Cannot read {paths.record}: it is damaged or of another version. Remove the guest with state=absent."
        ) from error


def known_networks(lab_dir: str) -> dict[str, list[str]]:
    """The networks of all guests of a lab by name; a guest whose record is damaged counts as one without."""
    networks = {}
    for entry in os.scandir(lab_dir):
        with contextlib.suppress(KdumpError):
            record = read_record(GuestPaths(entry.path, "")) if entry.is_dir() else None
            networks[entry.name] = record.networks if record else []
    return networks


def running_guests(lab_dir: str) -> dict[str, GuestRecord]:
    """The running guests of a lab by name."""
    lab = LabPaths(os.path.abspath(lab_dir))
    try:
        names = sorted(entry.name for entry in os.scandir(lab.root) if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    records = {name: read_record(lab.guest(name)) for name in names}
    return {name: record for name, record in records.items() if record is not None and record.running}


def describe(paths: GuestPaths, record: GuestRecord) -> dict[str, t.Any]:
    """A guest as results and inventory show it."""
    run = record.run if record.running else None
    places = interfaces(paths.name, record.networks)
    return {
        "name": paths.name,
        "state": "running" if run else "stopped",
        "directory": paths.root,
        "image": record.spec.get("image"),
        "memory": record.spec.get("memory"),
        "cpus": record.spec.get("cpus"),
        "host": HOST,
        "addresses": {place.network: place.address for place in places},
        "interfaces": [place.as_dict() for place in places],
        "user": USER,
        "key": paths.key,
        "known_hosts": paths.known_hosts,
        "ssh_args": shlex.join(paths.ssh_options),
        "qmp": paths.socket,
        "console": paths.console(record.boots) if record.boots else None,
        "boots": record.boots,
        "port": run.port if run else None,
        "pid": run.pid if run else None,
        "accel": run.accel if run else None,
        "started": run.started if run else None,
        "expires": run.expires if run else None,
    }
