# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that build a kernel."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, toolchain
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

X86 = architectures.find("x86_64")
GCC = "gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022 Free Software Foundation, Inc.\n"
LD = "GNU ld (GNU Binutils for Debian) 2.40\nCopyright (C) 2023 Free Software Foundation, Inc.\n"


def test_versions_of_what_decides_the_code(runner: FakeRunner) -> None:
    runner.answers = {
        ("gcc", "-E"): (0, "", ""), ("gcc", "-dumpmachine"): (0, "x86_64-linux-gnu\n", ""),
        ("gcc", "--version"): (0, GCC, ""), ("ld", "--version"): (0, LD, ""),
    }  # fmt: skip
    assert toolchain.inspect(runner, X86, lambda tool: f"/usr/bin/{tool}") == {
        "gcc": "gcc (Debian 12.2.0-14+deb12u1) 12.2.0",
        "ld": "GNU ld (GNU Binutils for Debian) 2.40",
    }


def test_all_that_is_missing_is_named_at_once(runner: FakeRunner) -> None:
    runner.answers = {("gcc", "-E"): (1, "", "<stdin>:1:10: fatal error: libelf.h: No such file or directory\n")}
    with pytest.raises(toolchain.ToolchainError) as caught:
        toolchain.inspect(runner, X86, lambda tool: None if tool in ("flex", "bc") else f"/usr/bin/{tool}")
    assert "apt-get install flex bc libelf-dev libc6-dev" in caught.value.message
    assert caught.value.facts["missing"] == ["flex", "bc", "libelf-dev", "libc6-dev"]


def test_without_a_compiler_the_headers_are_looked_for_all_the_same(runner: FakeRunner) -> None:
    missing = toolchain.missing_packages(runner, lambda _tool: None)
    assert missing[: len(toolchain.TOOLS)] == list(toolchain.TOOLS.values())
    assert runner.calls == []


def test_a_compiler_for_another_machine(runner: FakeRunner) -> None:
    runner.answers = {("gcc", "-E"): (0, "", ""), ("gcc", "-dumpmachine"): (0, "aarch64-linux-gnu\n", "")}
    with pytest.raises(toolchain.ToolchainError, match="gcc makes code for aarch64-linux-gnu"):
        toolchain.inspect(runner, X86, lambda tool: f"/usr/bin/{tool}")
