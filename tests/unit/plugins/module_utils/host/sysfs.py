# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded hosts: their sysfs and a few files beside it, written down with one link or file a line."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host

FOLDER = Path(__file__).parents[4] / "fixtures/sysfs"


def recorded(name: str, root: Path) -> Host:
    """Put a recorded host below ``root``."""
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        if not line.startswith("#"):
            put(root, line)
    return Host(str(root), pause=lambda seconds: None)


def put(root: Path, line: str) -> None:
    """Make one link (``path -> target``) or file (``path = content``), in place of one that is there."""
    path, kind, rest = line.split(" ", 2)
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    if kind == "->":
        file.symlink_to(rest)
        if path.startswith("/sys/"):
            (file.parent / rest).mkdir(parents=True, exist_ok=True)
    else:
        file.write_text(rest + "\n")
