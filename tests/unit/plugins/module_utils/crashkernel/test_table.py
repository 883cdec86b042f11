# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calibration document, and what a host takes from it."""

from __future__ import annotations

import copy
import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel import table
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.calibration import Outcome
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.growth import MIB
from ansible_collections.linux.kdump.plugins.module_utils.files import canonical_json
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.tables import (
    GIB,
    INITRAMFS,
    KERNEL,
    NOON,
    measured,
)

jsonschema = pytest.importorskip("jsonschema")

SCHEMA = Path(__file__).parents[5] / "docs/schemas/calibration.schema.json"


def choose(entries: list[table.Entry], *, memory: int = GIB, cpus: int = 2, **facts: str) -> table.Fit:
    wanted: dict[str, t.Any] = {
        "architecture": "x86_64",
        "kernel": KERNEL,
        "initramfs": INITRAMFS,
        "target": "local",
        **facts,
    }
    return table.choose(entries, memory=memory, cpus=cpus, **wanted)


def unknown() -> table.Entry:
    case = table.Case("tiny", "x86_64", KERNEL, INITRAMFS, GIB, 2)
    return table.entry(case, Outcome((), None, None, ("spent",)), granularity=MIB, passes=3, date=NOON)


def test_the_document_is_what_its_schema_says() -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    found = table.document([measured(), measured(memory=4 * GIB), unknown()])
    validator.validate(found)
    assert table.entries_of(json.loads(canonical_json(found))) == found["entries"]
    for spoil in ("smallest_bytes", "kernel", "trials"):
        bad = copy.deepcopy(found)
        del bad["entries"][0][spoil]
        assert not validator.is_valid(bad)


def test_the_nearest_machine_that_is_large_enough_counts() -> None:
    entries = [measured(edge=edge, memory=gib * GIB) for edge, gib in ((22, 1), (23, 4), (26, 16))]
    fit = choose(entries, memory=3 * GIB)
    assert (fit.smallest_bytes, fit.margin_bytes, fit.growth_bytes) == (23 * MIB, 4 * MIB, 0)
    assert (fit.size_bytes, fit.memory_bytes, fit.profile) == (27 * MIB, 4 * GIB, "tiny")


def test_beyond_the_largest_machine_the_growth_is_added() -> None:
    fit = choose([measured(edge=23)], memory=16 * GIB)
    assert fit.growth_bytes == 15 * (64 << 10) + 15 * 8 * 96
    assert fit.size_bytes == 28 * MIB


def test_more_processors_are_growth_too() -> None:
    assert choose([measured(edge=23)], cpus=64).growth_bytes == 62 << 10


def test_a_few_processors_more_do_not_lead_to_a_much_larger_machine() -> None:
    entries = [measured(edge=29), measured(edge=38, memory=64 * GIB)]
    fit = choose(entries, cpus=4)
    assert (fit.size_bytes, fit.memory_bytes, fit.growth_bytes) == (34 * MIB, GIB, 2 << 10)
    # what the measured machine had more of is not held against the host's processors
    assert choose(entries, memory=48 * GIB, cpus=4).growth_bytes == 2 << 10


def test_of_machines_with_the_same_memory_the_nearest_in_processors_counts() -> None:
    entries = [measured(edge=edge, cpus=cpus) for edge, cpus in ((22, 1), (23, 4), (24, 16))]
    found = {cpus: choose(entries, cpus=cpus) for cpus in (1, 2, 4, 5, 64)}
    assert {cpus: (fit.cpus, fit.growth_bytes) for cpus, fit in found.items()} == {
        1: (1, 0), 2: (4, 0), 4: (4, 0), 5: (16, 0), 64: (16, 48 << 10),
    }  # fmt: skip


def test_far_beyond_it_nothing_is_known() -> None:
    with pytest.raises(
        table.NoFitError, match=r"it has 16385M of RAM.* had 1024M\. Run .*calibrate with at least 1024M"
    ):
        choose([measured()], memory=16 * GIB + MIB)


@pytest.mark.parametrize("facts", [{"kernel": "c" * 64}, {"initramfs": "c" * 64}, {"architecture": "i386"}])
def test_other_images_and_architectures_have_no_fit(facts: dict[str, str]) -> None:
    with pytest.raises(table.NoFitError, match=r"Run the playbook linux\.kdump\.calibrate with these images") as error:
        choose([measured()], **facts)  # type: ignore[arg-type]
    assert error.value.facts["measured"] == [
        f"tiny x86_64 local kernel {'a' * 16} initramfs {'b' * 16} 1024M RAM, 2 CPUs: 23M, reserve 27M"
    ]


