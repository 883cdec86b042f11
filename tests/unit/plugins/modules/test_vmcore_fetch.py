# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of vmcore_fetch that runs on the host removes only when told to."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.modules.vmcore_fetch import work


def ask(path: Path, step: str, *, files: t.Sequence[object] = (), check_mode: bool = False) -> dict[str, t.Any]:
    request = {"step": step, "files": files, "pieces": [], "into": None, "limit": 0}
    return work({"path": str(path), "incomplete": False, "_request": request}, check_mode=check_mode)


def test_a_listed_file_can_be_removed_but_not_in_check_mode(tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.mkdir()
    (dump / "vmcore").write_bytes(b"memory")
    files = ask(dump, "list", check_mode=True)["files"]
    assert ask(dump, "remove", files=files, check_mode=True)["changed"] is True
    assert (dump / "vmcore").exists()
    assert ask(dump, "remove", files=files)["changed"] is True
    assert not dump.exists()


def test_nothing_happens_without_the_action_plugin(tmp_path: Path) -> None:
    with pytest.raises(KdumpError, match=r"Call it as linux\.kdump\.vmcore_fetch in a task"):
        work({"path": str(tmp_path), "incomplete": False, "_request": None}, check_mode=False)
