# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Split dumps: all parts are one dump; one that is missing, doubled or strange is named."""

from __future__ import annotations

import gzip
import typing as t
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.aids import Aids
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.identity import Expectation
from ansible_collections.linux.kdump.tests.unit.vmcore_files import KdumpOptions, flatten, write_elf, write_kdump
from ansible_collections.linux.kdump.tests.unit.vmcores import BASE, KINDS, NONCE, PAGE, SIZE, Machine

PAGES = (BASE + SIZE) // PAGE
MIDDLE = BASE // PAGE + 600
LAST = MIDDLE + 200
WINDOWS = ((0, MIDDLE), (MIDDLE, LAST), (LAST, PAGES))

Look = Callable[[Sequence[bytes]], dict[str, t.Any]]


@pytest.fixture
def join(tmp_path: Path) -> Callable[..., dict[str, t.Any]]:
    """The verdict on these files together."""

    def run(*parts: bytes, depth: str = "content", nonce: str | None = NONCE) -> dict[str, t.Any]:
        paths = [tmp_path / f"part{number}" for number in range(len(parts))]
        for path, data in zip(paths, parts):
            path.write_bytes(data)
        aids = Aids(parts=tuple(map(str, paths[1:])))
        return examine(str(paths[0]), expected=Expectation(nonce=nonce), depth=depth, aids=aids)

    return run


Join = Callable[..., dict[str, t.Any]]


def part(number: int, **options: t.Any) -> bytes:
    return write_kdump(Machine(), KdumpOptions(split=WINDOWS[number], **options))


def ids(document: dict[str, t.Any]) -> list[str]:
    return [found["id"] for found in document["findings"]]


@pytest.mark.parametrize("own_bits", [False, True])
@pytest.mark.parametrize("version", [2, 5, 6])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_all_parts_are_one_dump(join: Join, order: tuple[int, ...], version: int, own_bits: bool) -> None:
    parts = [part(number, version=version, own_bits=own_bits) for number in order]
    document = join(*parts, depth="full", nonce=NONCE if version > 2 else None)
    if version > 2:
        assert (document["verdict"], set(ids(document)) - {"cpus-missing"}) == ("ok", set())
    else:
        assert set(ids(document)) == {"version-old"}
    assert sum(document["page_compression"].values()) == SIZE // PAGE


def test_a_part_that_holds_nothing(join: Join) -> None:
    parts = [write_kdump(Machine(), KdumpOptions(split=window)) for window in ((0, PAGES), (PAGES, PAGES))]
    assert join(*parts)["verdict"] == "ok"


def test_parts_may_be_compressed(join: Join) -> None:
    document = join(part(0), gzip.compress(part(1)), part(2))
    assert document["verdict"] == "ok"


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_part_is_named(join: Join, missing: int) -> None:
    document = join(*(part(number) for number in range(3) if number != missing))
    assert document["verdict"] == "incomplete"
    message = next(found["message"] for found in document["findings"] if found["id"] == "split-missing")
    assert f"pages {WINDOWS[missing][0]} to {WINDOWS[missing][1]} " in message


def test_a_part_alone_says_what_to_do(join: Join) -> None:
    document = join(part(1))
    assert ids(document)[0] == "split-part"
    assert "option parts" in document["findings"][0]["message"]


def test_a_part_named_twice(join: Join) -> None:
    document = join(part(0), part(1), part(1), part(2))
    assert (document["verdict"], ids(document)) == ("corrupt", ["split-overlap"])


STRANGERS = [
    ("another crash", write_kdump(Machine(crashtime=5), KdumpOptions(split=WINDOWS[1]))),
    ("another host", write_kdump(Machine(nodename="b"), KdumpOptions(split=WINDOWS[1]))),
    ("a whole dump", write_kdump(Machine())),
    ("an ELF core", write_elf(Machine(), filtered=True)),
    ("no dump", b"no dump at all"),
]


@pytest.mark.parametrize("stranger", [case[1] for case in STRANGERS], ids=[case[0] for case in STRANGERS])
@pytest.mark.parametrize("place", [0, 1])
def test_a_file_that_is_no_part(join: Join, stranger: bytes, place: int) -> None:
    parts = [part(0), part(2)]
    parts.insert(place, stranger)
    document = join(*parts)
    assert document["verdict"] != "ok"
    assert place == 0 or "split-stranger" in ids(document)


def test_a_part_cut_short_is_named(join: Join) -> None:
    document = join(part(0), part(1)[:-5000], part(2))
    assert document["verdict"] == "incomplete"
    assert "part1: " in next(found["message"] for found in document["findings"] if found["id"] == "truncated")


def test_parts_of_a_big_endian_machine(join: Join) -> None:
    machine = Machine(variant="s390x")
    assert KINDS["s390x"].order == ">"
    parts = [write_kdump(machine, KdumpOptions(split=window)) for window in WINDOWS]
    assert (join(*parts, depth="structure", nonce=None))["verdict"] == "ok"


@pytest.mark.parametrize(
    ("packed", "rule"),
    [(gzip.compress(part(1), mtime=0)[:-4], "unpack-truncated"), (flatten(part(1))[:-16], "flat-truncated")],
    ids=["gzip", "flattened"],
)
def test_a_part_is_whole_in_what_it_holds_only(join: Join, packed: bytes, rule: str) -> None:
    """All its pages are there, but what is around them tells that more should follow."""
    document = join(part(0), packed, part(2))
    assert document["verdict"] == "incomplete"
    assert "part1: " in next(found["message"] for found in document["findings"] if found["id"] == rule)


def test_a_part_whose_name_says_that_it_is_not_finished(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("first", "second.incomplete", "third")]
    for number, path in enumerate(paths):
        path.write_bytes(part(number))
    document = examine(str(paths[0]), aids=Aids(parts=tuple(map(str, paths[1:]))))
    assert (document["verdict"], ids(document)) == ("incomplete", ["marked-incomplete"])
    assert document["findings"][0]["message"].startswith(str(paths[1]))
