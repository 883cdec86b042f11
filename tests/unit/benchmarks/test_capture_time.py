# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark of crashes leaves behind."""

from __future__ import annotations

import pathlib
import re
import sys

import pytest

from ansible_collections.linux.kdump.tests.benchmarks import capture_time


@pytest.mark.parametrize(("options", "expected"), [([], ["down.yml"]), (["--keep"], [])], ids=["usual", "keep"])
def test_guests_go_also_where_the_second_could_not_be_prepared(
    monkeypatch: pytest.MonkeyPatch, options: list[str], expected: list[str]
) -> None:
    played: list[str] = []

    def play(playbook: str, *given: str) -> int:
        played.append(playbook)
        for answer in re.findall(r"answer=(\S+)", " ".join(given)):
            pathlib.Path(answer).write_text("{}")
        return int(playbook == "peer.yml")

    monkeypatch.setattr(capture_time, "play", play)
    monkeypatch.setattr(sys, "argv", ["capture_time.py", *options])
    with pytest.raises(SystemExit, match="Cannot prepare the guest of kdump-tools"):
        capture_time.main()
    assert played == ["ours.yml", "peer.yml", *expected]
