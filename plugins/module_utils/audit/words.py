# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel command lines, taken apart once: hosts of a fleet have few different ones, and many judges ask."""

from __future__ import annotations

import functools

from ..kexec.cmdline import Argument, tokenise


@functools.lru_cache(maxsize=1024)
def words_of(line: str) -> tuple[Argument, ...]:
    """The words of a command line."""
    return tokenise(line)
