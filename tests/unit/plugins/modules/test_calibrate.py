# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module documents is what it returns."""

from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.linux.kdump.plugins.modules.calibrate import DOCUMENTATION, RETURN
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.test_calibrate import Lab


def test_every_option_and_returned_key_is_documented(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    assert set(lab.options()) == set(yaml.safe_load(DOCUMENTATION)["options"])
    # what only a failure returns, and what every module may
    assert set(lab.calibrate()) - {"changed"} == set(yaml.safe_load(RETURN)) - {"trials"}


def test_the_defaults_are_those_of_the_tests(tmp_path: Path) -> None:
    options = Lab(tmp_path).options()
    documented = yaml.safe_load(DOCUMENTATION)["options"]
    same = ("memory", "cpus", "smallest", "largest", "first", "passes", "trials", "profile", "architecture", "force")
    assert {name: options[name] for name in same} == {name: documented[name]["default"] for name in same}
