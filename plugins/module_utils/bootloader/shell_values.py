# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assignments in files that shells source: the arguments for kernels in /etc/default/grub and its like."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence

from .edited import Stanza

_ASSIGNMENT: t.Final = re.compile(
    r"""
    ^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\+?=
    (?: "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>[^']*)' | (?P<bare>[^\s"'`;&|\\]*) )
    (?=[ \t]*(?:\#[^\n]*)?$)
    """,
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)


def assignments(text: str, home: str, others: Sequence[str] = ()) -> tuple[Stanza, ...]:
    """One stanza: the parameter goes to the last assignment of ``home`` and out of all others.

    What is too clever to be read here is left alone; whoever uses the file has to look at what comes of it.
    """
    found = [match for match in _ASSIGNMENT.finditer(text) if match["name"] in (home, *others)]
    own = [match for match in found if match["name"] == home]
    place = own[-1] if own else None
    spans = tuple(_span(match) for match in found if match is not place)
    if place is not None and place["bare"] is None:
        return (Stanza(home, (_span(place), *spans)),)
    if place is None:
        before = "" if text.endswith("\n") or not text else "\n"
        return (Stanza(home, spans, insertion=(len(text), f'{before}{home}="', '"\n')),)
    if not place["bare"]:
        return (Stanza(home, spans, insertion=(place.end("bare"), '"', '"')),)
    return (Stanza(home, (*spans, _span(place)), insertion=(place.end(), f'\n{home}="${home} ', '"')),)


def _span(match: re.Match[str]) -> tuple[int, int]:
    group = next(name for name in ("double", "single", "bare") if match[name] is not None)
    return match.span(group)
