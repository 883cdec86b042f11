# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which package sources an image gets."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab.sources import host_sources, parse_targets
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

TARGETS = """\
http://mirror.example/debian/|bookworm|main|amd64
http://mirror.example/debian/|bookworm|main|i386
http://mirror.example/debian/|bookworm-updates|main|amd64
http://mirror.example/debian-security/|bookworm-security|main|amd64
http://other.example/node|nodistro|main|amd64
http://mirror.example/debian/|bookworm-backports|main|amd64
http://mirror.example/debian/|bookworm|main|amd64
"""


def test_a_suite_comes_with_its_updates_and_nothing_else() -> None:
    lines = [source.line for source in parse_targets(TARGETS, suite="bookworm", architecture="amd64")]
    assert lines == [
        "deb http://mirror.example/debian/ bookworm main",
        "deb http://mirror.example/debian/ bookworm-updates main",
        "deb http://mirror.example/debian-security/ bookworm-security main",
    ]


@pytest.mark.parametrize("text", ["", "|||", "a|b", "\n\n", "x|bookworm-security|main|amd64|more"])
def test_output_without_the_suite_is_no_source(text: str) -> None:
    assert parse_targets(text, suite="bookworm", architecture="amd64") == ()


def test_a_host_without_the_suite_is_told_what_to_do(runner: FakeRunner) -> None:
    runner.answers[("apt-get", "indextargets")] = (0, TARGETS, "")
    assert len(host_sources(runner, suite="bookworm", architecture="amd64")) == 3
    with pytest.raises(KdumpError, match=r"hold no trixie for amd64.*sources"):
        host_sources(runner, suite="trixie", architecture="amd64")
