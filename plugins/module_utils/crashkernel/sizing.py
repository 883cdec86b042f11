# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that stand for a size, C(fit), C(vendor) and C(estimate), brought into the kernel's own words."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ..host.paths import DUMPS
from ..host.tree import Host
from .estimate import ESTIMATE, Estimate, estimate
from .fit import FIT, resolve
from .grammar import render_amount
from .machine import KDUMP_TOOLS, SHIPPED, Machine, read_distribution, read_hardware, read_machine
from .observe import observe
from .table import Fit
from .vendor import VENDOR, NoTableError, Vendor, choose_table, of_kdump_tools, shipped

#: Images of which nothing is said.
UNKNOWN: t.Final[Mapping[str, t.Any]] = {
    "kernel": None, "kernel_bytes": None, "kernel_memory_bytes": None, "initramfs": None, "initramfs_bytes": None,
    "unpacked_bytes": None, "modules": None, "path": DUMPS, "network": False, "cpus": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """A size in the kernel's words, and where it is from if it was not given so."""

    size: str = ""
    fit: t.Optional[Fit] = None
    vendor: t.Optional[Vendor] = None
    estimate: t.Optional[Estimate] = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be known before it is relied upon."""
        notes = self.vendor.notes if self.vendor else ()
        assumed = self.estimate.assumed if self.estimate else ()
        return (
            *(f"About what {VENDOR} reserves: {note}." for note in notes),
            *(f"For the {ESTIMATE} it is assumed that {note}." for note in assumed),
        )

    def as_dict(self) -> dict[str, t.Any]:
        """Where it is from, as plain data by the word that was asked for."""
        return {
            "fit": self.fit.as_dict() if self.fit else None,
            "vendor": self.vendor.as_dict() if self.vendor else None,
            "estimate": self.estimate.as_dict() if self.estimate else None,
        }


def choose_size(
    size: str,
    *,
    host: Host,
    fit: t.Optional[Mapping[str, t.Any]] = None,
    images: t.Optional[Mapping[str, t.Any]] = None,
    machine: t.Optional[Machine] = None,
) -> Chosen:
    """What a size is on this host."""
    if size not in (FIT, VENDOR, ESTIMATE):
        return Chosen(size)
    machine = machine or read_machine(size)
    if size == VENDOR:
        vendor = vendor_of(host, machine)
        return Chosen(vendor.spec, vendor=vendor)
    if size == ESTIMATE:
        inputs, assumed = observe({**UNKNOWN, **(images or {})}, host=host, machine=machine)
        estimated = estimate(inputs, assumed)
        return Chosen(render_amount(estimated.size_bytes), estimate=estimated)
    spec, fitted = resolve(size, fit, host=host, machine=machine.architecture, cpus=machine.cpus)
    return Chosen(spec, fit=fitted)


def vendor_of(host: Host, machine: Machine) -> Vendor:
    """What the host's distribution reserves: what the running kernel's package says, otherwise by the tables.

    Of a release without a table, what its kdump-tools have brought: a file that somebody may have edited since.
    """
    distribution, path = read_distribution(host), SHIPPED.format(machine.release)
    architecture, page = machine.architecture, machine.page
    said = shipped(host.read(path) or "", distribution, path=path, architecture=architecture, page=page)
    if said:
        return said
    try:
        return choose_table(distribution, architecture=architecture, page=page, hardware=read_hardware(host))
    except NoTableError:
        text = of_kdump_tools(host.read(KDUMP_TOOLS) or "")
        said = shipped(text, distribution, path=KDUMP_TOOLS, architecture=architecture, page=page)
        if said is None:
            raise
        return said
