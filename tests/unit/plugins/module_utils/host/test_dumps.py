# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listing dumps, of which nothing is trusted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.host.dumps import (
    MAX_DUMPS,
    MAX_FILES,
    MAX_RECORD_BYTES,
    list_dumps,
    parse_record,
)
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host


def make(root: Path, name: str, **files: str) -> Path:
    folder = root / "var/crash" / name
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / file.replace("_", ".")).write_text(text)
    return folder


def test_lists_dumps_by_time(tmp_path: Path) -> None:
    make(tmp_path, "20261122T214500Z-1b2c3d4e", vmcore="core", dmesg_txt="log", kdump_json='{"status": "saved"}')
    make(tmp_path, "20251122T214500Z-00000000", vmcore_incomplete="co", dmesg_txt="log")
    make(tmp_path, "20261123T214500Z-00000000", vmcore="")
    dumps = list_dumps("/var/crash/", Host(str(tmp_path)))
    assert [(dump.id[:8], dump.complete, dump.record) for dump in dumps] == [
        ("20251122", False, None),
        ("20261122", True, {"status": "saved"}),
        ("20261123", False, None),
    ]
    assert dumps[1].files == {"vmcore": 4, "dmesg.txt": 3, "kdump.json": 19}
    assert dumps[1].path == "/var/crash/20261122T214500Z-1b2c3d4e"


@pytest.mark.parametrize(
    ("names", "complete", "vmcore"),
    [
        (["vmcore"], True, "vmcore"),
        (["vmcore.age", "dmesg.txt.age"], True, "vmcore.age"),
        (["vmcore.zst"], True, "vmcore.zst"),
        (["vmcore.gz.age"], True, "vmcore.gz.age"),
        (["vmcore.age.incomplete"], False, "vmcore.age.incomplete"),
        (["vmcore.age", "vmcore.age.incomplete"], False, "vmcore.age"),
        (["dmesg.txt.age"], False, None),
        (["kdump.json", "vmcore.txt"], False, None),
        (["kdump.json", "vmcore.age.gz"], False, None),
    ],
)
def test_a_vmcore_may_be_encrypted_or_compressed(
    tmp_path: Path, names: list[str], complete: bool, vmcore: str | None
) -> None:
    make(tmp_path, "20261122T214500Z-1b2c3d4e")
    for name in names:
        (tmp_path / "var/crash/20261122T214500Z-1b2c3d4e" / name).write_text("x")
    (dump,) = list_dumps("/var/crash", Host(str(tmp_path)))
    assert (dump.complete, dump.vmcore) == (complete, vmcore)


NONCE = "0123456789abcdef0123456789abcdef"
_LOG = "[    9.1] x\n" * 60000 + f"[   99.1] linux.kdump: drill nonce={NONCE}\n[   99.2] sysrq: Trigger a crash\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"dump.202611231530": "x", "dmesg.202611231530": _LOG}, ("kdump-tools", True, "dump.202611231530", NONCE)),
        ({"dump.202611231530": "", "dmesg.202611231530": "x"}, ("kdump-tools", False, "dump.202611231530", None)),
        ({"dump.202611231530.xz": "x"}, ("kdump-tools", True, "dump.202611231530.xz", None)),
        ({"dmesg.202611231530": "a\n", "dump-incomplete.gz": "x"}, ("kdump-tools", False, "dump-incomplete.gz", None)),
        ({"dmesg.202611231530": _LOG, "vmcore.202611231530": "x"}, ("kdump-tools", True, "vmcore.202611231530", NONCE)),
        ({"vmcore": "x", "vmcore-dmesg.txt": _LOG}, ("kdump-utils", True, "vmcore", NONCE)),
        ({"vmcore-incomplete": "x"}, ("kdump-utils", False, "vmcore-incomplete", None)),
        ({"vmcore": "x", "dmesg.txt": _LOG, "README.txt": "x"}, ("suse", True, "vmcore", NONCE)),
        ({"vmcore": "x", "dmesg.txt": _LOG}, ("collection", True, "vmcore", None)),
        ({"vmcore": "x", "kdump.json": f'{{"nonce": "{NONCE}"}}'}, ("collection", True, "vmcore", NONCE)),
        ({"vmcore": "x", "kdump.json": '{"nonce": ["x"]}'}, ("collection", True, "vmcore", None)),
        ({"vmcore": "x", "kdump.json": "{}", "dmesg.202611231530": _LOG}, ("collection", True, "vmcore", None)),
    ],
)
def test_dumps_of_the_distributions_kdumps_are_known_by_their_names(
    tmp_path: Path, files: dict[str, str], expected: tuple[str, bool, str, str | None]
) -> None:
    folder = make(tmp_path, "202611231530")
    for name, text in files.items():
        (folder / name).write_text(text)
    (dump,) = list_dumps("/var/crash", Host(str(tmp_path)))
    assert (dump.engine, dump.complete, dump.vmcore, dump.nonce) == expected


