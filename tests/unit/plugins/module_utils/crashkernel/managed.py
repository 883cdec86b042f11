# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in a folder that also shows what its running kernel says."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.reserve import reserve
from ansible_collections.linux.kdump.plugins.module_utils.host.paths import REBOOT_NOTE
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.kexec.state import BOOT_ID
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.machine import Machine


class Managed(Machine):
    """A machine that also shows what its running kernel says."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.warnings: list[str] = []
        self.log: tuple[str, ...] = ()
        self.note = root / REBOOT_NOTE.lstrip("/")
        for folder in ("proc", "sys/kernel"):
            (root / folder).mkdir(parents=True)
        (root / "proc/iomem").write_text("00100000-3ffdbfff : System RAM\n")
        self.running("", reserved=0)

    def running(self, parameters: str, *, reserved: t.Optional[int]) -> None:
        """What the machine was booted with."""
        (self.root / "proc/cmdline").write_text(f"BOOT_IMAGE=/vmlinuz ro {parameters} quiet\n")
        size = self.root / "sys/kernel/kexec_crash_size"
        size.unlink(missing_ok=True)
        if reserved is not None:
            size.write_text(f"{reserved}\n")

    def noted(self, text: str, *, boot: str) -> None:
        """It was rebooted before, for what is noted, and this is another boot."""
        self.note.parent.mkdir(parents=True, exist_ok=True)
        self.note.write_text(text)
        (self.root / BOOT_ID.lstrip("/")).parent.mkdir(parents=True)
        (self.root / BOOT_ID.lstrip("/")).write_text(f"{boot}\n")

    def reserve(
        self,
        size: t.Optional[str],
        *,
        check: bool = False,
        timeout: int = 5,
        fit: t.Optional[dict[str, t.Any]] = None,
        minimum: int = 0,
        images: t.Optional[dict[str, t.Any]] = None,
    ) -> dict[str, t.Any]:
        """Run the module; None for C(state=absent)."""
        return reserve(
            size=size, state="absent" if size is None else "present", find=lambda: self.grub,
            timeout=timeout, check=check, warn=self.warnings.append, host=Host(str(self.root)), fit=fit,
            minimum=minimum, images=images, log=lambda: self.log,
        )  # fmt: skip
