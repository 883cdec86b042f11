# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes of the dead kernel's log as text that is harmless wherever it is shown."""

from __future__ import annotations

import re
import typing as t
import unicodedata

_PLAIN: t.Final = re.compile(rb"[\t\n -~]*")
_NOT_PLAIN: t.Final = re.compile(r"[^\t\n -~]")
#: Control and format characters, which hold terminal escapes and text that runs backwards, and separators of lines.
_HARMFUL: t.Final = frozenset({"Cc", "Cf", "Zl", "Zp"})


def is_plain(data: bytes) -> bool:
    """Whether the text is the bytes themselves."""
    return bool(_PLAIN.fullmatch(data))


def safe_text(data: bytes) -> str:
    r"""UTF-8 as text; bytes that are none, and characters that do anything but stand there, as C(\\x1b)."""
    if is_plain(data):
        return data.decode("ascii")
    return _NOT_PLAIN.sub(_harmless, data.decode("utf-8", "backslashreplace"))


def ascii_text(text: str) -> str:
    r"""The same with every character outside of ASCII as its bytes: C(\\xc3\\xa9)."""
    return text if text.isascii() else _NOT_PLAIN.sub(lambda match: _escaped(match[0]), text)


def _harmless(match: re.Match[str]) -> str:
    return _escaped(match[0]) if unicodedata.category(match[0]) in _HARMFUL else match[0]


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode())
