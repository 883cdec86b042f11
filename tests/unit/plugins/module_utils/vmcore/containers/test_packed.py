# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed files: unpacked within limits, whatever they hold; nothing is left behind."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import struct
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers import optional, packed
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.aids import Aids
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.packed import COMPRESSIONS, Room
from ansible_collections.linux.kdump.tests.unit.vmcore_files import flatten, write_elf, write_kdump
from ansible_collections.linux.kdump.tests.unit.vmcore_packers import pack_zstd
from ansible_collections.linux.kdump.tests.unit.vmcores import NONCE, Machine

Look = Callable[..., dict[str, t.Any]]
DUMPS = {
    "elf": write_elf(Machine()),
    "kdump": write_kdump(Machine()),
    "flattened-kdump": flatten(write_kdump(Machine())),
    "flattened-elf": flatten(write_elf(Machine(), filtered=True)),
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 1),
    "bzip2": lambda data: bz2.compress(data, 1),
    "xz": lambda data: lzma.compress(data, preset=0),
    **({"zstd": pack_zstd} if optional.ZSTD else {}),
    **({"lz4": optional.LZ4.compress} if optional.LZ4 else {}),
}


def ids(document: dict[str, t.Any]) -> list[str]:
    return [found["id"] for found in document["findings"]]


@pytest.fixture
def room(tmp_path: Path) -> t.Iterator[Room]:
    """A folder that is empty afterwards."""
    folder = tmp_path / "room"
    folder.mkdir()
    yield Room(folder=str(folder))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", list(DUMPS))
@pytest.mark.parametrize("name", list(PACKERS))
def test_a_compressed_dump(look: Look, room: Room, name: str, kind: str) -> None:
    data = PACKERS[name](DUMPS[kind])
    document = look(data, aids=Aids(room=room), expect={"nonce": NONCE, "compression": name}, depth="full")
    assert (document["verdict"], ids(document)) == ("ok", ["unpacked"])
    assert (document["container"], document["compression"], document["bytes"]) == (kind, name, len(data))