def test_a_log_that_is_a_link_or_a_pipe_is_not_read(tmp_path: Path) -> None:
    folder = make(tmp_path, "202611231530")
    (folder / "dump.202611231530").write_text("x")
    (tmp_path / "log").write_text(_LOG)
    (folder / "dmesg.202611231530").symlink_to(tmp_path / "log")
    os.mkfifo(folder / "dmesg.202611231531")
    (dump,) = list_dumps("/var/crash", Host(str(tmp_path)))
    assert (dump.engine, dump.nonce) == ("kdump-tools", None)


def test_what_is_no_dump_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, "lost+found")
    make(tmp_path, "other", notes="x")
    (tmp_path / "var/crash/kexec_cmd").write_text("")
    real = make(tmp_path / "elsewhere", "x", vmcore="core")
    (tmp_path / "var/crash/link").symlink_to(real)
    assert list_dumps("/var/crash", Host(str(tmp_path))) == []
    assert list_dumps("/missing", Host(str(tmp_path))) == []


def test_links_and_pipes_in_a_dump_are_not_followed(tmp_path: Path) -> None:
    folder = make(tmp_path, "20261122T214500Z-1b2c3d4e", dmesg_txt="log")
    (folder / "vmcore").symlink_to("/etc/passwd")
    os.mkfifo(folder / "kdump.json")
    (dump,) = list_dumps("/var/crash", Host(str(tmp_path)))
    assert (dump.complete, dump.files, dump.record) == (False, {"dmesg.txt": 3}, None)


def test_everything_is_bounded(tmp_path: Path) -> None:
    for number in range(MAX_DUMPS + 5):
        make(tmp_path, f"{number:04}", vmcore="x")
    folder = tmp_path / "var/crash/0104"
    for number in range(MAX_FILES * 2):
        (folder / f"w{number}").write_text("")
    (folder / "kdump.json").write_text(json.dumps({"x": "y" * MAX_RECORD_BYTES}))
    (tmp_path / "var/crash/0000-else").mkdir()
    host = Host(str(tmp_path))
    dumps = list_dumps("/var/crash", host)
    assert len(dumps) == MAX_DUMPS
    assert host.omitted == {"dumps": 5, "dumps.files": 1}
    assert (dumps[0].id, dumps[-1].id) == ("0005", "0104")
    assert len(dumps[-1].files) == MAX_FILES
    assert dumps[-1].files["vmcore"] == 1
    assert dumps[-1].record is None


def test_names_are_text_whatever_they_are_made_of(tmp_path: Path) -> None:
    folder = make(tmp_path, "x", vmcore="core")
    with open(os.fsencode(folder) + b"/\xff\n", "wb"):
        pass
    (dump,) = list_dumps("/var/crash", Host(str(tmp_path)))
    json.dumps(list(dump.files), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text",
    [None, "", "{", "[]", "1", "null", "NaN", '{"x": NaN}', '{"x": -Infinity}', '{"x": "\\ud800"}', '{"\\udfff": 1}',
     "[" * 100000, '{"x":' * 20000, '{"x": ' + "9" * 5000 + "}", "\0", '{"a": 1} x', '{"x": 1e999}'],
    ids=range(17),
)  # fmt: skip
def test_a_record_that_cannot_be_passed_on_is_none(text: str | None) -> None:
    assert parse_record(text) is None


@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "replace")))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert parse_record(text) is None or isinstance(parse_record(text), dict)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_what_json_can_say_comes_through(record: dict[str, object]) -> None:
    assert parse_record(json.dumps(record)) == record
