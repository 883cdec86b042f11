# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a host decides how much its distribution reserves: which distribution, which pages, which hardware."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

from ..errors import KdumpError
from ..host.tree import Host
from ..kexec.cmdline import MACHINES
from .vendor import Distribution, Hardware, parse_os_release

#: The first is a link to the second as a rule, and links are not followed.
OS_RELEASE: t.Final = ("/usr/lib/os-release", "/etc/os-release")
#: What a kernel's package says should be reserved for it.
SHIPPED: t.Final = "/usr/lib/modules/{}/crashkernel.default"
#: What Debian's and Ubuntu's kdump-tools bring for GRUB: shell that adds C(crashkernel=) to a variable.
KDUMP_TOOLS: t.Final = "/etc/default/grub.d/kdump-tools.cfg"
MLX5: t.Final = "/sys/bus/pci/drivers/mlx5_core"
PLATFORM: t.Final = "/sys/devices/platform"
#: Where the kernel is itself a guest whose memory is encrypted.
ENCRYPTED_GUEST: t.Final = ("/sys/devices/system/cpu/sev", "/dev/sev-guest")


@dataclass(frozen=True)
class Machine:
    """The architecture, by our name of it, the running kernel, the CPUs and the size of a page."""

    architecture: str
    release: str
    cpus: int
    page: int


def read_machine(size: str) -> Machine:
    """The machine that this runs on, of which ``size`` is to be found out."""
    system = os.uname()
    architecture = MACHINES.get(system.machine)
    if architecture is None:
        raise KdumpError(
            f"Cannot find out what {size} is: nothing is known about the architecture {system.machine}. Write a size."
        )
    return Machine(architecture, system.release, os.cpu_count() or 1, os.sysconf("SC_PAGE_SIZE"))


def read_distribution(host: Host) -> Distribution:
    """The distribution; without a name where the host does not tell."""
    texts = (host.read(path) for path in OS_RELEASE)
    return parse_os_release(next((text for text in texts if text), ""))


def read_hardware(host: Host) -> Hardware:
    """The hardware that distributions reserve more for."""
    try:
        smmu = any(name.startswith("arm-smmu-") for name in os.listdir(host.path(PLATFORM)))
    except OSError:
        smmu = False
    return Hardware(memory_encryption=_memory_encryption(host), mlx5=host.exists(MLX5), smmu=smmu)


def _memory_encryption(host: Host) -> bool:
    """Whether SME or SEV is in use. A CPU that could do it is not enough: it is off unless asked for."""
    line = host.line("/proc/cmdline") or ""
    asked = re.search(r"(?:^|\s)mem_encrypt=on(?:\s|$)", line)
    return bool(asked) or any(host.exists(path) for path in ENCRYPTED_GUEST)
