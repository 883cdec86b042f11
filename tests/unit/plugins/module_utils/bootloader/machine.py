# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with GRUB in a folder: real files, and a generator that reads its defaults by a real shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.grub import Grub
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.grub_layouts import Layout
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

#: What grub.d/10_linux does with the defaults, for one kernel.
GENERATE = """
set -e
if [ -e "$1/default/grub" ]; then . "$1/default/grub"; fi
for file in "$1"/default/grub.d/*.cfg; do if [ -e "$file" ]; then . "$file"; fi; done
cat <<END
menuentry 'Debian' \\$menuentry_id_option 'simple' {
\tlinux\t/vmlinuz root=/dev/vda1 ro $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT
}
submenu 'Advanced' {
\tmenuentry 'Debian (recovery mode)' \\$menuentry_id_option 'recovery' {
\t\tlinux\t/vmlinuz root=/dev/vda1 ro single $GRUB_CMDLINE_LINUX
\t}
}
END
"""

Spoil = Callable[[str], str]


class Machine:
    """``spoil`` changes what the generator writes, ``status`` is what it ends with."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.etc = root / "etc"
        (self.etc / "default" / "grub.d").mkdir(parents=True)
        (root / "boot").mkdir()
        self.layout = Layout(
            defaults=str(self.etc / "default" / "grub"),
            drop_ins=str(self.etc / "default" / "grub.d"),
            menu=str(root / "boot" / "grub.cfg"),
            generator=str(root / "grub-mkconfig"),
        )
        self.spoil: Spoil = lambda menu: menu
        self.status = 0
        self.runner = FakeRunner({(self.layout.generator,): self._answer})
        self.grub = Grub(self.runner, self.layout, root=str(root))
        (self.etc / "default" / "grub").write_text('GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n')
        (root / "grub-mkconfig").write_text("#!/bin/sh\n# reads ${sysconfdir}/default/grub.d\n")
        self.menu = root / "boot" / "grub.cfg"
        self.kept = root / "var/lib/linux-kdump.boot"
        self.menu.write_text(self.generate())
        self.drop_in = Path(self.layout.drop_in)

    def generate(self) -> str:
        """A menu from the defaults as they are."""
        argv = ["/bin/sh", "-c", GENERATE, "sh", str(self.etc)]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=10).stdout

    def add(self, name: str, text: str) -> None:
        """A drop-in of somebody else; the menu knows it already."""
        (self.etc / "default" / "grub.d" / name).write_text(text)
        self.menu.write_text(self.generate())

    def snapshot(self) -> dict[str, tuple[bytes, int, int]]:
        """Every file with content, mode and time of change: equal snapshots mean that nothing was written."""
        files = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return {str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in files}

    def contents(self) -> dict[str, tuple[bytes, int]]:
        """Every file with content and mode; copies kept are none."""
        return {path: known[:2] for path, known in self.snapshot().items() if not path.startswith(str(self.kept))}

    def linux_lines(self) -> list[str]:
        """The menu's kernel lines, blanks made one."""
        return [" ".join(line.split()) for line in self.menu.read_text().splitlines() if "linux\t" in line]

    def _answer(self, argv: Sequence[str]) -> tuple[int, str, str]:
        target = argv[argv.index("-o") + 1]
        Path(target).write_text(self.spoil(self.generate()))
        os.chmod(target, 0o600)
        return self.status, "", "boom" if self.status else ""
