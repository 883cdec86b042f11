# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which documents of hosts are removed, and which never."""

from __future__ import annotations

import shutil
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.audit.merge import write_document
from ansible_collections.linux.kdump.plugins.module_utils.audit.prune import remove, surplus
from ansible_collections.linux.kdump.tests.unit.audit_hosts import Document, armed, document_of


def write(folder: Path, host: str, day: int, evidence: Document | None) -> str:
    moment = f"2026-01-{day:02}T00:00:00Z"
    return write_document(str(folder), document_of(host, evidence, run=f"2026010{day}.0Z", collected_at=moment))


def test_the_newest_stay_and_so_does_the_last_evidence(tmp_path: Path) -> None:
    for days, keep, gone in (
        ({1: armed(), 2: armed(), 3: armed()}, 1, {1, 2}),
        ({1: armed(), 2: armed(), 3: armed()}, 3, set()),
        ({1: armed(), 2: armed(), 3: None, 4: None}, 1, {1, 3}),
        ({1: None, 2: None}, 1, {1}),
    ):
        folder = tmp_path / f"{keep}-{len(list(tmp_path.iterdir()))}"
        paths = {day: write(folder, "db1", day, evidence) for day, evidence in days.items()}
        found = surplus(str(folder), ["db1"], keep=keep)
        assert found == sorted(paths[day] for day in gone), (days.keys(), keep)
        remove([*found, str(folder / "gone.json")])
        assert {str(path) for path in folder.iterdir()} == {path for day, path in paths.items() if day not in gone}


def test_nothing_else_is_ever_removed(tmp_path: Path) -> None:
    for day in (1, 2, 3):
        write(tmp_path, "db1", day, armed())
        write(tmp_path, "db1.example.org", day, armed())
        write(tmp_path / "worker", "db1", day, armed())
    old, middle, _new = sorted(str(path) for path in tmp_path.glob("db1.2*"))
    shutil.copy(old, tmp_path / "copy.json")
    (tmp_path / "link.json").symlink_to(old)
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "db1.20250101.0Z.json").write_text('{"host": "db1"}')
    (tmp_path / "db1.20240101.0Z.json").mkdir()
    shutil.copy(old, tmp_path / ".db1.20260101.0Z.json")
    assert surplus(str(tmp_path), ["db1", "db7"], keep=1) == [old, middle]
