# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that build a kernel."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, toolchain
from ansible_collections.linux.kdump.tests.unit.fakes import Answer, FakeRunner

X86 = architectures.find("x86_64")
GCC = "gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022 Free Software Foundation, Inc.\n"
LD = "GNU ld (GNU Binutils for Debian) 2.40\nCopyright (C) 2023 Free Software Foundation, Inc.\n"


NATIVE: dict[tuple[str, ...], Answer] = {
    ("gcc", "-E"): (0, "", ""), ("gcc", "-dumpmachine"): (0, "x86_64-linux-gnu\n", ""),
    ("gcc", "--version"): (0, GCC, ""), ("ld", "--version"): (0, LD, ""),
}  # fmt: skip


def test_versions_of_what_decides_the_code(runner: FakeRunner) -> None:
    runner.answers = dict(NATIVE)
    assert toolchain.inspect(runner, X86, lambda tool: f"/usr/bin/{tool}") == toolchain.Toolchain(
        "", {"gcc": "gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "ld": "GNU ld (GNU Binutils for Debian) 2.40"}
    )


CROSS = {
    "i386": ("i686-linux-gnu-", "i686-linux-gnu", "gcc-i686-linux-gnu binutils-i686-linux-gnu"),
    "ppc64le": (
        "powerpc64le-linux-gnu-", "powerpc64le-linux-gnu", "gcc-powerpc64le-linux-gnu binutils-powerpc64le-linux-gnu"
    ),
    "arm64": ("aarch64-linux-gnu-", "aarch64-linux-gnu", "gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu"),
    "s390x": ("s390x-linux-gnu-", "s390x-linux-gnu", "gcc-s390x-linux-gnu binutils-s390x-linux-gnu"),
}  # fmt: skip


@pytest.mark.parametrize("name", CROSS)
def test_another_architecture_is_compiled_for_with_its_cross_compiler(runner: FakeRunner, name: str) -> None:
    prefix, triplet, _packages = CROSS[name]
    gcc, ld = f"{prefix}gcc (Debian 12.2.0-14) 12.2.0", "GNU ld (GNU Binutils for Debian) 2.40"
    runner.answers = {
        **NATIVE, (f"{prefix}gcc", "-dumpmachine"): (0, f"{triplet}\n", ""),
        (f"{prefix}gcc", "--version"): (0, f"{gcc}\nCopyright\n", ""), (f"{prefix}ld", "--version"): (0, ld, ""),
    }  # fmt: skip
    found = toolchain.inspect(runner, architectures.find(name), lambda tool: f"/usr/bin/{tool}")
    assert found == toolchain.Toolchain(prefix, {"gcc": gcc, "ld": ld})


@pytest.mark.parametrize("name", CROSS)
def test_a_missing_cross_compiler_is_named_as_its_packages(runner: FakeRunner, name: str) -> None:
    prefix, _triplet, packages = CROSS[name]
    runner.answers = dict(NATIVE)
    with pytest.raises(toolchain.ToolchainError, match=rf"for {name}: .* \(apt-get install {packages}\)"):
        toolchain.inspect(
            runner, architectures.find(name), lambda tool: None if tool.startswith(prefix) else f"/usr/bin/{tool}"
        )


def test_a_foreign_build_host_needs_the_cross_compiler_for_x86_64(runner: FakeRunner) -> None:
    runner.answers = {**NATIVE, ("gcc", "-dumpmachine"): (0, "aarch64-linux-gnu\n", "")}
    with pytest.raises(toolchain.ToolchainError, match="gcc-x86-64-linux-gnu binutils-x86-64-linux-gnu"):
        toolchain.inspect(runner, X86, lambda tool: None if "-" in tool else f"/usr/bin/{tool}")


def test_all_that_is_missing_is_named_at_once(runner: FakeRunner) -> None:
    failure = (1, "", "<stdin>:1:10: fatal error: libelf.h: No such file or directory\n")
    runner.answers = {**NATIVE, ("gcc", "-E"): failure}
    with pytest.raises(toolchain.ToolchainError) as caught:
        toolchain.inspect(runner, X86, lambda tool: None if tool in ("flex", "bc") else f"/usr/bin/{tool}")
    assert "apt-get install flex bc libelf-dev libc6-dev" in caught.value.message
    assert caught.value.facts["missing"] == ["flex", "bc", "libelf-dev", "libc6-dev"]


def test_without_a_compiler_the_headers_are_looked_for_all_the_same(runner: FakeRunner) -> None:
    missing = toolchain.missing_packages(runner, lambda _tool: None)
    assert missing[: len(toolchain.TOOLS)] == list(toolchain.TOOLS.values())
    assert runner.calls == []


def test_a_compiler_for_another_machine_than_its_name_says(runner: FakeRunner) -> None:
    runner.answers = {**NATIVE, ("s390x-linux-gnu-gcc", "-dumpmachine"): (0, "aarch64-linux-gnu\n", "")}
    with pytest.raises(toolchain.ToolchainError, match="s390x-linux-gnu-gcc makes code for aarch64-linux-gnu"):
        toolchain.inspect(runner, architectures.find("s390x"), lambda tool: f"/usr/bin/{tool}")
