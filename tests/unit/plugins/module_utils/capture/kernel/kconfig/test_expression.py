# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of the Kconfig language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig import expression as expr

CONFIG = {"Y": "y", "M": "m", "NUMBER": "17", "TEXT": '"words"'}

WORDS = st.one_of(
    st.sampled_from(["Y", "M", "N", "y", "m", "n"]).map(expr.Word), st.just(expr.Word("a b", quoted=True))
)
EXPRESSIONS = st.recursive(
    st.one_of(WORDS, st.builds(expr.Compare, WORDS, st.sampled_from(["=", "!=", "<", ">="]), WORDS)),
    lambda inner: st.one_of(
        st.builds(expr.Not, inner),
        st.builds(expr.Join, st.sampled_from(["&&", "||"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Y", expr.YES),
        ("M", expr.MODULE),
        ("N", expr.NO),
        ("!M", expr.MODULE),
        ("Y && M", expr.MODULE),
        ("N || M || Y", expr.YES),
        ("N && Y || Y", expr.YES),
        ("N && (Y || Y)", expr.NO),
        ("M=m", expr.YES),
        ("M!=m", expr.NO),
        ("NUMBER >= 17", expr.YES),
        ("NUMBER < 0x10", expr.NO),
        ('TEXT = "words"', expr.YES),
        ("TEXT='words'", expr.YES),
        ("m && Y", expr.MODULE),
        ("$(cc-option,-mfoo $(deeper)) && Y", expr.YES),
        ("!(Y && N)", expr.YES),
    ],
)
def test_evaluate(text: str, value: int) -> None:
    assert expr.evaluate(expr.parse(text), CONFIG) == value


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Y && M", []),
        ("Y && N && M", ["N"]),
        ("N && Q && Y", ["N", "Q"]),
        ("Y && (N || Q)", ["N || Q"]),
        ("!Y && N = y", ["!Y", "N = y"]),
        ("!(Y || N)", ["!(Y || N)"]),
    ],
)
def test_unmet_terms(text: str, terms: list[str]) -> None:
    assert expr.unmet(expr.parse(text), CONFIG) == terms


@pytest.mark.parametrize(
    "text", ["", "&& Y", "Y &&", "(Y", "Y)", "Y Y", "= Y", "Y = (", "$(open", "Y ; N", "(" * 5000, "!" * 5000]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        expr.parse(text)


@given(EXPRESSIONS)
def test_what_is_printed_means_the_same(expression: expr.Expression) -> None:
    assert expr.evaluate(expr.parse(str(expression)), CONFIG) == expr.evaluate(expression, CONFIG)


@given(EXPRESSIONS)
def test_unmet_terms_are_off_and_only_there_if_the_whole_is(expression: expr.Expression) -> None:
    terms = expr.unmet(expression, CONFIG)
    assert bool(terms) == (expr.evaluate(expression, CONFIG) == expr.NO)
    assert all(expr.evaluate(expr.parse(term), CONFIG) == expr.NO for term in terms)


@given(st.text(alphabet="YMN&|!()=<>\"' $a", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expr.parse(text)
    except ValueError:
        return
