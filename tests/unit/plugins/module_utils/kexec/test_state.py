# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says, and what the loader remembers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.kexec.state import Crash, is_current, read_crash, read_record

from .hosts import build, loaded, write


def current(host: Host) -> bool:
    return is_current(read_record(host), host=host, crash=read_crash(host))


def test_reads_the_kernels_view(tmp_path: Path) -> None:
    assert read_crash(build(tmp_path)) == Crash(False, 67108864, False, "none")


def test_a_kernel_without_kexec_says_nothing(tmp_path: Path) -> None:
    assert read_crash(Host(str(tmp_path))) == Crash(None, None, None, None)


@pytest.mark.parametrize("text", ["", "x\n", "-1\n", "1.5\n", "\N{ARABIC-INDIC DIGIT ONE}\n"])
def test_a_number_that_is_none_is_unknown(tmp_path: Path, text: str) -> None:
    assert read_crash(build(tmp_path, {"/sys/kernel/kexec_crash_size": text})).reserved_bytes is None


def test_lockdown_is_what_is_in_brackets(tmp_path: Path) -> None:
    host = build(tmp_path, {"/sys/kernel/security/lockdown": "none [integrity] confidentiality\n"})
    assert read_crash(host).lockdown == "integrity"


def test_a_record_survives_the_round_trip(tmp_path: Path) -> None:
    host = build(tmp_path)
    document = loaded(host)
    record = read_record(host)
    assert record is not None
    assert record.document() == document


def test_what_was_loaded_in_this_boot_from_these_files_is_current(tmp_path: Path) -> None:
    host = build(tmp_path)
    loaded(host)
    assert current(host)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/proc/sys/kernel/random/boot_id", "0d0d0d0d-0000-4000-8000-000000000000\n"),
        ("/sys/kernel/kexec_crash_loaded", "0\n"),
        (paths.KERNEL, "another kernel"),
        (paths.INITRAMFS, ""),
    ],
)
def test_after_a_change_it_is_not(tmp_path: Path, path: str, text: str) -> None:
    host = build(tmp_path)
    loaded(host)
    write(tmp_path, path, text)
    assert not current(host)


def test_a_file_that_is_gone_makes_it_stale(tmp_path: Path) -> None:
    host = build(tmp_path)
    loaded(host)
    (tmp_path / paths.KERNEL.lstrip("/")).unlink()
    assert not current(host)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": {"name": "linux.kdump/load", "version": 2}},
        {"boot_id": 1},
        {"kernel": "x"},
        {"kernel": {"path": "/x"}},
        {"initramfs": {"path": "/x", "sha256": None}},
        {"reserved_bytes": -1},
        {"reserved_bytes": True},
        {"loaded_at": 1.5},
    ],
)
def test_a_record_with_a_wrong_field_is_none(tmp_path: Path, change: dict[str, object]) -> None:
    host = build(tmp_path)
    loaded(host, **change)
    assert read_record(host) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '"x"', "[" * 5000, "x" * (1 << 21)], ids=range(8))
def test_a_record_that_is_none_is_none(tmp_path: Path, text: str) -> None:
    assert read_record(build(tmp_path, {paths.LOAD_RECORD: text})) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


@given(st.dictionaries(st.sampled_from(["schema", "boot_id", "kernel", "command_line", "loaded_at"]), JSON) | JSON)
def test_no_json_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, document: object) -> None:
    root = tmp_path_factory.mktemp("host")
    write(root, paths.LOAD_RECORD, json.dumps(document))
    assert read_record(Host(str(root))) is None
