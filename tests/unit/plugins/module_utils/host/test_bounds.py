# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence is never larger than it may be."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host.bounds import LIMIT, bounded, size_of


def evidence(*, dumps: int = 0, record: int = 0, name: int = 10, keys: int = 0, entries: int = 0) -> dict[str, t.Any]:
    return {
        "nodename": "db1",
        "trust": {"keys": [{"name": "k" * 60, "id": "f" * 40}] * keys},
        "boot": {"bootloader": "grub", "entries": [{"title": "e" * 200, "kernel": "/boot/vmlinuz"}] * entries},
        "interfaces": [],
        "target": {"path_modules": []},
        "dumps": [
            {"id": f"{number:04}", "record": {"text": "x" * record}, "files": {"v" * name: number}, "complete": True}
            for number in range(dumps)
        ],
    }


def test_what_is_small_stays_as_it_is() -> None:
    small = evidence(dumps=3, record=100)
    assert bounded(small) == {**small, "omitted": {}}


@pytest.mark.parametrize(
    ("facts", "gone"),
    [
        ({"dumps": 100, "record": 2000}, {"dumps.record"}),
        ({"dumps": 100, "record": 60000}, {"dumps.record"}),
        ({"dumps": 100, "record": 1, "name": 2000}, {"dumps.record", "dumps.files"}),
        ({"keys": 5000}, {"trust.keys"}),
        ({"dumps": 10, "keys": 300, "entries": 3000}, {"dumps.record", "dumps.files", "trust.keys", "boot.entries"}),
        ({"dumps": 5000}, {"dumps.record", "dumps.files", "dumps"}),
    ],
)
def test_what_is_large_is_cut_and_says_so(facts: dict[str, t.Any], gone: set[str]) -> None:
    document = bounded(evidence(**facts))
    assert size_of(document) <= LIMIT
    assert size_of(document) > LIMIT * 3 // 4 or "dumps.record" in gone
    assert set(document["omitted"]) == gone
    assert document["nodename"] == "db1"


def test_what_was_left_out_before_counts_as_well() -> None:
    before = {"omitted": {"dumps": 20, "watchdogs": 1}}
    assert bounded({**evidence(), **before})["omitted"] == before["omitted"]
    document = bounded({**evidence(dumps=5000), **before})
    assert document["omitted"]["dumps"] == 20 + 5000 - len(document["dumps"])
    assert document["omitted"]["watchdogs"] == before["omitted"]["watchdogs"] == 1


def test_the_newest_dump_keeps_its_record_longest() -> None:
    document = bounded(evidence(dumps=100, record=2000))
    kept = [dump["id"] for dump in document["dumps"] if dump["record"]]
    assert len(document["dumps"]) == 100
    assert kept == [f"{number:04}" for number in range(100 - len(kept), 100)]
    assert len(kept) > 15
    assert document["omitted"] == {"dumps.record": 100 - len(kept)}
