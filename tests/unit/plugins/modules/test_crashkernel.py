# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module documents is what it returns."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel import table
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.sizing import UNKNOWN
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.vendor import (
    Distribution,
    Hardware,
    choose_table,
)
from ansible_collections.linux.kdump.plugins.modules.crashkernel import DOCUMENTATION, ESTIMATE, RETURN
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.managed import Managed
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.tables import (
    GIB,
    INITRAMFS,
    KERNEL,
    measured,
)

#: What every module may return, and nobody documents.
COMMON: t.Final = {"changed", "diff"}
#: What only a failure returns.
FAILED: t.Final = {"known", "measured"}
WANTED: t.Final[dict[str, t.Any]] = {
    "architecture": "x86_64", "kernel": KERNEL, "initramfs": INITRAMFS, "target": "local", "memory": GIB, "cpus": 1,
}  # fmt: skip
IMAGES: t.Final = {"kernel_bytes": 1, "kernel_memory_bytes": 1, "initramfs_bytes": 1, "unpacked_bytes": 1}


def test_the_options_for_an_estimate_are_those_that_it_knows() -> None:
    documented = yaml.safe_load(DOCUMENTATION)["options"]["estimate"]["suboptions"]
    assert set(documented) == set(ESTIMATE) == set(UNKNOWN)
    assert {name: ESTIMATE[name].get("default") for name in ESTIMATE} == UNKNOWN
    assert {name: option.get("default") for name, option in documented.items()} == UNKNOWN


def test_every_returned_key_is_documented_and_the_other_way_round(tmp_path: Path) -> None:
    documented = yaml.safe_load(RETURN)
    result = Managed(tmp_path).reserve("64M")
    assert set(result) - COMMON == set(documented) - FAILED
    assert set(table.choose([measured()], **WANTED).as_dict()) == set(documented["fit"]["contains"])
    estimated = Managed(tmp_path / "other").reserve("estimate", images=IMAGES)["estimate"]
    figures = documented["estimate"]["contains"]["estimators"]["contains"]
    assert set(estimated) == set(documented["estimate"]["contains"])
    assert all(set(figure) == set(figures) for figure in estimated["estimators"])
    vendor = choose_table(Distribution("debian", "12"), architecture="x86_64", page=4096, hardware=Hardware())
    assert set(vendor.as_dict()) == set(documented["vendor"]["contains"])
    assert set(result["reservation"]) == set(documented["reservation"]["contains"])
    assert {key for entry in result["entries"] for key in entry} == set(documented["entries"]["contains"])


def test_the_samples_are_of_the_shape_they_document() -> None:
    documented = yaml.safe_load(RETURN)
    assert set(documented["entries"]["sample"][0]) == set(documented["entries"]["contains"])
    assert set(documented["vendor"]["sample"]) == set(documented["vendor"]["contains"])
    assert set(documented["fit"]["sample"]) == set(documented["fit"]["contains"])
    assert set(documented["reservation"]["sample"]) == set(documented["reservation"]["contains"])
