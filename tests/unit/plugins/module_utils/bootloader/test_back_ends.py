# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every back end has to do, on a tree of each: all entries, nothing but the parameter, whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.faults import MOST, failed_at, killed_at
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.trees import TREES, Box

WANTED = ("crashkernel=64M",)
MORE = ("crashkernel=1G,high", "crashkernel=128M,low")

_PARAMETER = re.compile(rb"crashkernel=[^\s\"']*")


@pytest.fixture(autouse=True)
def _without_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Syncing stays a step at which a change can be cut short, and takes no time."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(autouse=True)
def _scratch_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a killed run leaves behind stays below the test's own folders."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("scratch")))


@pytest.fixture(params=TREES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def box(name: str, tmp_path: Path) -> Box:
    return Box(TREES[name], tmp_path)


def converge(box: Box, parameters: t.Sequence[str]) -> None:
    """What the module does: look, and change what differs."""
    if box.loader.wanted(parameters) != box.loader.default() or box.values() != {tuple(parameters)}:
        box.loader.apply(parameters, timeout=5)


def test_it_is_found(box: Box) -> None:
    assert box.loader.missing() == ()


def test_every_entry_gets_the_value_once(name: str, box: Box) -> None:
    assert box.loader.apply(WANTED, timeout=5) == ()
    assert box.values() == {WANTED}
    assert sum(entry.managed for entry in box.loader.entries()) == TREES[name].entries
    assert box.loader.wanted(WANTED) == box.loader.default()


def test_nothing_but_the_parameter_is_changed(name: str, box: Box) -> None:
    made = set(TREES[name].made)
    before = {path: _stripped(content) for path, content in box.contents().items()}
    for parameters in (WANTED, ()):
        box.loader.apply(parameters, timeout=5)
        after = {path: _stripped(content) for path, content in box.contents().items()}
        assert {path: after[path] for path in before if path not in made} == {
            path: lines for path, lines in before.items() if path not in made
        }
        assert set(after) - set(before) <= made


def test_what_present_writes_absent_takes_back_byte_by_byte(box: Box) -> None:
    box.loader.apply((), timeout=5)
    before = box.contents()
    for parameters in (WANTED, MORE):
        box.loader.apply(parameters, timeout=5)
    converge(box, ())
    assert box.contents() == before
    assert box.loader.wanted(()) == box.loader.default()


def test_a_file_that_was_made_and_that_somebody_wrote_in_since_stays(name: str, box: Box) -> None:
    for path in TREES[name].made:
        there = path in box.contents()
        box.loader.apply(WANTED, timeout=5)
        box.write(path, "# mine\n" + box.read(path) if "default" in path else "mine " + box.read(path))
        converge(box, ())
        assert there or "mine" in box.read(path)


def test_looking_writes_nothing(box: Box) -> None:
    before = box.snapshot()
    box.loader.entries()
    box.loader.default()
    box.loader.wanted(WANTED)
    box.loader.rivals()
    assert box.snapshot() == before


def test_modes_are_kept(box: Box) -> None:
    files = [path for path in box.root.rglob("*") if path.is_file()]
    for path in files:
        path.chmod(0o600)
    box.loader.apply(WANTED, timeout=5)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_what_was_changed_is_kept_beside(box: Box) -> None:
    before = box.contents()
    box.loader.apply(WANTED, timeout=5)
    after = box.contents()
    changed = {path for path in before if before[path] != after[path]}
    kept = box.root / "var/lib/linux-kdump.boot"
    copies = {str(path.relative_to(kept)): path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    assert {path: copies.get(path) for path in changed if path in copies} == {
        path: before[path] for path in changed if path in copies
    }
    assert copies or not changed or box.loader.name == "ostree"  # which keeps deployments


@pytest.mark.parametrize("parameters", [MORE, ()], ids=["present", "absent"])
def test_a_kill_at_any_step_leaves_every_file_whole_and_the_next_run_ends_it(
    name: str, tmp_path: Path, parameters: tuple[str, ...]
) -> None:
    end = Box(TREES[name], tmp_path / "end")
    end.loader.apply(WANTED, timeout=5)
    before = end.contents()
    converge(end, parameters)
    after = end.contents()
    for step in range(1, MOST):
        box = Box(TREES[name], tmp_path / str(step))
        box.loader.apply(WANTED, timeout=5)
        if not killed_at(step, lambda box=box: converge(box, parameters), box.runner):  # type: ignore[misc]
            break
        for path, content in box.contents().items():
            assert content in (_of(before, path, end, box), _of(after, path, end, box)), path
        assert box.values() <= {WANTED, parameters}
        converge(box, parameters)
        assert box.values() == {parameters}
        assert set(box.contents()) == set(after)
    assert step > 2


def test_an_error_at_any_step_leaves_everything_as_it_was(name: str, tmp_path: Path) -> None:
    for step in range(1, MOST):
        box = Box(TREES[name], tmp_path / str(step))
        before = box.contents()
        if not failed_at(step, lambda box=box: converge(box, WANTED), box.runner):  # type: ignore[misc]
            break
        if box.contents() != before:
            assert box.values() == {WANTED}  # the error met nothing that counts
    assert step > 2


def _stripped(content: bytes) -> list[bytes]:
    """The lines without the parameter, without blanks, and without those that were added for it."""
    lines = (re.sub(rb"\s", b"", line).rstrip(b"#") for line in _PARAMETER.sub(b"", content).split(b"\n"))
    return [line for line in lines if line not in (b"", b"options", b"append", b'append=""', b'parameters=""')]


def _of(contents: dict[str, bytes], path: str, end: Box, box: Box) -> t.Optional[bytes]:
    found = contents.get(path)
    return None if found is None else found.replace(str(end.root).encode(), str(box.root).encode())
