# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text, sizes and times for people."""

from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.proof.text import (
    html_text,
    human_duration,
    human_size,
    printable,
)
from ansible_collections.linux.kdump.tests.unit.proof_samples import HOSTILE


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (50436505, "48.1 MiB"),
        (1024**2 - 1, "1.0 MiB"),
        (67108864, "64 MiB"),
        (2**63, "8 EiB"),
        (10**30, "867361737988.4 EiB"),
        (-1, "–"),
        (None, "–"),
        (True, "–"),
        ("12", "–"),
        (float("inf"), "–"),
        (float("nan"), "–"),
    ],
)
def test_human_size(octets: object, expected: str) -> None:
    assert human_size(octets) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.00 s"),
        (0.142, "0.14 s"),
        (0.996, "1.0 s"),
        (4.91, "4.9 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (72, "1 min 12 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (None, "–"),
        (-0.1, "–"),
        (float("nan"), "–"),
    ],
)
def test_human_duration(seconds: object, expected: str) -> None:
    assert human_duration(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\tb\nc", "a b␊c"),
        ("\x1b[31mred", "␛[31mred"),
        ("\x00\x7f\x9b", "␀␡\N{REPLACEMENT CHARACTER}"),
        ("gpj\u202eexe", "gpj\N{REPLACEMENT CHARACTER}exe"),
        ("\ud800", "\N{REPLACEMENT CHARACTER}"),
        ("Größe 日本", "Größe 日本"),
        (17, "17"),
    ],
)
def test_printable_neutralises(value: object, expected: str) -> None:
    assert printable(value) == expected


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_printable_is_bounded_and_harmless(value: str, limit: int) -> None:
    shown = printable(value, limit=limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)
    assert printable(shown, limit=limit) == shown


@given(st.text())
def test_html_text_never_ends_an_element_or_attribute(value: str) -> None:
    shown = html_text(value)
    assert not set("<>\"'") & set(shown)
    assert html.unescape(shown) == (printable(value) or "–")


def test_html_text_of_the_worst() -> None:
    shown = html_text(HOSTILE)
    assert "<script" not in shown
    assert len(html.unescape(shown)) == 300
    assert html_text(None) == html_text("") == "–"
