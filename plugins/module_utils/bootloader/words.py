# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel command lines as text: put C(crashkernel=) in or take it out, and keep every other byte."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence

from ..crashkernel.grammar import PARAMETER

#: Blanks inside double quotes do not end a word (lib/cmdline.c, next_arg).
_WORD: t.Final = re.compile(r'(\s*)((?:"[^"]*(?:"|\Z)|[^\s"])+)')
#: What stands behind this word is for init, not for the kernel.
_FOR_INIT: t.Final = "--"


def words(line: str) -> tuple[str, ...]:
    """The words of a command line."""
    return tuple(match[2] for match in _WORD.finditer(line))


def passed(line: str) -> tuple[str, ...]:
    """The words that set C(crashkernel=)."""
    return tuple(word for word in words(line) if word.startswith(PARAMETER))


def with_parameters(line: str, parameters: Sequence[str]) -> str:
    """The line with exactly these parameters of their kind, where the first of them stood, else at its end.

    What was put in so can be taken out so, and the line is what it was.
    """
    if passed(line) == tuple(parameters):
        return line
    pieces = [(match[1], match[2]) for match in _WORD.finditer(line)]
    end = line[sum(len(blank) + len(word) for blank, word in pieces) :]
    place = _place([word for _blank, word in pieces])
    middle = [(" ", word) for word in parameters]
    kept = [*_without(pieces[:place]), *middle, *_without(pieces[place:])]
    first = pieces[0][0] if pieces else ""
    # The line begins as it began, and every word but its first one has a blank before it.
    return "".join((first if index == 0 else blank or " ") + word for index, (blank, word) in enumerate(kept)) + end


def _place(found: Sequence[str]) -> int:
    ours = [index for index, word in enumerate(found) if word.startswith(PARAMETER)]
    if ours:
        return ours[0]
    return found.index(_FOR_INIT) if _FOR_INIT in found else len(found)


def _without(pieces: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(blank, word) for blank, word in pieces if not word.startswith(PARAMETER)]