@pytest.mark.parametrize("name", list(PACKERS))
def test_cut_anywhere_it_is_never_ok(look: Look, room: Room, name: str) -> None:
    data = PACKERS[name](DUMPS["kdump"])
    for end in sorted({len(data) * part // 20 for part in range(1, 20)} | {10, 11, len(data) - 1, len(data) - 3}):
        document = look(data[:end], aids=Aids(room=room))
        assert (document["verdict"], document["compression"]) == ("incomplete", name), end
        assert "unpack-truncated" in ids(document)


@pytest.mark.parametrize("name", list(PACKERS))
def test_damage_is_told(look: Look, room: Room, name: str) -> None:
    data = bytearray(PACKERS[name](DUMPS["kdump"]))
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    assert look(bytes(data), aids=Aids(room=room), depth="full")["verdict"] != "ok"


@pytest.mark.parametrize("name", list(PACKERS))
def test_streams_one_after_the_other_and_zeros_after_them(look: Look, room: Room, name: str) -> None:
    dump = DUMPS["kdump"]
    parts = [PACKERS[name](dump[at : at + 30_000]) for at in range(0, len(dump), 30_000)]
    document = look(b"".join(parts) + bytes(100_000), aids=Aids(room=room))
    assert (document["verdict"], ids(document)) == ("ok", ["unpacked"])


@pytest.mark.parametrize("extra", [b"x", b"\0\0more than the signature of a stream"])
@pytest.mark.parametrize("name", list(PACKERS))
def test_what_follows_the_stream_takes_nothing_from_the_dump(look: Look, room: Room, name: str, extra: bytes) -> None:
    document = look(PACKERS[name](DUMPS["kdump"]) + extra, aids=Aids(room=room), depth="full")
    assert (document["verdict"], ids(document)) == ("ok", ["unpacked", "trailing-data"])


@pytest.mark.skipif("zstd" not in PACKERS, reason="zstd is not installed")
def test_frames_that_pzstd_makes(look: Look, room: Room) -> None:
    dump = DUMPS["kdump"]
    frames = [PACKERS["zstd"](dump[at : at + 30_000]) for at in range(0, len(dump), 30_000)]
    data = b"".join(struct.pack("<III", 0x184D2A50, 4, len(frame)) + frame for frame in frames)
    document = look(data, aids=Aids(room=room))
    assert (document["verdict"], ids(document)) == ("ok", ["unpacked"])


@pytest.mark.parametrize("name", list(PACKERS))
def test_more_than_allowed(look: Look, room: Room, name: str) -> None:
    data = PACKERS[name](DUMPS["elf"])
    document = look(data, aids=Aids(room=Room(1 << 20, room.folder)))
    assert (document["verdict"], "unpack-limit" in ids(document)) == ("unrecognised", True)


def test_a_bomb_is_stopped_early(look: Look, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_LIMIT_SMALL", 1 << 20)
    document = look(gzip.compress(bytes(8 << 20)), aids=Aids(room=room))
    assert (document["verdict"], ids(document)[:2]) == ("unrecognised", ["unpacked", "unpack-limit"])


@pytest.mark.parametrize(
    ("size", "limit"), [(0, 256 << 20), (1 << 20, 256 << 20), (4 << 20, 1 << 30), (1 << 40, 4 << 30)]
)
def test_the_limit_grows_with_the_file(size: int, limit: int) -> None:
    assert Room().limit_for(size) == limit
    assert Room(5).limit_for(size) == 5


def test_a_disk_without_room(look: Look, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_RESERVE", 1 << 60)
    document = look(gzip.compress(DUMPS["kdump"]), aids=Aids(room=room))
    assert (document["verdict"], "unpack-space" in ids(document)) == ("unrecognised", True)


def test_a_folder_that_is_not_there(look: Look, tmp_path: Path) -> None:
    with pytest.raises(KdumpError, match=r"unpack_dir"):
        look(gzip.compress(DUMPS["kdump"]), aids=Aids(room=Room(folder=str(tmp_path / "nowhere"))))


def test_zeros_take_no_room_on_disk(look: Look, room: Room) -> None:
    machine = Machine()
    machine.memory[1 << 20 : 4 << 20] = bytes(3 << 20)
    document = look(gzip.compress(write_elf(machine)), aids=Aids(room=room), depth="structure")
    used = int(document["findings"][0]["message"].split(" of them ")[0].rsplit(" ", 1)[-1])
    assert used < 4 << 20


@pytest.mark.parametrize(("name", "package"), [("zstd", "backports.zstd"), ("lz4", "lz4")])
def test_a_missing_package_is_named(look: Look, monkeypatch: pytest.MonkeyPatch, name: str, package: str) -> None:
    rows = tuple(row._replace(stream=None) if row.name == name else row for row in COMPRESSIONS)
    monkeypatch.setattr(packed, "COMPRESSIONS", rows)
    signature = next(row.signature for row in rows if row.name == name)
    document = look(signature + os.urandom(500))
    assert (document["verdict"], ids(document), document["compression"]) == ("unrecognised", ["codec-missing"], name)
    assert f"package {package}," in document["findings"][0]["message"]


@pytest.mark.parametrize("data", [b"\x89LZO\0rest", gzip.compress(gzip.compress(DUMPS["kdump"], mtime=0), mtime=0)])
def test_what_is_not_unpacked_here(look: Look, data: bytes) -> None:
    document = look(data)
    assert (document["verdict"], "compressed" in ids(document)) == ("unrecognised", True)


def test_xz_that_asks_for_much_memory(look: Look, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_XZ_MEMORY", 1 << 20)
    document = look(lzma.compress(DUMPS["kdump"], preset=6), aids=Aids(room=room))
    assert "unpack-memory" in ids(document)


@pytest.mark.skipif(not optional.ZSTD, reason="backports.zstd is not installed")
def test_zstd_that_asks_for_much_memory(look: Look, room: Room) -> None:
    level = {optional.ZSTD.CompressionParameter.window_log: 27, optional.ZSTD.CompressionParameter.compression_level: 1}
    pack = optional.ZSTD.ZstdCompressor(options=level)
    data = pack.compress(DUMPS["kdump"]) + pack.flush()
    assert "unpack-memory" in ids(look(data, aids=Aids(room=room)))


def test_empty_streams_without_end(look: Look, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_MAX_STREAMS", 100)
    document = look(gzip.compress(b"") * 101, aids=Aids(room=room))
    assert "unpack-damaged" in ids(document)
