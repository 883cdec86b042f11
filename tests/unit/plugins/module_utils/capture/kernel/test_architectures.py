# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of architectures."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, request
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.fragments import catalogue
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.fragments.base import REQUIRED
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.fragments.own import OWN
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig import fragment
from ansible_collections.linux.kdump.plugins.module_utils.kexec import cmdline


@pytest.mark.parametrize(
    ("name", "machine", "image", "debian"),
    [
        ("x86_64", "x86_64", "bzImage", "amd64"),
        ("i386", "i686", "bzImage", "i386"),
        ("ppc64le", "ppc64le", "vmlinux", "ppc64el"),
        ("arm64", "aarch64", "Image", "arm64"),
        ("s390x", "s390x", "bzImage", "s390x"),
    ],
)
def test_what_others_build_on(name: str, machine: str, image: str, debian: str) -> None:
    found = architectures.find(name)
    assert architectures.find(machine) is found
    assert (found.name, found.machine, found.image, found.debian) == (name, machine, image, debian)
    assert found.cross.endswith("-linux-gnu-")
    assert found.core_headers == ("elf32" if name == "i386" else "elf64")


def test_every_architecture_has_a_command_line_policy_and_a_fragment() -> None:
    assert set(architectures.ARCHITECTURES) == set(cmdline.POLICIES)
    for name, architecture in architectures.ARCHITECTURES.items():
        assert fragment.parse_fragment(architecture.fragment, name)
        assert {cmdline.MACHINES[machine] for machine in architecture.machines if machine in cmdline.MACHINES} == {name}


def test_32_bit_programs_can_wait() -> None:
    # Off unless asked for (allnoconfig), and then sleep and timeout of a 32-bit busybox end at once.
    found = architectures.find("i386")
    settings = fragment.merge([fragment.parse_fragment(found.fragment, found.name)])
    assert settings["COMPAT_32BIT_TIME"].value == "y"


@pytest.mark.parametrize("name", ["vax", "", "x" * 500, "ppc64", "mips\n"])
def test_an_unknown_one_is_one_error(name: str) -> None:
    with pytest.raises(architectures.ArchitectureError) as caught:
        architectures.find(name)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("name", architectures.ARCHITECTURES)
@pytest.mark.parametrize("profile", catalogue.PROFILES)
def test_every_profile_asks_for_a_capture_kernel_on_every_architecture(name: str, profile: str) -> None:
    settings = request.merged(
        request.Request(
            architecture=architectures.find(name),
            source=None,
            fragments=(profile,),
            local_version="-kdump",
            cache="/nowhere",
            jobs=1,
            timeout=1,
        )
    )
    assert {symbol: settings[symbol].value for symbol in REQUIRED} == REQUIRED
    assert settings["EXT4_FS"].value in ("y", "m")


@pytest.mark.parametrize("name", architectures.ARCHITECTURES)
def test_every_architecture_tells_what_is_its_own(name: str) -> None:
    for fragment_name, text in OWN[name].items():
        assert not text or fragment.parse_fragment(text, fragment_name)
