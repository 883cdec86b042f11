# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client's play takes for the server's, and what of it ends up in the host's fact."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.tests.unit.roles.stubs import Stubs

pytestmark = pytest.mark.skipif(
    not Path(sys.executable).with_name("ansible-playbook").exists(), reason="ansible is not installed here"
)

INVENTORY = """
all:
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    kdump_dump_server_nfs: false
  hosts:
    web1: {ansible_connection: local, ansible_become: false, kdump_dump_server_quota: 3G}
    dumps: {ansible_connection: local, ansible_become: false}
"""
SERVERS = {"root": "/data/kdump", "account": "receiver", "nfs": True, "largest": "5G", "quota": "7G", "floor": "9G"}
PLAY = [
    {
        "name": "Register a client", "hosts": "web1", "gather_facts": False,
        "tasks": [
            {
                "name": "Register", "ansible.builtin.include_role":
                    {"name": "linux.kdump.dump_server", "tasks_from": "client"},
                "vars": {"kdump_dump_server": "dumps", "kdump_dump_server_address": "192.0.2.7"},
            },
            {"name": "Note it", "linux.kdump.note": {"user": "{{ kdump_dump_identity.user }}"}},
        ],
    },
]  # fmt: skip


@pytest.fixture
def stubs(tmp_path: Path) -> Stubs:
    made = Stubs(tmp_path)
    made.ours("roles/dump_server")
    key = {"path": "/key", "public_key": "ssh-ed25519 AAAA", "fingerprint": "SHA256:a", "known_hosts": "/key.known"}
    made.module("dump_identity", **key, host_fingerprints=[])
    made.module("dump_client", exports_changed=False, host_keys=["ssh-ed25519 AAAA"], folder="web1", path="/web1")
    made.module("note")
    (made.collection / "playbooks/register.yml").write_text(json.dumps(PLAY))
    return made


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {"root": "/srv/kdump", "account": "kdump", "nfs": False, "largest": "64G", "quota": "3G", "floor": "1G"}),
        (SERVERS, SERVERS),
    ],
    ids=["nothing", "everything"],
)
def test_what_is_the_servers_is_as_its_inventory_has_it(
    stubs: Stubs, said: dict[str, t.Any], expected: dict[str, t.Any]
) -> None:
    own = {f"kdump_dump_server_{name}": value for name, value in said.items()}
    inventory = INVENTORY.replace("dumps: {", f"dumps: {json.dumps(own)[:-1]}{', ' if own else ''}")
    stubs.play("register", inventory=inventory)
    (registered,) = stubs.calls("dump_client")
    told = {**registered, "account": registered["owner"]}
    assert {name: told[name] for name in expected} == expected
    assert stubs.calls("note") == [{"user": expected["account"]}]
