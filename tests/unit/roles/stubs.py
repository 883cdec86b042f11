# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run our playbooks with ansible itself where modules and roles that take long only note what they are called with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

TOP: t.Final = Path(__file__).parents[3]
LIMIT: t.Final = 300

MODULE = """#!/usr/bin/python
# WANT_JSON
import json
import os
import sys

with open(sys.argv[1]) as stream:
    found = json.load(stream)
given = {name: value for name, value in found.items() if not name.startswith("_ansible")}
with open(os.environ["STUB_LOG"], "a") as stream:
    stream.write(json.dumps([found["_ansible_module_name"].rpartition(".")[2], given]) + "\\n")
print(json.dumps(RESULT))
"""


class Stubs:
    """A collection in which only some parts are ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.collection = folder / "collections/ansible_collections/linux/kdump"
        for name in ("playbooks", "roles", "plugins/modules"):
            (self.collection / name).mkdir(parents=True)
        self.log = folder / "log"

    def ours(self, *names: str) -> None:
        """Parts that are the real ones."""
        for name in names:
            (self.collection / name).parent.mkdir(parents=True, exist_ok=True)
            (self.collection / name).symlink_to(TOP / name)

    def module(self, name: str, **result: t.Any) -> None:
        """A module that notes its options and returns this."""
        text = MODULE.replace("RESULT", repr({"changed": False, **result}))
        (self.collection / f"plugins/modules/{name}.py").write_text(text)

    def role(self, name: str, tasks: t.Any) -> None:
        """A role with other tasks."""
        path = self.collection / f"roles/{name}/tasks/main.yml"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(tasks))

    def play(self, name: str, *, inventory: str = "", fails: bool = False, **variables: t.Any) -> str:
        """Run a playbook of the collection; what it printed."""
        hosts, configuration = self.folder / "hosts.yml", self.folder / "ansible.cfg"
        hosts.write_text(inventory or "{}")
        configuration.write_text("")
        self.log.unlink(missing_ok=True)
        ansible = Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [str(ansible), "-i", str(hosts), f"linux.kdump.{name}", "--extra-vars", json.dumps(variables)],
            env={**os.environ, **self._environment(configuration)}, cwd=self.folder, timeout=LIMIT, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert (done.returncode != 0) is fails, done.stdout
        return done.stdout

    def _environment(self, configuration: Path) -> dict[str, str]:
        return {
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"), "ANSIBLE_CONFIG": str(configuration),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "local"), "ANSIBLE_REMOTE_TEMP": str(self.folder / "remote"),
            "ANSIBLE_NOCOLOR": "1", "STUB_LOG": str(self.log),
        }  # fmt: skip

    def calls(self, module: str) -> list[dict[str, t.Any]]:
        """The options of each call of a module, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [given for name, given in map(json.loads, lines) if name == module]
