# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, chunks and batches."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.transfer.plan import (
    Chunk,
    SourceFile,
    TransferError,
    batches,
    check_name,
    chunks,
    parse_listing,
)

SHA = "0" * 64


def entry(name: str, **changes: t.Any) -> dict[str, t.Any]:
    return {"name": name, "size": 10, "mtime_ns": 1, "inode": 2, "sha256": SHA, **changes}


@pytest.mark.parametrize(
    "name", ["vmcore", "dmesg.txt", "kdump.json", "vmcore.incomplete", "dump.202611221015", "_a@b=c+d:1"]
)
def test_plain_names(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../vmcore", "a/b", "/etc/passwd", ".vmcore.part", "-rf", "a b", "a\nb", "a\0b", "é", "x" * 201],
)
def test_names_that_could_escape(name: str) -> None:
    with pytest.raises(TransferError, match="not a plain file name"):
        check_name(name)


BAD_LISTINGS = [
    ([entry("../../etc/cron.d/x")], "not a plain file name"),
    ([entry("a"), entry("a")], "listed a file twice"),
    ([entry(f"f{number}") for number in range(257)], "holds 257 files"),
    ([entry("vmcore.incomplete")], "is incomplete. Set incomplete=true"),
    ([entry("vmcore-incomplete")], "is incomplete. Set incomplete=true"),
    ([entry("dump-incomplete.xz")], "is incomplete. Set incomplete=true"),
    ([entry("a", size=-1)], "malformed entry for a"),
    ([entry("a", size=1 << 63)], "malformed entry for a"),
    ([entry("a", sha256="zz")], "malformed entry for a"),
    ([entry("a", size="many")], "malformed entry"),
    ([entry("a", size=float("inf"))], "malformed entry"),
    ([{"name": "a"}], "malformed entry"),
]


@pytest.mark.parametrize(("listing", "words"), BAD_LISTINGS)
def test_a_hostile_listing(listing: list[dict[str, t.Any]], words: str) -> None:
    with pytest.raises(TransferError, match=words):
        parse_listing("/var/crash/x", listing, incomplete=False)


def test_an_incomplete_dump_is_brought_where_asked_for() -> None:
    assert [file.name for file in parse_listing("/x", [entry("vmcore.incomplete")], incomplete=True)] == [
        "vmcore.incomplete"
    ]


@settings(deadline=None)
@given(size=st.integers(0, 5000), chunk=st.integers(1, 700), limit=st.integers(1, 2000))
def test_pieces_cover_the_file_once_and_in_order(size: int, chunk: int, limit: int) -> None:
    pieces = chunks(SourceFile("a", size, 0, 0, SHA), chunk)
    position = 0
    for number, piece in enumerate(pieces):
        assert (piece.index, piece.offset) == (number, position)
        assert 0 < piece.length <= chunk
        position += piece.length
    assert position == size
    grouped = list(batches(pieces, limit))
    assert [piece for batch in grouped for piece in batch] == pieces
    assert all(len(batch) == 1 or sum(piece.length for piece in batch) <= limit for batch in grouped)


def test_small_files_share_a_batch() -> None:
    pieces = [
        Chunk("dmesg.txt", 0, 0, 40),
        Chunk("kdump.json", 0, 0, 2),
        Chunk("vmcore", 0, 0, 64),
        Chunk("vmcore", 1, 64, 5),
    ]
    assert [[piece.name for piece in batch] for batch in batches(pieces, 64)] == [
        ["dmesg.txt", "kdump.json"],
        ["vmcore"],
        ["vmcore"],
    ]
