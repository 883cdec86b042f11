# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing from a dump does anything but stand there."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.log.text import ascii_text, safe_text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain \t text\nof two lines \\", "plain \t text\nof two lines \\"),
        ("Grüße 日本 🙂".encode(), "Grüße 日本 🙂"),
        (b"caf\xe9", "caf\\xe9"),
        (b"\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        (b"over\rwritten\x0b\x0c\x7f\0", "over\\x0dwritten\\x0b\\x0c\\x7f\\x00"),
        ("\x9b31m\x85".encode(), "\\xc2\\x9b31m\\xc2\\x85"),
        ("a\u202eb\u2028c\ufeff".encode(), "a\\xe2\\x80\\xaeb\\xe2\\x80\\xa8c\\xef\\xbb\\xbf"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
    ],
    ids=["plain", "UTF-8", "Latin-1", "escape", "controls", "C1", "backwards", "surrogate"],
)
def test_safe_text(data: bytes, text: str) -> None:
    assert safe_text(data) == text


@given(st.binary())
def test_whatever_the_bytes(data: bytes) -> None:
    text = safe_text(data)
    assert not {unicodedata.category(character) for character in set(text) - set("\n\t")} & {"Cc", "Cf", "Cs"}
    assert text.count("\n") == data.count(b"\n")
    assert ascii_text(text).isascii()


def test_ascii_text() -> None:
    assert ascii_text("caf\xe9 \\") == "caf\\xc3\\xa9 \\"
