# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs as recipes: a valid file, and small patches at the places where its bytes matter.

A mutation of a whole dump would nearly always hit a page that nobody reads. A recipe is short, so that the fuzzer's
own mutations of it are changes of headers, notes, page tables, logs and tables of symbols.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

_LONGEST: t.Final = 16
#: So many places have a patch in the first recipes.
_PLACES: t.Final = 40
#: How long a recipe may be.
LENGTH: t.Final = 1024


@dataclass(frozen=True)
class Base:
    """A valid file, and where to patch it: offset and size of each place."""

    data: bytes
    places: tuple[tuple[int, int], ...]


class Recipe(t.NamedTuple):
    """The file that a recipe makes, and one byte that says how to look at it."""

    base: int
    way: int
    data: bytes


def everywhere(data: bytes, *places: tuple[int, int]) -> Base:
    """Patches at these places, and some anywhere."""
    return Base(data, (*(place for place in places if place[1] > 0), (0, len(data))))


def cook(recipe: bytes, bases: t.Sequence[Base]) -> Recipe:
    """Apply a recipe.

    Its bytes: the base, the way, where to cut (65535: nowhere), then patches: place, offset, length, bytes.
    """
    head = recipe[:4].ljust(4, b"\xff")
    number = head[0] % len(bases)
    data, at = bytearray(bases[number].data), 4
    while at + 4 <= len(recipe):
        start, size = bases[number].places[recipe[at] % len(bases[number].places)]
        # A place of more than 64 KiB is reached in steps.
        offset = int.from_bytes(recipe[at + 1 : at + 3], "little") * max(1, size >> 16) % size
        patch = recipe[at + 4 : at + 4 + recipe[at + 3] % _LONGEST + 1]
        data[start + offset : start + offset + len(patch)] = patch
        at += 4 + len(patch)
    cut = int.from_bytes(head[2:4], "little")
    return Recipe(number, head[1], bytes(data if cut == 0xFFFF else data[: len(data) * cut >> 16]))


def seeds(bases: t.Sequence[Base]) -> list[bytes]:
    """Each base with patches that change nothing yet, at the beginning and in the middle of its places."""
    found = []
    for number, base in enumerate(bases):
        recipe = bytes([number, 7, 0xFF, 0xFF])
        for place, (start, size) in enumerate(base.places[:_PLACES]):
            step = max(1, size >> 16)
            for offset in (0, size // 2 // step):
                patch = base.data[start + offset * step :][:8].ljust(8, b"\0")
                recipe += bytes([place]) + offset.to_bytes(2, "little") + bytes([len(patch) - 1]) + patch
        found.append(recipe)
    return found
