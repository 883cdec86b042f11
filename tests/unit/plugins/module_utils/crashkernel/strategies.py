# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random values and specs of crashkernel=."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.grammar import (
    SUFFIXES,
    Fixed,
    Range,
    Ranges,
    Spec,
    Suffixed,
    Value,
)

#: Round amounts, where machines and their limits are, and any other.
AMOUNTS: t.Final = st.one_of(
    st.integers(0, 64).map(lambda count: count << 27),
    st.integers(0, 4096).map(lambda count: count << 20),
    st.integers(0, (1 << 64) - 1),
)


@st.composite
def _ranges(draw: st.DrawFn) -> Range:
    start = draw(AMOUNTS)
    longer = st.integers(1, 1 << 37).map(lambda length: start + length).filter(lambda end: end < 1 << 64)
    end = draw(st.none() | longer) if start < (1 << 64) - 1 else None
    return Range(start, end, draw(AMOUNTS))


def values(suffixes: t.Sequence[str] = SUFFIXES) -> st.SearchStrategy[Value]:
    """Any value, with one of these suffixes or without."""
    offsets = st.none() | AMOUNTS.filter(bool)
    plain: st.SearchStrategy[Value] = st.builds(Fixed, AMOUNTS, offsets)
    ranged = st.builds(Ranges, st.lists(_ranges(), min_size=1, max_size=4).map(tuple), offsets)
    return st.one_of(plain, ranged, st.builds(Suffixed, AMOUNTS, st.sampled_from(tuple(suffixes))))


def specs(suffixes: t.Sequence[str] = SUFFIXES) -> st.SearchStrategy[Spec]:
    """One to four values on one command line."""
    return st.lists(values(suffixes), min_size=1, max_size=4).map(lambda several: Spec(tuple(several)))
