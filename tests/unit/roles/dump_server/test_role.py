# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role, the module and the receiver must agree on."""

from __future__ import annotations

import importlib.util
import re
import sys
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml

from ansible_collections.linux.kdump.plugins.module_utils.capture.save import targets
from ansible_collections.linux.kdump.plugins.module_utils.dump_server import client
from ansible_collections.linux.kdump.plugins.modules import dump_client

ROLE = Path(__file__).parents[4] / "roles/dump_server"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGnmVnL0lVLGqJn5zYk1uUqSBBl2CjAgO0jYfW7vaHOM"


def load(name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load((ROLE / name).read_text()))


@pytest.fixture(scope="module")
def receiver() -> t.Any:
    spec = importlib.util.spec_from_file_location("kdump_receive_for_role", ROLE / "files/receive.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def options(**change: t.Any) -> dict[str, t.Any]:
    defaults = yaml.safe_load(dump_client.DOCUMENTATION)["options"]
    given = {"name": "web1", "public_key": KEY, **change}
    return {**{name: option.get("default") for name, option in defaults.items()}, **given}


def test_every_variable_has_a_default_and_a_description() -> None:
    specs = load("meta/argument_specs.yml")["argument_specs"]
    described = {**specs["main"]["options"], **specs["client"]["options"]}
    defaults = load("defaults/main.yml")
    assert set(defaults) == set(described)
    for name, option in described.items():
        if "default" in option:
            assert option["default"] == defaults[name], name
    readme = (ROLE / "README.md").read_text()
    assert [name for name in described if f"| `{name}` |" not in readme] == []


def test_the_module_and_the_role_mean_the_same_places() -> None:
    defaults = {
        name: option.get("default") for name, option in yaml.safe_load(dump_client.DOCUMENTATION)["options"].items()
    }
    role, private = load("defaults/main.yml"), load("vars/main.yml")
    assert defaults["root"] == role["kdump_dump_server_root"]
    assert defaults["owner"] == role["kdump_dump_server_account"]
    for name in ("largest", "quota", "floor"):
        assert defaults[name] == role[f"kdump_dump_server_{name}"]
    etc = private["__kdump_dump_server_etc"]
    assert defaults["authorized_keys"] == private["__kdump_dump_server_keys"].replace(
        "{{ __kdump_dump_server_etc }}", etc
    )
    assert defaults["exports"] == private["__kdump_dump_server_exports"]


@pytest.mark.parametrize("folder", [None, "berlin/rack7/web1", "a@b%c+d=e:f"])
def test_the_receiver_understands_what_the_module_writes(receiver: t.Any, folder: str | None) -> None:
    wanted = client.desired(options(folder=folder))
    told = receiver.parse_settings(wanted.settings)
    assert (told.root, told.client, told.folder) == ("/srv/kdump", "web1", folder or "web1")
    assert (told.largest, told.quota, told.floor) == (64 << 30, 256 << 30, 1 << 30)


def test_whatever_folder_the_module_grants_both_ends_can_name(receiver: t.Any) -> None:
    assert client._PART.pattern == receiver._PART.pattern
    assert client._MOST_PARTS == receiver._MOST_PARTS
    granted = client.desired(options(folder="berlin/rack7/web1"))
    [target] = targets.parse([{"kind": "ssh", "host": "192.0.2.7", "path": granted.folder}])
    asked = f"kdump-receive 20261123T051500Z-0badcafe vmcore {t.cast('targets.Ssh', target).path}"
    assert receiver.parse_request(asked, receiver.parse_settings(granted.settings)).folder == (
        "berlin",
        "rack7",
        "web1",
    )


def test_the_receiver_needs_no_more_than_pythons_own_library() -> None:
    imported = re.findall(r"^(?:import|from) (\w+)", (ROLE / "files/receive.py").read_text(), re.MULTILINE)
    assert set(imported) <= {"__future__", *sys.stdlib_module_names}


def test_sshd_lets_the_account_do_nothing_else() -> None:
    text = (ROLE / "templates/sshd.conf.j2").read_text()
    for word in ("DisableForwarding yes", "PermitTTY no", "PermitUserRC no", "AuthenticationMethods publickey"):
        assert word in text
    assert text.rstrip().endswith("Match all"), "what another file says after it is not about this account only"


@pytest.mark.parametrize(
    ("found", "path"),
    [({"exists": True}, "/srv/kdump"), ({"exists": True, "lnk_source": "/data/kdump"}, "/data/kdump")],
)
def test_dumps_behind_a_symbolic_link_become_roots_too(found: dict[str, t.Any], path: str) -> None:
    tasks = t.cast("list[dict[str, t.Any]]", load("tasks/absent.yml"))
    (task,) = [task["ansible.builtin.file"] for task in tasks if task["name"] == "Give the dumps to root"]
    assert (task["recurse"], task["follow"]) == (True, False)
    variables = {"__kdump_dump_server_folder": {"stat": found}, "kdump_dump_server_root": "/srv/kdump"}
    assert jinja2.Template(task["path"]).render(variables) == path
