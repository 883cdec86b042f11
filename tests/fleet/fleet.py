# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A collection whose kdump_info answers with known evidence, and runs of ansible-runner and ansible-pull with it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable
from pathlib import Path

import yaml

from ansible_collections.linux.kdump.tests.unit.audit_hosts import armed, debian, off
from ansible_collections.linux.kdump.tests.unit.roles.stubs import Stubs

LIMIT = 300
#: Where a worker leaves what is to be sent back; ansible-runner's own name for it.
DEST = "{{ lookup('ansible.builtin.env', 'AWX_ISOLATED_DATA_DIR') }}/audit"
FLEET = [f"host{number}" for number in range(6)]
POLICY = {
    "name": "fleet", "posture": "required", "hosts": {"host5": {"posture": "forbidden"}},
    "exceptions": [{"id": "EX-1", "controls": ["KD-102"], "groups": ["all"], "owner": "ops",
                    "justification": "Only seen in tests.", "expires": "2026-12-31"}],
}  # fmt: skip
EVIDENCE = {"host0": armed(), "host1": debian(), "host2": armed(crash__loaded=False), "host5": off()}
#: Answers with the evidence of the host that it runs on, which it knows by its interpreter's variable.
INFO = """#!/usr/bin/python
# WANT_JSON
import json
import os

with open(os.environ["STUB_EVIDENCE"]) as stream:
    known = json.load(stream)
print(json.dumps({"changed": False, "evidence": known[os.environ["STUB_HOST"]]}))
"""


class Fleet:
    """The collection, the evidence of each host, and the runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stubs = Stubs(folder)
        for name in ("roles/audit", "playbooks/audit.yml", "galaxy.yml"):
            self.stubs.ours(name)
        for name in ("action", "module_utils", "plugin_utils", "doc_fragments"):
            self.stubs.ours(f"plugins/{name}")
        for name in ("audit", "audit_evidence"):
            self.stubs.ours(f"plugins/modules/{name}.py")
        (self.stubs.collection / "plugins/modules/kdump_info.py").write_text(INFO)
        self.gate = folder / "gate"
        (folder / "ansible.cfg").touch()
        known = {name: EVIDENCE.get(name, armed()) for name in FLEET}
        (folder / "evidence.json").write_text(json.dumps(known))

    def transmit(self, name: str, hosts: t.Sequence[str]) -> bytes:
        """The work for one worker, as the controller sends it."""
        private = self.folder / f"control-{name}"
        (private / "inventory").mkdir(parents=True)
        (private / "project").mkdir()
        (private / "env").mkdir()
        inventory = {"all": {"hosts": {host: self._host(host) for host in hosts}}}
        (private / "inventory/hosts.yml").write_text(yaml.safe_dump(inventory))
        (private / "project/audit.yml").write_text("[{import_playbook: linux.kdump.audit}]")
        variables = {
            "kdump_audit_policy": POLICY, "kdump_audit_partial": True, "kdump_audit_dest": DEST,
            "kdump_audit_fail_on": "never", "kdump_artifacts": str(self.folder / "none"),
        }  # fmt: skip
        (private / "env/extravars").write_text(json.dumps(variables))
        return self._runner("transmit", str(private), "-p", "audit.yml", "--ident", "run", "--forks", "1").stdout

    def _host(self, name: str) -> dict[str, t.Any]:
        """host3 answers only once the gate is gone; host4 never does."""
        if name == "host4":
            return {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
        return {"ansible_connection": "local", **self.local(name)}

    def local(self, name: str) -> dict[str, t.Any]:
        """What makes this machine answer as that host."""
        interpreter = self.folder / f"python-{name}"
        wait = f"while [ -e {self.gate} ]; do sleep 0.1; done\n" if name == "host3" else ""
        interpreter.write_text(f'#!/bin/sh\n{wait}STUB_HOST={name} exec {sys.executable} "$@"\n')
        interpreter.chmod(0o755)
        return {"ansible_become": False, "ansible_python_interpreter": str(interpreter)}

    def work(self, name: str, stream: bytes) -> Path:
        """Do it, send the result back, and return where the controller has put it."""
        done = self._runner("worker", "--private-data-dir", str(self.folder / f"worker-{name}"), data=stream)
        control = self.folder / f"control-{name}"
        self._runner("process", str(control), data=done.stdout)
        return control / "artifacts"

    def work_until(self, name: str, stream: bytes, ready: Callable[[Path], bool]) -> Path:
        """Begin with it and be killed at a moment, with all that belongs to it."""
        private = self.folder / f"worker-{name}"
        process = subprocess.Popen(
            self._command("worker", "--private-data-dir", str(private)), env=self.environment(), cwd=self.folder,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            t.cast("t.BinaryIO", process.stdin).write(stream)
            t.cast("t.BinaryIO", process.stdin).close()
            deadline = time.monotonic() + LIMIT
            while not ready(private) and time.monotonic() < deadline:
                assert process.poll() is None, "the worker has ended by itself"
                time.sleep(0.1)
        finally:
            self._kill(process)
        return private

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        """ansible-runner starts ansible-playbook in a session of its own: what names this test's folder is of it."""
        named = str(self.folder).encode()
        children = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if named in _content(path)]
        for pid in {process.pid, *children} - {os.getpid()}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(LIMIT)

    def judge(self, name: str, folders: t.Sequence[Path], hosts: t.Sequence[str] = ()) -> dict[str, t.Any]:
        """Merge what lies in these folders, whatever it is, and judge it."""
        merged = self.folder / f"merged-{name}"
        for number, folder in enumerate(folders):
            shutil.copytree(folder, merged / str(number), ignore=_only_documents)
        out = self.folder / f"out-{name}"
        self.stubs.play(
            "audit", inventory="{all: {hosts: {localhost: {ansible_connection: local}}}}", kdump_hosts="localhost",
            kdump_audit_evidence_dir=str(merged), kdump_audit_dest=str(out), kdump_audit_policy=POLICY,
            kdump_audit_fail_on="never", kdump_audit_judged_at="2026-03-01T12:00:00Z",
            kdump_artifacts=str(self.folder / "none"), kdump_audit_hosts=list(hosts),
        )  # fmt: skip
        document: dict[str, t.Any] = json.loads((out / "audit.json").read_text())
        for host in document["hosts"]:
            del host["collected_at"]  # the one thing that two runs cannot have in common
        return document

    def _runner(self, *arguments: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            self._command(*arguments), input=data, env=self.environment(), cwd=self.folder, timeout=LIMIT,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    def _command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("ansible-runner")), *arguments]

    def environment(self) -> dict[str, str]:
        """Of every program that is run here."""
        return {
            **os.environ, "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"), "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "STUB_EVIDENCE": str(self.folder / "evidence.json"),
        }  # fmt: skip


def _content(path: Path) -> bytes:
    """The command line of a process, which may have ended meanwhile."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _only_documents(folder: str, names: list[str]) -> set[str]:
    """Beside the evidence, a run leaves its events and its reports."""
    return {
        name for name in names
        if not (Path(folder, name).is_dir() or (Path(folder).name == "hosts" and name.endswith(".json")))
        or name in ("job_events", "fact_cache")
    }  # fmt: skip


def documents(folder: Path) -> list[str]:
    """The hosts of which there is a document below a folder."""
    return sorted(path.name.partition(".")[0] for path in folder.rglob("audit/hosts/*.json"))