def test_what_was_measured_for_another_kind_of_target_is_named() -> None:
    entries = [measured(target="nfs"), measured(memory=4 * GIB), measured(), measured(target="raw", kernel="c" * 64)]
    with pytest.raises(
        table.NoFitError, match="nothing was measured for targets of kind ssh, only for local, nfs"
    ) as error:
        choose(entries, target="ssh")
    assert len(t.cast("list[str]", error.value.facts["measured"])) == 4


def test_a_search_without_an_answer_is_no_fit() -> None:
    with pytest.raises(table.NoFitError) as error:
        choose([unknown()])
    assert "not known" in str(error.value.facts["measured"])


@given(
    st.lists(st.tuples(st.integers(8, 200), st.integers(1, 64), st.integers(1, 8)), min_size=1),
    st.integers(1, 1024),
    st.integers(1, 64),
)
def test_a_fit_never_falls_below_what_was_measured_for_the_nearest(
    measurements: list[tuple[int, int, int]], host: int, processors: int
) -> None:
    entries = table.merge([], [measured(edge=edge, memory=gib * GIB, cpus=cpus) for edge, gib, cpus in measurements])
    try:
        fit = choose(entries, memory=host * GIB, cpus=processors)
    except table.NoFitError:
        assert host > 16 * max(gib for _edge, gib, _cpus in measurements)
    else:
        assert fit.size_bytes >= fit.smallest_bytes + 4 * MIB + fit.growth_bytes
        assert fit.growth_bytes >= 1024 * max(0, processors - fit.cpus)
        assert fit.size_bytes % MIB == 0


def test_a_later_entry_about_the_same_thing_replaces_the_earlier() -> None:
    old, other, new = measured(edge=30), measured(memory=2 * GIB), measured(edge=23)
    merged = table.document(table.merge([old, other], [new]))["entries"]
    assert [item["smallest_bytes"] // MIB for item in merged] == [23, 23]
    assert table.merge(merged, []) == merged


def test_an_entry_without_an_answer_replaces_none_that_has_one() -> None:
    assert table.merge([measured()], [unknown()]) == [measured()]
    assert table.merge([unknown()], [measured()]) == [measured()]
    later = {**unknown(), "date": "2026-02-03T00:00:00Z"}
    assert table.merge([unknown()], [later]) == [later]


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    assert table.read(str(path)) == []
    path.write_text(canonical_json(table.document([measured()])))
    assert table.read(str(path)) == [measured()]
    path.write_text("{")
    with pytest.raises(table.TableError, match="it is not JSON"):
        table.read(str(path))
    path.write_text("[" * 100000)
    with pytest.raises(table.TableError, match="it is not JSON"):
        table.read(str(path))


@pytest.mark.parametrize("found", [None, [], {}, {"schema": table.SCHEMA}, {"schema": {"name": "x"}, "entries": []}])
def test_another_document_is_refused(found: t.Any) -> None:
    with pytest.raises(table.TableError, match=r"Take the file that the playbook linux\.kdump\.calibrate writes"):
        table.entries_of(found)


@pytest.mark.parametrize(
    "change",
    [
        {"memory_bytes": 0}, {"memory_bytes": "1G"}, {"cpus": True}, {"smallest_bytes": -1}, {"smallest_bytes": None},
        {"kernel": {"sha256": "x"}}, {"initramfs": None}, {"target": ""}, {"trials": {}},
        {"granularity_bytes": 1 << 99},
    ],
)  # fmt: skip
def test_damaged_entries_are_refused(change: dict[str, t.Any]) -> None:
    with pytest.raises(table.TableError, match="its entry 1 is damaged"):
        table.entries_of(table.document([measured()]) | {"entries": [measured(), {**measured(), **change}]})


def test_the_table_for_people() -> None:
    head, row, incomplete = table.lines([measured(), {**unknown(), "memory_bytes": 2 * GIB}])
    assert " ".join(head.split()) == "profile architecture target RAM CPUs smallest reserve peak used trials"
    assert row.split() == ["tiny", "x86_64", "local", "1024M", "2", "23M", "27M", "10.7M", "8"]
    assert incomplete.split()[5:] == ["?", "?", "?", "0"]
