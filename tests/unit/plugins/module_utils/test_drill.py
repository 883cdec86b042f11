# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words the parts of a drill have agreed on."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.module_utils import drill


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("linux.kdump: [3.21] save-start kernel 6.1.0", ("3.21", "save-start", "kernel 6.1.0")),
        ("[    1.0] linux.kdump: [  0.90] core-saved\r", ("0.90", "core-saved", None)),
        ("linux.kdump: drill nonce=00", None),
        ("linux.kdump: [x] save-start", None),
    ],
)
def test_a_console_line_gives_uptime_tag_and_text(line: str, found: tuple[str, str, str | None] | None) -> None:
    match = drill.CONSOLE_PATTERN.search(line)
    assert (match and match.group("uptime", "tag", "text")) == found


@pytest.mark.parametrize("nonce", ["0" * 31, "0" * 33, "G" * 32, ""])
def test_only_a_whole_nonce_counts(nonce: str) -> None:
    assert not drill.NONCE_PATTERN.search(drill.NONCE_PREFIX + nonce + " ")
    assert drill.NONCE_PATTERN.search(drill.NONCE_PREFIX + "0a" * 16)


def test_a_tag_is_either_a_stage_or_a_failure() -> None:
    assert not set(drill.STAGES) & set(drill.FAILURES)
    for tag in [*drill.STAGES, *drill.FAILURES]:
        assert drill.CONSOLE_PATTERN.search(f"linux.kdump: [0.1] {tag} text")
