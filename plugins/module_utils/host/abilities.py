# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the running kernel can do for its own crash, by its configuration."""

from __future__ import annotations

from ..capture.kernel.architectures import ARCHITECTURES, MACHINES
from ..capture.kernel.fragments.system import REQUIRED, USEFUL
from .kernel_config import read_config
from .tree import Host


def kernel_lacks(host: Host, *, release: str, machine: str) -> list[str] | None:
    """The symbols that are off of those which kexec, kdump and analysis need; None where no configuration tells."""
    config = read_config(host, release)
    if not config:
        return None
    architecture = ARCHITECTURES.get(MACHINES.get(machine, ""))
    impossible = {"KEXEC_FILE"} if architecture and architecture.file_load is None else set()
    return [name for name in (*REQUIRED, *USEFUL) if name not in impossible and config.get(name) != "y"]
