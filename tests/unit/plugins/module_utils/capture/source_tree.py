# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Makefiles and Kconfig files of a kernel source, as far as a few drivers go, in the shape of Linux 6.1."""

from __future__ import annotations

import shutil
from pathlib import Path

SOURCE = Path(__file__).parents[4] / "fixtures" / "kernel_source"


def plant(root: Path) -> Path:
    """Write the tree below ``root``."""
    shutil.copytree(SOURCE, root, dirs_exist_ok=True)
    return root
