# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill may be, and on which machines."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.kexec.cmdline import POLICIES
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill import machines
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.spec import (
    OUTCOMES,
    DrillEvent,
    DrillResult,
    DrillSpec,
)


def spec(**change: t.Any) -> DrillSpec:
    facts = {
        "architecture": "x86_64", "kernel": "k", "capture_kernel": "c", "initramfs": "i", "tools": "t", **change,
    }  # fmt: skip
    return DrillSpec(**facts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "vax"}, "the architecture 'vax': it is none of x86_64, i386, ppc64le, arm64, s390x"),
        ({"architecture": "v" * 500}, "v{40}'"),
        ({"memory": 127 << 20}, "with 127 MiB of memory: give the machine 128M"),
        ({"cpus": 0}, "with 0 processors: .* 1 to 64"),
        ({"architecture": "ppc64le", "cpus": 2}, "the emulated ppc64le machine is to have 1 to 1"),
        ({"syscall": "magic"}, "none of auto, kexec_file_load, kexec_load"),
        ({"timeout": 0}, "timeout 0"),
        ({"stall": 100000}, "stall 100000"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, t.Any], message: str) -> None:
    with pytest.raises(KdumpError, match=message):
        spec(**change)


@pytest.mark.parametrize("name", sorted(machines.MACHINES))
def test_each_machine_is_of_an_architecture_that_is_known_elsewhere(name: str) -> None:
    machine = machines.find(name)
    assert machine.architecture.name == machine.name == name
    assert name in POLICIES
    assert spec(architecture=name).machine is machine


def test_all_architectures_have_a_machine() -> None:
    assert set(machines.MACHINES) == set(POLICIES)


def result(**change: t.Any) -> DrillResult:
    facts = {"outcome": "captured", "message": "", "nonce": "n", "events": (), "console": "/c", **change}
    return DrillResult(**facts)


@pytest.mark.parametrize(
    ("outcome", "verdict", "ok"),
    [
        ("captured", {"verdict": "ok"}, True),
        ("captured", {"verdict": "corrupt"}, False),
        ("captured", None, False),
        ("save_failed", {"verdict": "ok"}, False),
    ],
)
def test_only_a_sound_dump_is_ok(outcome: str, verdict: dict[str, t.Any], ok: bool) -> None:
    assert outcome in OUTCOMES
    assert result(outcome=outcome, verdict=verdict).ok is ok


def test_the_figures_of_a_result() -> None:
    events = (DrillEvent("panic", 4.0), DrillEvent("core-saved", 7.256))
    found = result(events=events, record={"memory": {"total_kib": 9, "peak_used_kib": 5}})
    assert (found.total_kib, found.peak_used_kib) == (9, 5)
    assert found.seconds_to_saved == pytest.approx(3.256)
    assert found.seconds("panic", "end") is None
    assert events[1].as_dict() == {"name": "core-saved", "seconds": 7.26, "text": ""}
    assert result().peak_used_kib is result().total_kib is None
