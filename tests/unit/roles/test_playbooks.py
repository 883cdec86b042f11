# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks ask for: the images that are measured are those that hosts get, whatever profile they are of."""

from __future__ import annotations

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
    kdump_collector: [makedumpfile, -d, "17"]
    kdump_limits: {target: 7}
  hosts:
    one: &here {ansible_connection: local, ansible_become: false}
    two: *here
    three: *here
"""
#: As the role does it: one image for all hosts, or one for each kind of host where the kernel has modules.
BUILD = [
    {
        "name": "Note what is asked for",
        "linux.kdump.note": {
            "collector": "{{ kdump_collector }}", "limits": "{{ kdump_limits }}", "hosts": "{{ kdump_kernel_hosts }}",
            "fragments": "{{ kdump_kernel_fragments }}",
        },
    },
    {
        "name": "Keep it",
        "ansible.builtin.set_fact": {
            "kdump_capture_kernel": {"image": "/kernel", "release": "6.1-kdump"},
            "kdump_capture_initramfs": "{{ {} if 'server' in kdump_kernel_fragments else {'path': '/image'} }}",
            "kdump_capture_initramfs_of": "{{ {'one': {'path': '/a'}, 'two': {'path': '/b'}, 'three': {'path': '/a'}} "
                                          "if 'server' in kdump_kernel_fragments else {} }}",
        },
    },
]  # fmt: skip


@pytest.fixture
def stubs(tmp_path: Path) -> Stubs:
    made = Stubs(tmp_path)
    made.ours("roles/calibrate", "roles/capture_kernel/defaults")
    made.ours(*(f"playbooks/{name}.yml" for name in ("build_kernel", "calibrate", "deploy", "evidence")))
    (made.collection / "playbooks/controller.yml").write_text("[{hosts: localhost, gather_facts: false}]")
    made.role("capture_kernel", BUILD)
    made.role("deploy", [])
    made.module("note")
    made.module("kdump_info", evidence={"nodename": "x"})
    made.module("package_tree", kernel="/k", modules="/m", path="/t")
    made.module("calibrate", table=["a row"], remarks=[])
    return made


def test_what_a_profile_leaves_out_is_what_the_inventory_says(stubs: Stubs) -> None:
    profiles: list[dict[str, t.Any]] = [{"name": "tiny"}, {"name": "core", "fragments": ["tiny"], "collector": ["cp"]}]
    stubs.play("calibrate", inventory=INVENTORY, kdump_calibrate_profiles=profiles)
    usual = {"collector": ["makedumpfile", "-d", "17"], "limits": {"target": 7}, "hosts": [], "fragments": ["tiny"]}
    assert stubs.calls("note") == [usual, {**usual, "collector": ["cp"]}]
    assert [(call["profile"], call["initramfs"]) for call in stubs.calls("calibrate")] == [
        ("tiny", "/image"), ("core", "/image"),
    ]  # fmt: skip
    # a profile that is not built for hosts asks none of them
    assert stubs.calls("kdump_info") == []


def test_images_of_each_kind_of_host_are_measured(stubs: Stubs) -> None:
    stubs.play("calibrate", inventory=INVENTORY, kdump_calibrate_profiles=[{"name": "server"}, {"name": "fleet"}])
    assert len(stubs.calls("kdump_info")) == 3
    assert [sorted(call["hosts"]) for call in stubs.calls("note")] == [["one", "three", "two"]] * 2
    assert [(call["profile"], call["initramfs"]) for call in stubs.calls("calibrate")] == [
        ("server", "/a"), ("server", "/b"), ("fleet", "/image"),
    ]  # fmt: skip


@pytest.mark.parametrize(("fragment", "told"), [("tiny", ["/image"]), ("server", ["/a", "/b"])])
def test_a_build_tells_every_image(stubs: Stubs, fragment: str, told: list[str]) -> None:
    printed = stubs.play("build_kernel", kdump_kernel_fragments=[fragment])
    assert [f"initramfs  {path}" in printed for path in told] == [True] * len(told)


@pytest.mark.parametrize(
    ("variables", "looked_at"),
    [
        ({"kdump_kernel_fragments": ["tiny", "fleet"]}, 3),
        ({"kdump_kernel_fragments": ["server"], "kdump_modules": ["xfs"]}, 0),
        ({"kdump_kernel_fragments": ["fleet"], "kdump_state": "absent"}, 0),
    ],
)  # fmt: skip
def test_hosts_are_looked_at_where_the_build_is_for_them(
    stubs: Stubs, variables: dict[str, t.Any], looked_at: int
) -> None:
    stubs.play("deploy", inventory=INVENTORY, **variables)
    assert len(stubs.calls("kdump_info")) == looked_at
    assert [len(call["hosts"]) for call in stubs.calls("note")] == ([] if "kdump_state" in variables else [looked_at])
