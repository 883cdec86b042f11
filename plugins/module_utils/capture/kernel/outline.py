# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel source without its code: the Makefiles and Kconfig files, by which it tells what it can build."""

from __future__ import annotations

import os
import shutil
import tempfile

from ...command import CommandRunner
from .source import Source, unpacked_root

_PATTERNS = ("*/Makefile", "*/Kbuild", "*/Kconfig*")
#: The whole tarball is read for it: 17 s with two slow cores.
_TIMEOUT = 600


def outline(source: Source, cache: str, runner: CommandRunner) -> str:
    """The root of a tree with at least these files: the source itself, or what the cache keeps of a tarball (35 MB)."""
    if source.kind == "tree":
        return source.path
    outlines = os.path.join(cache, "outlines")
    folder = os.path.join(outlines, source.sha256[:16])
    if not os.path.isdir(folder):
        os.makedirs(outlines, exist_ok=True)
        _extract(source, folder, runner)
    return unpacked_root(folder, source.path)


def _extract(source: Source, folder: str, runner: CommandRunner) -> None:
    """Whole or not at all; where another run was faster, its result is as good."""
    staging = tempfile.mkdtemp(prefix=".outline-", dir=os.path.dirname(folder))
    try:
        os.chmod(staging, 0o755)
        argv = ["tar", "--extract", "--no-same-owner", "--file", source.path, "--directory", staging]
        runner.run([*argv, "--wildcards", *_PATTERNS], what=f"read {source.path}", timeout=_TIMEOUT)
        unpacked_root(staging, source.path)
        if not os.path.isdir(folder):
            os.rename(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
