# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in a folder, from a table of its files."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.detect import Candidate
from ansible_collections.linux.kdump.plugins.module_utils.command import CommandRunner
from ansible_collections.linux.kdump.tests.unit.fakes import Answer, FakeRunner

Content = t.Union[str, bytes]
Make = Callable[[CommandRunner, str], Candidate]


@dataclass(frozen=True)
class Tree:
    """``files`` by their names, and the back end for them. ``answers`` are those of the loader's own tools.

    ``entries`` is how many entries have to hold the value; ``made`` are files that setting it
    adds, or in which it writes out what was a default.
    """

    files: Mapping[str, Content]
    loader: Make
    entries: int
    made: tuple[str, ...] = ()
    answers: Callable[[Path], Mapping[tuple[str, ...], Answer]] = lambda root: {}


class Box:
    """A tree as files below ``root``."""

    def __init__(self, tree: Tree, root: Path) -> None:
        self.root = root
        for name, content in tree.files.items():
            self.write(name, content)
        self.runner = FakeRunner(tree.answers(root))
        self.loader = tree.loader(self.runner, str(root))

    def write(self, name: str, content: Content) -> None:
        """A file of the machine."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self, name: str) -> str:
        """What a file of the machine says."""
        return (self.root / name).read_text()

    def snapshot(self) -> dict[str, tuple[bytes, int, int]]:
        """Every file with content, mode and time of change: equal snapshots mean that nothing was written."""
        files = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return {str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in files}

    def contents(self) -> dict[str, bytes]:
        """Every file that a boot loader or a package looks at; copies kept and files half written are none."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and "linux-kdump" not in str(path.relative_to(self.root)) and not _temporary(path.name)
        }

    def values(self) -> set[tuple[str, ...]]:
        """What the managed entries set."""
        return {
            tuple(word for word in entry.arguments if word.startswith("crashkernel="))
            for entry in self.loader.entries()
            if entry.managed
        }


def _temporary(name: str) -> bool:
    return re.fullmatch(r"\..+\.[a-z0-9_]{8}", name) is not None
