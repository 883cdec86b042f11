# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where published rules and documents say something about the controls."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .documents import Reference


def _reference(source: str, name: str, title: str | None = None, url: str | None = None) -> Reference:
    return {"source": source, "id": name, "title": title, "url": url}


def _stig(rows: Sequence[tuple[str, str, str]]) -> tuple[Reference, ...]:
    return tuple(_reference(f"DISA STIG, {system}", rule, group or None) for system, rule, group in rows)


#: Rules that want kdump off, from the benchmarks of DISA as ComplianceAsCode/content holds them (b3a2cca935).
KDUMP_OFF: t.Final = _stig((
    ("RHEL 7", "RHEL-07-021300", ""),
    ("Oracle Linux 7", "OL07-00-021300", "V-221753"),
    ("RHEL 8", "RHEL-08-010670", "V-230310"),
    ("RHEL 9", "RHEL-09-213115", "V-257818"),
    ("RHEL 10", "RHEL-10-701200", "V-281322"),
    ("Oracle Linux 8", "OL08-00-010670", "V-248628"),
    ("Oracle Linux 9", "OL09-00-002385", "V-271733"),
    ("SLES 12", "SLES-12-010840", "V-217183"),
    ("SLES 15", "SLES-15-040190", "V-235003"),
    ("SLE Micro 5", "SLEM-05-213015", ""),
    ("Ubuntu 22.04", "UBTU-22-213015", "V-260473"),
    ("Ubuntu 24.04", "UBTU-24-600070", ""),
))  # fmt: skip

#: Rules that want kernel.kexec_load_disabled=1, which keeps kdump from loading anything from then on.
KEXEC_OFF: t.Final = _stig((
    ("RHEL 8", "RHEL-08-010372", "V-230266"),
    ("RHEL 9", "RHEL-09-213020", "V-257799"),
    ("RHEL 10", "RHEL-10-701050", "V-281307"),
    ("Oracle Linux 8", "V-248576", ""),
    ("Oracle Linux 9", "V-271766", ""),
))  # fmt: skip


def kernel_document(name: str, title: str) -> Reference:
    """A page of the kernel's documentation."""
    return _reference("Linux kernel documentation", name, title, f"https://docs.kernel.org/{name}.html")


KDUMP: t.Final = kernel_document("admin-guide/kdump/kdump", "Documentation for Kdump")
PARAMETERS: t.Final = kernel_document("admin-guide/kernel-parameters", "The kernel's command-line parameters")
SYSCTL: t.Final = kernel_document("admin-guide/sysctl/kernel", "Documentation for /proc/sys/kernel/")
SYSRQ: t.Final = kernel_document("admin-guide/sysrq", "Linux Magic System Request Key Hacks")
HOTPLUG: t.Final = kernel_document("core-api/cpu_hotplug", "CPU hotplug in the Kernel")
#: A vendor that asks for kdump to be tested regularly.
RED_HAT: t.Final = _reference(
    "Red Hat Enterprise Linux 8", "managing-monitoring-and-updating-the-kernel", "Updating and testing kexec-tools"
)
ANSSI: t.Final = _reference("ANSSI BP-028", "kernel.panic_on_oops", "Panic on an oops")
