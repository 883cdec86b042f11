# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every architecture captures and verifies, with every profile and target that an emulated machine can have."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.machines import MACHINES
from ansible_collections.linux.kdump.tests.matrix.conftest import Drills

#: What is captured: role variables besides the architecture.
CAPTURES: t.Final[dict[str, dict[str, t.Any]]] = {
    **{name: {"drill_architecture": name} for name in MACHINES},
    "x86_64-2-processors": {"drill_architecture": "x86_64", "drill_cpus": 2, "drill_memory": "1G"},
    "x86_64-server": {"drill_architecture": "x86_64", "kernel_fragments": ["server"], "drill_crashkernel": "128M"},
    "x86_64-zlib-all-pages": {"drill_architecture": "x86_64", "collector": ["makedumpfile", "-c", "-d", "0"]},
    # The first target is nowhere, the second is.
    "x86_64-second-target": {
        "drill_architecture": "x86_64",
        "target_kinds": ["local"],
        "drill_targets": [
            "kdump.target=local,limit=3,UUID=00000000-0000-0000-0000-000000000001,ext4,/var/crash",
            "kdump.target=local,LABEL=drill,ext4,/var/crash",
        ],
    },
    "x86_64-elf": {"drill_architecture": "x86_64", "collector": ["makedumpfile", "-E", "-d", "31"]},
}
#: A file system that is nowhere.
_NOWHERE: t.Final = ["kdump.target=UUID=00000000-0000-0000-0000-000000000001", "kdump.path=/var/crash"]
#: What must fail, and under which names: how a kernel ends that has too little memory is up to the kernel.
FAILURES: t.Final[dict[str, tuple[dict[str, t.Any], frozenset[str]]]] = {
    "too small to load": ({"drill_crashkernel": "4M"}, frozenset({"never_armed"})),
    "too small to run": ({"drill_crashkernel": "14M"}, frozenset({"out_of_memory", "no_capture", "save_failed"})),
    "no such target": ({"drill_targets": _NOWHERE, "limits": {"target": 3}}, frozenset({"save_failed"})),
    "out of time": ({"drill_timeout": 1}, frozenset({"never_armed"})),
}


@pytest.mark.parametrize("variables", CAPTURES.values(), ids=list(CAPTURES))
def test_it_captures_and_verifies(drills: Drills, variables: dict[str, t.Any]) -> None:
    wanted = dict(variables)
    architecture = wanted.pop("drill_architecture")
    found = drills.run(architecture, **wanted)
    assert (found.get("outcome"), found.get("msg")) == ("captured", None)
    assert found["verdict"]["verdict"] == "ok"
    assert found["verdict"]["machine"] == MACHINES[architecture].architecture.machine.replace("i686", "i386")
    assert found["verdict"]["nonce_found"] is True
    assert found["record"]["status"] == "saved"
    assert found["record"]["nonce"] == found["nonce"]
    assert 0 < found["memory"]["peak_used_kib"] < found["memory"]["total_kib"]
    assert 0 < found["seconds"]["to_capture_kernel"] < found["seconds"]["to_saved"] < found["seconds"]["all"]


@pytest.mark.parametrize(("variables", "outcomes"), FAILURES.values(), ids=list(FAILURES))
def test_what_goes_wrong_has_a_name(drills: Drills, variables: dict[str, t.Any], outcomes: frozenset[str]) -> None:
    found = drills.run("x86_64", **variables)
    assert found["outcome"] in outcomes, found["msg"]
    assert found["failed"] is True
    assert found["msg"].startswith("Cannot drill: ")
