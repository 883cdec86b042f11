# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that stand for a size, C(fit) and C(vendor), brought into the kernel's own words."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ..host.tree import Host
from .fit import FIT, resolve
from .machine import SHIPPED, Machine, read_distribution, read_hardware, read_machine
from .table import Fit
from .vendor import VENDOR, Vendor, choose_table, shipped


@dataclass(frozen=True)
class Chosen:
    """A size in the kernel's words, and where it is from if it was not given so."""

    size: str = ""
    fit: t.Optional[Fit] = None
    vendor: t.Optional[Vendor] = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be known before it is relied upon."""
        notes = self.vendor.notes if self.vendor else ()
        return tuple(f"About what {VENDOR} reserves: {note}." for note in notes)

    def as_dict(self) -> dict[str, t.Any]:
        """Where it is from, as plain data by the word that was asked for."""
        return {
            "fit": self.fit.as_dict() if self.fit else None,
            "vendor": self.vendor.as_dict() if self.vendor else None,
        }


def choose_size(
    size: str,
    *,
    host: Host,
    fit: t.Optional[Mapping[str, t.Any]] = None,
    machine: t.Optional[Machine] = None,
) -> Chosen:
    """What a size is on this host."""
    if size not in (FIT, VENDOR):
        return Chosen(size)
    machine = machine or read_machine(size)
    if size == VENDOR:
        vendor = vendor_of(host, machine)
        return Chosen(vendor.spec, vendor=vendor)
    spec, fitted = resolve(size, fit, host=host, machine=machine.architecture, cpus=machine.cpus)
    return Chosen(spec, fit=fitted)


def vendor_of(host: Host, machine: Machine) -> Vendor:
    """What the host's distribution reserves: what the running kernel's package says, otherwise by the tables."""
    distribution, path = read_distribution(host), SHIPPED.format(machine.release)
    architecture, page = machine.architecture, machine.page
    said = shipped(host.read(path) or "", distribution, path=path, architecture=architecture, page=page)
    return said or choose_table(distribution, architecture=architecture, page=page, hardware=read_hardware(host))
