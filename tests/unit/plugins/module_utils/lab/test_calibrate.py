# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module calibrate, with drills that are only functions."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.command import CommandRunner
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.growth import MIB
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab.calibrate import calibrate
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.spec import DrillError, DrillResult, DrillSpec
from ansible_collections.linux.kdump.plugins.module_utils.progress import NEWS, Progress
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

jsonschema = pytest.importorskip("jsonschema")

SCHEMA = Path(__file__).parents[5] / "docs/schemas/calibration.schema.json"


class Lab:
    """Drills that capture from a size on that depends on the machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.drills: list[DrillSpec] = []
        self.edges: dict[int, int] = {}
        self.verdict = "ok"
        self.news: list[str] = []
        self.fail_after: t.Optional[int] = None
        for name in ("kernel", "capture", "initramfs"):
            (root / name).write_text(name)

    def options(self, **change: t.Any) -> dict[str, t.Any]:
        return {
            "path": str(self.root / "cache/calibration.json"), "profile": "tiny", "architecture": "x86_64",
            "capture_kernel": str(self.root / "capture"), "release": "6.1.0-kdump",
            "initramfs": str(self.root / "initramfs"), "kernel": str(self.root / "kernel"), "modules": None,
            "tools": "/", "memory": ["1G"], "cpus": [1], "smallest": "8M", "largest": "1G", "first": "32M",
            "granularity": None, "passes": 3, "trials": 60, "seconds": 600, "timeout": 60, "stall": 20, "append": "",
            "system_append": "", "force": False, "logs": None, "progress": None, **change,
        }  # fmt: skip

    def drill(self, spec: DrillSpec, *, folder: str, runner: CommandRunner, clock: object) -> DrillResult:
        if self.fail_after is not None and len(self.drills) >= self.fail_after:
            raise DrillError("Cannot drill: QEMU is not there.")
        self.drills.append(spec)
        self.news.append((self.root / NEWS).read_text().strip())
        console = Path(folder) / "console.log"
        console.write_text(f"{spec.crashkernel}\n")
        passed = int(spec.crashkernel[:-1]) >> 10 >= self.edges.get(spec.memory >> 30, 23)
        if not passed:
            message = f"Cannot drill: it ran out of memory (oom). Reserve more. The console is in {console}."
            return DrillResult("out_of_memory", message, "n", (), str(console))
        record = {"status": "saved", "memory": {"total_kib": 20000, "peak_used_kib": 11000}}
        return DrillResult("captured", "", "n", (), str(console), record=record, verdict={"verdict": self.verdict})

    def calibrate(self, *, check: bool = False, **change: t.Any) -> dict[str, t.Any]:
        progress = Progress(str(self.root))
        options = self.options(**change)
        self.warnings: list[str] = []
        return calibrate(
            options, runner=FakeRunner(), progress=progress, check=check, drill=self.drill, warn=self.warnings.append
        )

    def document(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads((self.root / "cache/calibration.json").read_text()))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_the_four_beats(lab: Lab) -> None:
    assert lab.calibrate(check=True)["changed"]
    assert not lab.drills
    done = lab.calibrate()
    assert done["changed"]
    (entry,) = done["calibration"]["entries"]
    assert (entry["smallest_bytes"], entry["recommended_bytes"], entry["peak_used_kib"]) == (23 * MIB, 27 * MIB, 11000)
    assert done["table"][1].split()[:6] == ["tiny", "x86_64", "local", "1024M", "1", "23M"]
    count = len(lab.drills)
    again, checked = lab.calibrate(), lab.calibrate(check=True)
    assert again == checked == {**done, "changed": False}
    assert len(lab.drills) == count
    assert lab.calibrate(force=True)["changed"]


def test_the_document_is_what_its_schema_says(lab: Lab) -> None:
    done = lab.calibrate(memory=["1G", "2G"], cpus=[1, 2])
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    validator.validate(lab.document())
    validator.validate(done["calibration"])
    assert len(done["calibration"]["entries"]) == 4
    assert {(spec.memory >> 30, spec.cpus) for spec in lab.drills} == {(1, 1), (1, 2), (2, 1), (2, 2)}


def test_a_dump_that_does_not_verify_is_a_failure(lab: Lab) -> None:
    lab.verdict = "incomplete"
    with pytest.raises(KdumpError, match="the largest, 1024M, ended with dump incomplete"):
        lab.calibrate()


def test_other_images_and_machines_are_measured_beside(lab: Lab) -> None:
    lab.edges = {1: 20, 4: 24}
    lab.calibrate()
    lab.calibrate(memory=["4G"])
    (lab.root / "initramfs").write_text("larger")
    done = lab.calibrate()
    assert len(lab.document()["entries"]) == 3
    assert [entry["smallest_bytes"] // MIB for entry in done["calibration"]["entries"]] == [20]


def test_what_was_measured_before_a_failure_is_kept(lab: Lab) -> None:
    count = len(lab.calibrate()["calibration"]["entries"][0]["trials"])
    lab.fail_after = 2 * count + 3
    with pytest.raises(DrillError):
        lab.calibrate(memory=["2G", "4G"])
    assert [entry["memory_bytes"] >> 30 for entry in lab.document()["entries"]] == [1, 2]


def test_a_search_whose_budget_ran_out_is_made_again(lab: Lab) -> None:
    done = lab.calibrate(trials=2)
    assert done["remarks"] == ["1024M: the budget was spent after 2 trials and 0 seconds"]
    assert done["table"][1].split()[5] == "?"
    assert lab.warnings == [
        "Cannot tell what tiny, 1024M RAM, 1 CPUs needs: the budget was spent after 2 trials and 0 seconds. "
        "Allow more trials or seconds."
    ]
    assert lab.calibrate()["calibration"]["entries"][0]["smallest_bytes"] == 23 * MIB
    assert not lab.warnings


def test_what_is_known_outlives_a_search_whose_budget_ran_out(lab: Lab) -> None:
    known = lab.calibrate()["calibration"]
    assert lab.calibrate(force=True, trials=2)["calibration"] == known
    assert lab.warnings[0].endswith("Allow more trials or seconds. What was measured before stays.")


def test_every_trial_is_told_and_its_console_kept(lab: Lab) -> None:
    lab.calibrate(logs=str(lab.root / "logs"))
    assert lab.news[0] == "tiny, 1024M RAM, 1 CPUs: trial 1, 32M"
    assert (lab.root / "news").read_text() == "tiny, 1024M RAM, 1 CPUs: trial 8, 27M: captured, 10.7M used\n"
    logs = sorted(path.name for path in (lab.root / "logs").iterdir())
    assert len(logs) == len(lab.drills)
    assert "1024M-1-32768K-1.log" in logs
    details = {trial["detail"] for trial in lab.document()["entries"][0]["trials"]}
    assert details == {"", "it ran out of memory (oom)"}


def test_the_disk_is_the_same_whatever_the_memory(lab: Lab) -> None:
    lab.calibrate(memory=["1G", "64G"])
    assert {spec.disk for spec in lab.drills} == {16 << 30}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"memory": []}, "for no machine"), ({"cpus": []}, "for no machine"), ({"trials": 0}, "without a budget"),
        ({"seconds": 0}, "without a budget"), ({"memory": ["1X"]}, "Cannot use memory"),
        ({"smallest": "40M"}, "the first size must lie between"), ({"first": "33500K"}, "multiples of the step"),
        ({"capture_kernel": "/nowhere"}, "Build it with the role"), ({"architecture": "vax"}, "vax"),
        ({"passes": 0}, "Cannot calibrate with 0 passes"), ({"cpus": [99]}, "99 processors"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_at_once(lab: Lab, change: dict[str, t.Any], words: str) -> None:
    with pytest.raises(KdumpError, match=words):
        lab.calibrate(**change)
    assert not lab.drills


def test_large_pages_are_measured_in_larger_steps(lab: Lab) -> None:
    lab.calibrate(architecture="arm64")
    assert {int(spec.crashkernel[:-1]) % 2048 for spec in lab.drills} == {0}
