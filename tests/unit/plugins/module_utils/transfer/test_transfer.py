# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both sides of a transfer, with a folder in between instead of a connection."""

from __future__ import annotations

import os
import pathlib
import stat

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.transfer import receive
from ansible_collections.linux.kdump.plugins.module_utils.transfer.journal import load_journal
from ansible_collections.linux.kdump.plugins.module_utils.transfer.plan import SourceFile, TransferError, parse_listing
from ansible_collections.linux.kdump.plugins.module_utils.transfer.source import list_files, remove_files, stage_chunks

CHUNK = 4096
CONTENT = os.urandom(CHUNK * 3 + 100)


class Cut(Exception):
    """The connection broke."""


@pytest.fixture
def dump(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "crash" / "20261122T101500Z-1c9a33f0"
    folder.mkdir(parents=True)
    (folder / "vmcore").write_bytes(CONTENT)
    (folder / "dmesg.txt").write_text("Kernel panic\n")
    (folder / "empty").touch()
    return folder


@pytest.fixture
def dest(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "artifacts" / "host" / "id"


@pytest.fixture
def way(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "way").mkdir()
    return tmp_path / "way"


def listing(dump: pathlib.Path, *, incomplete: bool = False) -> list[SourceFile]:
    return parse_listing(str(dump), list_files(str(dump), incomplete=incomplete)["files"], incomplete=incomplete)


def bring(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path, *, stop_after: int = 10**6) -> int:
    """Bring everything, chunk by chunk, and return how many chunks it took."""
    receive.prepare_folder(str(dest))
    count = 0
    for file in listing(dump):
        if receive.is_here(file, str(dest)):
            continue
        incoming = receive.begin(file, str(dest), CHUNK)
        for piece in incoming.missing:
            if count >= stop_after:
                raise Cut
            request = {"name": piece.name, "offset": piece.offset, "length": piece.length}
            digests = stage_chunks(str(dump), files=[file], pieces=[request], into=str(way))
            incoming.accept(piece, str(way / "chunk-0"), digests[0])
            count += 1
        incoming.finish()
    return count


def names(folder: pathlib.Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_all_of_it_arrives_for_its_owner_only(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    assert bring(dump, dest, way) == 5
    assert names(dest) == ["dmesg.txt", "empty", "vmcore"]
    assert (dest / "vmcore").read_bytes() == CONTENT
    assert stat.S_IMODE(dest.stat().st_mode) == 0o700
    assert {stat.S_IMODE((dest / name).stat().st_mode) for name in names(dest)} == {0o600}


def test_a_second_run_brings_nothing(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    bring(dump, dest, way)
    assert bring(dump, dest, way) == 0


def test_what_was_cut_off_goes_on(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    with pytest.raises(Cut):
        bring(dump, dest, way, stop_after=3)
    assert names(dest) == [".vmcore.journal", ".vmcore.part", "dmesg.txt", "empty"]
    assert bring(dump, dest, way) == 2
    assert (dest / "vmcore").read_bytes() == CONTENT
    assert names(dest) == ["dmesg.txt", "empty", "vmcore"]


def test_only_what_still_hashes_right_is_kept(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    with pytest.raises(Cut):
        bring(dump, dest, way, stop_after=4)
    part = dest / ".vmcore.part"
    data = bytearray(part.read_bytes())
    data[0] ^= 1
    part.write_bytes(data[: CHUNK * 2 + 10])  # chunk 0 damaged, 1 good, 2 cut short
    assert bring(dump, dest, way) == 3
    assert (dest / "vmcore").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "journal",
    [b"", b"\xff\xfe", b"[1]\n", b'{"journal": 1}\n', b"{" * 100_000, b'{"journal": 9, "sha256": "x"}\n{"chunk":'],
)
def test_a_journal_of_something_else_is_not_believed(
    dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path, journal: bytes
) -> None:
    with pytest.raises(Cut):
        bring(dump, dest, way, stop_after=3)
    (dest / ".vmcore.journal").write_bytes(journal)
    assert bring(dump, dest, way) == 4
    assert (dest / "vmcore").read_bytes() == CONTENT


def test_a_torn_last_line_costs_one_chunk(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    with pytest.raises(Cut):
        bring(dump, dest, way, stop_after=3)
    journal = dest / ".vmcore.journal"
    journal.write_bytes(journal.read_bytes()[:-10])
    assert bring(dump, dest, way) == 3


def test_another_dump_is_never_overwritten(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    receive.prepare_folder(str(dest))
    (dest / "dmesg.txt").write_text("precious")
    with pytest.raises(TransferError, match="is there already and is another file"):
        bring(dump, dest, way)
    assert (dest / "dmesg.txt").read_text() == "precious"


def test_not_even_one_that_appeared_meanwhile(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    receive.prepare_folder(str(dest))
    file = listing(dump)[1]
    incoming = receive.begin(file, str(dest), CHUNK)
    (dest / file.name).symlink_to("elsewhere")
    with pytest.raises(TransferError, match="is there already"):
        incoming.finish()


def test_a_damaged_piece_is_refused(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    receive.prepare_folder(str(dest))
    file = listing(dump)[2]
    incoming = receive.begin(file, str(dest), CHUNK)
    (way / "chunk-0").write_bytes(b"x" * CHUNK)
    with pytest.raises(TransferError, match="bytes 0 to 4096 arrived damaged"):
        incoming.accept(incoming.missing[0], str(way / "chunk-0"), "0" * 64)
    assert load_journal(incoming.journal.path, file, CHUNK).done == {}


def test_a_wrong_whole_is_thrown_away(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    receive.prepare_folder(str(dest))
    file = listing(dump)[2]
    with pytest.raises(TransferError, match="does not have the sha256"):
        receive.begin(file, str(dest), CHUNK).finish()
    assert names(dest) == []


def test_a_growing_file_is_refused(dump: pathlib.Path, way: pathlib.Path) -> None:
    file = listing(dump)[2]
    with (dump / "vmcore").open("ab") as stream:
        stream.write(b"more")
    piece = {"name": "vmcore", "offset": 0, "length": 10}
    with pytest.raises(TransferError, match="it changed meanwhile"):
        stage_chunks(str(dump), files=[file], pieces=[piece], into=str(way))
    with pytest.raises(TransferError, match="it changed meanwhile"):
        remove_files(str(dump), [file])
    assert (dump / "vmcore").exists()


def test_one_file_can_be_brought_alone(dump: pathlib.Path) -> None:
    assert [file.name for file in listing(dump / "vmcore")] == ["vmcore"]


def test_removal_takes_the_folder_only_when_it_is_empty(dump: pathlib.Path) -> None:
    files = listing(dump)
    remove_files(str(dump), files[:1])
    assert names(dump) == ["empty", "vmcore"]
    remove_files(str(dump), files[1:])
    assert not dump.exists()


def test_links_and_others_are_refused(dump: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "link").symlink_to(dump)
    (dump / "shadow").symlink_to("/etc/shadow")
    with pytest.raises(TransferError, match="it is a symbolic link"):
        listing(tmp_path / "link")
    with pytest.raises(TransferError, match=r"Cannot bring shadow of .*: it is a symbolic link"):
        listing(dump)
    (dump / "shadow").unlink()
    os.mkfifo(dump / "pipe")
    with pytest.raises(TransferError, match=r"Cannot bring pipe of .*: it is not a regular file"):
        listing(dump)


def test_a_link_in_the_way_is_not_written_through(
    dump: pathlib.Path, way: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "victim").write_text("safe")
    (way / "chunk-0").symlink_to(tmp_path / "victim")
    stage_chunks(str(dump), files=listing(dump), pieces=[{"name": "vmcore", "offset": 0, "length": 10}], into=str(way))
    assert (tmp_path / "victim").read_text() == "safe"
    assert (way / "chunk-0").read_bytes() == CONTENT[:10]


def test_a_part_that_is_a_link_is_not_written_through(
    dump: pathlib.Path, dest: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    receive.prepare_folder(str(dest))
    (dest / ".vmcore.part").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        receive.begin(listing(dump)[2], str(dest), CHUNK)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "the folder is empty"),
        (lambda path: (path.mkdir(), (path / "vmcore.incomplete").touch()), "vmcore.incomplete is incomplete"),
        (lambda path: (path.mkdir(), (path / "a b").touch()), "not a plain file name"),
        (lambda path: (path.mkdir(), [(path / f"f{number}").touch() for number in range(300)]), "it holds 300 entries"),
    ],
)
def test_what_cannot_be_brought(tmp_path: pathlib.Path, make: object, words: str) -> None:
    assert callable(make)
    make(tmp_path / "dump")
    with pytest.raises(TransferError, match=words):
        listing(tmp_path / "dump")


def test_no_room_on_the_host(dump: pathlib.Path, way: pathlib.Path) -> None:
    pieces = [{"name": "vmcore", "offset": 0, "length": 1 << 60}]
    with pytest.raises(TransferError, match="Set a smaller chunk_bytes"):
        stage_chunks(str(dump), files=listing(dump), pieces=pieces, into=str(way))


def test_no_room_on_the_controller(dest: pathlib.Path) -> None:
    with pytest.raises(TransferError, match="Make room or set another dest"):
        receive.check_room(str(dest), 1 << 60, CHUNK)
    receive.check_room(str(dest), 0, CHUNK)


def test_what_is_missing_is_known_beforehand(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    assert receive.missing_bytes(listing(dump), str(dest), CHUNK) == len(CONTENT) + 13
    with pytest.raises(Cut):
        bring(dump, dest, way, stop_after=3)
    assert receive.missing_bytes(listing(dump)[2:], str(dest), CHUNK) == len(CONTENT) - 2 * CHUNK


def test_a_size_that_nobody_has_room_for_takes_no_memory_to_refuse(dest: pathlib.Path) -> None:
    huge = SourceFile("vmcore", (1 << 63) - 1, 1, 1, "0" * 64)
    wanted = receive.missing_bytes([huge], str(dest), CHUNK)
    assert wanted == huge.size
    with pytest.raises(TransferError, match="of free space"):
        receive.check_room(str(dest), wanted, CHUNK)


def test_what_is_missing_is_what_the_journal_lacks(dump: pathlib.Path, dest: pathlib.Path, way: pathlib.Path) -> None:
    with pytest.raises(Cut):
        bring(dump, dest, way, stop_after=3)
    (vmcore,) = (file for file in listing(dump) if file.name == "vmcore")
    assert receive.missing_bytes([vmcore], str(dest), CHUNK) == len(CONTENT) - 2 * CHUNK
    with (dest / ".vmcore.journal").open("a") as stream:
        stream.write('{"chunk": 3, "sha256": ""}\n{"chunk": 99, "sha256": ""}\n{"chunk": -1, "sha256": ""}\n')
    assert receive.missing_bytes([vmcore], str(dest), CHUNK) == CHUNK


def test_the_space_that_a_save_had_set_aside_is_no_part_of_the_dump(dump: pathlib.Path) -> None:
    (dump / ".reserve").write_bytes(bytes(64))
    (dump / "vmcore").rename(dump / "vmcore.incomplete")
    found = [file.name for file in listing(dump, incomplete=True)]
    assert found == ["dmesg.txt", "empty", "vmcore.incomplete"]
