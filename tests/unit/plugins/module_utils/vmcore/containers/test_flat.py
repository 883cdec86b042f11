# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flattened streams equal the file that their records write, in any order; without their end they are incomplete."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers import flat, intervals
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.flat import FlatSource
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.source import FileSource

HEAD = (b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1)).ljust(4096, b"\0")
END = b"\xff" * 16
RECORDS = st.lists(st.tuples(st.integers(0, 300), st.binary(min_size=1, max_size=60)), max_size=20)


def record(offset: int, data: bytes) -> bytes:
    return struct.pack(">qq", offset, len(data)) + data


def ids(stream: FlatSource) -> list[str]:
    return [found.id for found in stream.findings]


@given(records=RECORDS)
@settings(max_examples=200, deadline=None)
def test_it_is_the_file_that_its_records_write(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[int, bytes]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "stream"
    path.write_bytes(HEAD + b"".join(record(*each) for each in records) + END)
    written = bytearray(max((offset + len(data) for offset, data in records), default=0))
    for offset, data in records:
        written[offset : offset + len(data)] = data
    with FileSource(str(path)) as source:
        stream = FlatSource(source)
        assert (stream.size, ids(stream)) == (len(written), [])
        assert stream.read(0, stream.size, "all") == written


@given(records=RECORDS, data=st.data())
@settings(max_examples=100, deadline=None)
def test_cut_anywhere_its_end_is_missed(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    whole = HEAD + b"".join(record(*each) for each in records) + END
    path = tmp_path_factory.getbasetemp() / "cut"
    path.write_bytes(whole[: data.draw(st.integers(4096, len(whole) - 1))])
    with FileSource(str(path)) as source:
        assert ids(FlatSource(source)) == ["flat-truncated"]


@pytest.mark.parametrize(("offset", "size"), [(-2, 5), (0, 0), (0, -7), (-1, 3)])
def test_records_that_make_no_sense(tmp_path: Path, offset: int, size: int) -> None:
    path = tmp_path / "stream"
    path.write_bytes(HEAD + record(0, b"abc") + struct.pack(">qq", offset, size) + b"xyz" + END)
    with FileSource(str(path)) as source:
        stream = FlatSource(source)
        assert (ids(stream), stream.size) == (["flat-damaged"], 3)


def test_more_records_than_any_writer_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat, "_MAX_RECORDS", 5)
    path = tmp_path / "stream"
    path.write_bytes(HEAD + b"".join(record(at, b"x") for at in range(9)) + END)
    with FileSource(str(path)) as source:
        assert ids(FlatSource(source)) == ["flat-long"]


def test_records_in_no_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "_MAX_RUNS", 5)
    path = tmp_path / "stream"
    path.write_bytes(HEAD + b"".join(record(100 - at, b"x") for at in range(9)) + END)
    with FileSource(str(path)) as source:
        assert ids(FlatSource(source)) == ["flat-damaged"]
