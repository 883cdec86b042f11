# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that audits itself by ansible-pull: what it leaves, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.tests.fleet.fleet import LIMIT, POLICY, Fleet

_GIT: t.Final = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost"]


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def _repository(fleet: Fleet) -> Path:
    folder = fleet.folder / "repository"
    if folder.exists():
        return folder
    folder.mkdir()
    (folder / "audit.yml").write_text("[{import_playbook: linux.kdump.audit}]")
    for arguments in (["init", "--quiet"], ["add", "audit.yml"], ["commit", "--quiet", "--message", "Audit"]):
        subprocess.run([*_GIT, *arguments], cwd=folder, timeout=LIMIT, check=True)
    return folder


def _pull(fleet: Fleet, name: str) -> tuple[int, dict[str, t.Any], str]:
    """Its status, its result document and what it printed, of this machine with the evidence of that host."""
    out = fleet.folder / f"out-{name}"
    variables = {
        "kdump_hosts": "localhost", "kdump_audit_policy": {**POLICY, "hosts": {}}, "kdump_audit_dest": str(out),
        "kdump_audit_fail_on": "critical", "kdump_artifacts": str(fleet.folder / "none"), **fleet.local(name),
        "kdump_audit_judged_at": "2026-03-01T12:00:00Z", "kdump_audit_name": f"{name}.example.org",
    }  # fmt: skip
    program = Path(sys.executable).with_name("ansible-pull")
    done = subprocess.run(
        [str(program), "--url", f"file://{_repository(fleet)}", "--directory", str(fleet.folder / "checkout"),
         "--extra-vars", json.dumps(variables), "audit.yml"],
        env=fleet.environment(), cwd=fleet.folder, timeout=LIMIT, check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert (out / "audit.json").exists(), done.stdout
    return done.returncode, json.loads((out / "audit.json").read_text()), done.stdout


@pytest.mark.parametrize(("name", "armed"), [("host0", True), ("host2", False)])
def test_a_host_audits_itself_and_ends_with_what_it_found(fleet: Fleet, name: str, armed: bool) -> None:
    status, document, printed = _pull(fleet, name)
    assert [(host["name"], host["state"]) for host in document["hosts"]] == [(f"{name}.example.org", "judged")]
    assert (status == 0) is armed, printed
    assert (f"The audit has failed: {name}.example.org: KD-" in printed) is not armed, printed


def test_those_that_audit_themselves_are_told_apart_when_they_are_merged(fleet: Fleet) -> None:
    for name in ("host0", "host2"):
        _pull(fleet, name)
    folders = [fleet.folder / f"out-{name}" for name in ("host0", "host2")]
    merged = fleet.judge("merged", folders, hosts=["host5"])
    states = {host["name"]: host["state"] for host in merged["hosts"]}
    assert states == {"host0.example.org": "judged", "host2.example.org": "judged", "host5": "failed"}


def test_one_name_for_several_hosts_is_refused_before_any_is_asked(fleet: Fleet) -> None:
    hosts = {name: {"ansible_connection": "local", **fleet.local(name)} for name in ("host0", "host2")}
    out = fleet.folder / "out"
    printed = fleet.stubs.play(
        "audit", inventory=json.dumps({"all": {"hosts": hosts}}), fails=True, kdump_audit_name="host0",
        kdump_audit_dest=str(out), kdump_serial=1,
    )  # fmt: skip
    assert "Cannot put 2 hosts down as host0" in printed, printed
    assert not out.exists()
