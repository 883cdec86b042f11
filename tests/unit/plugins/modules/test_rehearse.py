# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module documents is what it takes and returns."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.linux.kdump.plugins.modules.rehearse import DOCUMENTATION, RETURN
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.rehearsal.test_rehearse import World


def test_every_option_and_returned_key_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, monkeypatch)
    assert set(world.rehearse()) == set(yaml.safe_load(RETURN)["rehearsal"]["contains"])
    assert set(world.options()) == set(yaml.safe_load(DOCUMENTATION)["options"])
