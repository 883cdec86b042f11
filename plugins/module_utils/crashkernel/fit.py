# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The size C(fit): what was measured for the images that this host is about to get, on a machine like this one."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..errors import KdumpError
from ..host.tree import Host
from ..kexec.cmdline import MACHINES
from .evaluate import system_ram
from .grammar import render_amount
from .table import Fit, choose, entries_of

#: What stands for a size.
FIT: t.Final = "fit"
IOMEM: t.Final = "/proc/iomem"


def resolve(
    size: str, options: t.Optional[Mapping[str, t.Any]], *, host: Host, machine: str, cpus: int
) -> tuple[str, t.Optional[Fit]]:
    """The size in the kernel's own words, and where it comes from if it is a fit."""
    if size != FIT:
        return size, None
    if options is None:
        raise KdumpError(
            "Cannot fit crashkernel= to this host: the option fit is missing, which tells what was measured. "
            "Give it the calibration and the digests of the images."
        )
    architecture = MACHINES.get(machine)
    if architecture is None:
        raise KdumpError(
            f"Cannot fit crashkernel= to this host: nobody has calibrated the architecture {machine}. Write a size."
        )
    if not options["targets"]:
        raise KdumpError(
            "Cannot fit crashkernel= to this host: fit.targets names no kind of target. Name one at least."
        )
    entries, memory = entries_of(options["calibration"]), system_ram(host.read(IOMEM) or "")
    fits = [
        choose(
            entries,
            architecture=architecture,
            kernel=options["kernel"],
            initramfs=options["initramfs"],
            target=target,
            memory=memory,
            cpus=cpus,
        )
        for target in options["targets"]
    ]
    # Any of them may be the one that gets the dump in the end.
    fit = max(fits, key=lambda fit: fit.size_bytes)
    return render_amount(fit.size_bytes), fit
