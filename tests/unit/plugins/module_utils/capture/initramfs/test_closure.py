# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the library closure against the run-time linker's rules."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import closure
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.capture.initramfs import elves

LINKER = "/lib64/ld-linux-x86-64.so.2"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a run-time linker."""
    elves.write(tmp_path, LINKER[1:], soname="ld-linux-x86-64.so.2")
    return tmp_path


def _names(found: closure.Closure, root: Path) -> dict[str, str]:
    return {library.name: library.path[len(str(root)) :] for library in found.libraries}


def test_libraries_of_libraries_are_found(root: Path) -> None:
    elves.write(root, "lib/x86_64-linux-gnu/liba.so.1", needed=["libb.so.2"])
    elves.write(root, "usr/lib/libb.so.2", needed=["ld-linux-x86-64.so.2"])
    program = elves.write(root, "bin/tool", needed=["liba.so.1"], interpreter=LINKER)
    found = closure.closure(program, root=str(root))
    assert found.interpreter == LINKER
    assert _names(found, root) == {
        "liba.so.1": "/lib/x86_64-linux-gnu/liba.so.1",
        "libb.so.2": "/usr/lib/libb.so.2",
    }


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"rpath": "/opt/rpath"}, "/opt/rpath/liba.so.1"),
        ({"runpath": "/opt/runpath"}, "/opt/runpath/liba.so.1"),
        ({"rpath": "/opt/rpath", "runpath": "/opt/runpath"}, "/opt/runpath/liba.so.1"),
        ({"rpath": "/opt/none:/opt/rpath"}, "/opt/rpath/liba.so.1"),
        ({}, "/etc-named/liba.so.1"),
    ],
)
def test_search_order(root: Path, facts: dict[str, str], expected: str) -> None:
    for folder in ("opt/rpath", "opt/runpath", "etc-named", "lib"):
        elves.write(root, f"{folder}/liba.so.1", soname="liba.so.1")
    (root / "etc/ld.so.conf.d").mkdir(parents=True)
    (root / "etc/ld.so.conf").write_text("# comment\ninclude ld.so.conf.d/*.conf\n")
    (root / "etc/ld.so.conf.d/one.conf").write_text("/nowhere\n/etc-named # here\n")
    program = elves.write(root, "bin/tool", needed=["liba.so.1"], interpreter=LINKER, **facts)
    assert _names(closure.closure(program, root=str(root)), root) == {"liba.so.1": expected}


def test_rpath_reaches_down_to_libraries_and_runpath_does_not(root: Path) -> None:
    elves.write(root, "opt/liba.so.1", needed=["libb.so.1"])
    elves.write(root, "opt/libb.so.1", soname="libb.so.1")
    inherited = elves.write(root, "bin/rpath", needed=["liba.so.1"], interpreter=LINKER, rpath="/opt")
    assert set(_names(closure.closure(inherited, root=str(root)), root)) == {"liba.so.1", "libb.so.1"}
    own = elves.write(root, "bin/runpath", needed=["liba.so.1"], interpreter=LINKER, runpath="/opt")
    with pytest.raises(closure.ClosureError, match=r"libb\.so\.1, needed by .*/opt/liba\.so\.1, was not found"):
        closure.closure(own, root=str(root))


def test_origin_is_the_folder_of_the_object(tmp_path: Path) -> None:
    elves.write(tmp_path, "app/lib/liba.so.1", soname="liba.so.1")
    program = elves.write(tmp_path, "app/bin/tool", needed=["liba.so.1"], runpath="$ORIGIN/../lib")
    (library,) = closure.closure(program).libraries
    assert os.path.realpath(library.path) == str(tmp_path / "app/lib/liba.so.1")


def test_a_library_of_another_architecture_is_passed_over(root: Path) -> None:
    elves.write(root, "opt/liba.so.1", soname="liba.so.1", machine=elves.AARCH64)
    elves.write(root, "lib/liba.so.1", soname="liba.so.1")
    program = elves.write(root, "bin/tool", needed=["liba.so.1"], interpreter=LINKER, runpath="/opt")
    assert _names(closure.closure(program, root=str(root)), root) == {"liba.so.1": "/lib/liba.so.1"}


def test_only_a_library_of_another_architecture_is_an_error(root: Path) -> None:
    elves.write(root, "lib/liba.so.1", soname="liba.so.1", machine=elves.AARCH64)
    program = elves.write(root, "bin/tool", needed=["liba.so.1"], interpreter=LINKER)
    with pytest.raises(closure.ClosureError, match="is for arm64 and the program for x86_64"):
        closure.closure(program, root=str(root))


def test_a_missing_linker_is_an_error(tmp_path: Path) -> None:
    elves.write(tmp_path, "lib/liba.so.1", soname="liba.so.1")
    program = elves.write(tmp_path, "bin/tool", needed=["liba.so.1"], interpreter="/lib64/ld-none.so")
    with pytest.raises(closure.ClosureError, match=r"run-time linker /lib64/ld-none\.so is not there"):
        closure.closure(program, root=str(tmp_path))


def test_a_static_program_needs_nothing(tmp_path: Path) -> None:
    found = closure.closure(elves.write(tmp_path, "tool"))
    assert (found.interpreter, found.libraries, found.program.static) == (None, (), True)


def test_a_library_that_the_program_opens_by_itself(root: Path) -> None:
    elves.write(root, "lib/libgcc_s.so.1", soname="libgcc_s.so.1")
    elves.write(root, "lib/libc.so.6", soname="libc.so.6")
    program = elves.write(root, "bin/tool", needed=["libc.so.6"], interpreter=LINKER)
    found = closure.closure(program, extra=["libgcc_s.so.1"], root=str(root))
    assert set(_names(found, root)) == {"libc.so.6", "libgcc_s.so.1"}


def test_an_ld_so_conf_that_includes_itself_ends(root: Path) -> None:
    (root / "etc").mkdir()
    (root / "etc/ld.so.conf").write_text("include /etc/ld.so.conf\n/opt\n")
    elves.write(root, "opt/liba.so.1", soname="liba.so.1")
    program = elves.write(root, "bin/tool", needed=["liba.so.1"], interpreter=LINKER)
    assert _names(closure.closure(program, root=str(root)), root) == {"liba.so.1": "/opt/liba.so.1"}


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", elves.elf(needed=["a"])[:120], bytes(4096)])
def test_what_is_no_intact_elf_file_is_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tool"
    path.write_bytes(content)
    with pytest.raises(closure.ClosureError, match="not an intact ELF file"):
        closure.read_binary(str(path))


@given(st.data())
def test_damage_never_escapes_as_anything_else(data: st.DataObject) -> None:
    whole = bytearray(elves.elf(needed=["liba.so.1"], interpreter=LINKER, rpath="/opt"))
    for _flip in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.NamedTemporaryFile() as stream:
        stream.write(whole)
        stream.flush()
        try:
            closure.read_binary(stream.name)
        except closure.ClosureError as error:
            assert "\n" not in error.message


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(closure.ClosureError, match="Cannot read /nonexistent: No such file"):
        closure.read_binary("/nonexistent")


@pytest.mark.skipif(shutil.which("makedumpfile") is None, reason="makedumpfile is not installed")
def test_it_finds_what_the_linker_itself_finds() -> None:
    path = shutil.which("makedumpfile") or ""
    listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    theirs = {
        os.path.basename(words[0]): os.path.realpath(words[2])
        for words in (line.split() for line in listed.splitlines())
        if len(words) > 2 and words[1] == "=>"
    }
    found = closure.closure(path)
    assert {library.name: os.path.realpath(library.path) for library in found.libraries} == theirs
