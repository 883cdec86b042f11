# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills by the public way: the playbook, with another architecture, profile, target or reservation each."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

#: Seconds for one playbook; the first one of an architecture builds up to two kernels.
LIMIT: t.Final = 7200


class Drills:
    """Runs drills, each with its files in a folder of its own, and each only once."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._done: dict[str, dict[str, t.Any]] = {}

    def run(self, architecture: str, **variables: t.Any) -> dict[str, t.Any]:
        """The result of a drill, a failed one too; variables are those of the role, without their prefix."""
        wanted = {"drill_architecture": architecture, **variables}
        key = json.dumps(wanted, sort_keys=True)
        if key not in self._done:
            self._done[key] = self._run(self._folder / f"{len(self._done)}-{architecture}", wanted)
        return self._done[key]

    def _run(self, folder: pathlib.Path, wanted: dict[str, t.Any]) -> dict[str, t.Any]:
        given = {f"kdump_{name}": value for name, value in wanted.items()} | {"kdump_drill_path": str(folder)}
        playbook = pathlib.Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [str(playbook), "linux.kdump.drill", "--extra-vars", json.dumps(given)],
            capture_output=True, text=True, timeout=LIMIT, check=False, env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        )  # fmt: skip
        result = folder / "drill.json"
        if not result.exists():
            pytest.fail(f"The playbook did not come to its drill:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
        return t.cast("dict[str, t.Any]", json.loads(result.read_text()))


@pytest.fixture(scope="session")
def drills(tmp_path_factory: pytest.TempPathFactory) -> Drills:
    return Drills(tmp_path_factory.mktemp("drills"))
