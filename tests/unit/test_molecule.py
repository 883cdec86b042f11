# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios, as far as they can be judged without guests."""

from __future__ import annotations

from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

MOLECULE = Path(__file__).parents[2] / "extensions/molecule"


@pytest.mark.parametrize("inventory", sorted((MOLECULE / "inventory").iterdir()), ids=lambda path: path.name)
def test_an_ordinary_user_becomes_root_in_every_play_on_a_guest(inventory: Path) -> None:
    if yaml.safe_load(inventory.read_text()).get("user", "root") == "root":
        return
    plays = [
        (file.name, play["name"], play.get("become"))
        for file in sorted((MOLECULE / inventory.name.partition(".")[0]).glob("*.yml"))
        for play in yaml.safe_load(file.read_text())
        if isinstance(play, dict) and play.get("hosts") == "kdump_lab"
    ]
    assert plays
    assert [play for play in plays if play[2] is not True] == []
