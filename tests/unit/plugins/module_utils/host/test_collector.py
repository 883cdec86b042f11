# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of whether a makedumpfile knows a kernel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.host import collector


@pytest.mark.parametrize(
    ("version", "release", "state", "latest"),
    [
        ("1.7.2", "6.1.0-40-cloud-amd64", "ok", "6.0"),
        ("1.7.2", "5.10.0-9-amd64", "ok", "6.0"),
        ("1.7.2", "6.5.0", "newer", "6.0"),
        ("1.7.3", "6.1.0", "newer", "6.0"),
        # Free pages are taken for pages in use: sonic-net/sonic-buildimage#25890.
        ("1.7.6", "6.12.41+deb13-amd64", "broken", "6.11"),
        ("1.7.2", "6.18.44", "broken", "6.0"),
        ("1.7.7", "6.12.41", "ok", "6.12"),
        ("1.7.8", "6.17.0-rc1", "ok", "6.17"),
        ("1.7.8", "6.18.0", "newer", "6.17"),
        ("1.7.9", "7.0.1", "ok", "7.0"),
        ("1.7.10", "7.1.0", "newer", "7.0"),
        ("1.6.8", "4.19.0", "unknown", None),
        (None, "6.1.0", "unknown", None),
        ("", "6.1.0", "unknown", None),
        ("1.7.2", "six", "unknown", None),
        ("1.7.2++", "6.0.1", "ok", "6.0"),
    ],
)
def test_pairs(version: str | None, release: str, state: str, latest: str | None) -> None:
    found = collector.support(version, release)
    assert (found.state, found.latest) == (state, latest)
    assert (found.message is not None) is (state in ("newer", "broken"))
    assert "\n" not in (found.message or "")


def test_advice_says_what_to_do() -> None:
    broken = collector.support("1.7.6", "6.12.41").message
    assert broken is not None and "too old for the kernel 6.12.41" in broken and "makedumpfile 1.7.7 or newer" in broken


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_has_a_state(version: str, release: str) -> None:
    assert collector.support(version, release).state in collector.STATES


def test_the_table_grows() -> None:
    kernels = [collector.LATEST[version] for version in sorted(collector.LATEST)]
    assert kernels == sorted(kernels)
    assert all(collector.SEEN[version] > collector.LATEST[version] for version in collector.SEEN)
