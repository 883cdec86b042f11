# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two kinds of kernel, and what their fragments come to."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures, request
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.fragments.own import without
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.kconfig.fragment import ConfigError


def make(**changes: t.Any) -> request.Request:
    options: dict[str, t.Any] = {
        "kind": "capture", "architecture": architectures.find("x86_64"), "config": None, "physical_start": None,
        "fragments": None, "local_version": None, "source": None, "cache": "/nowhere", "jobs": 1, "timeout": 1,
        **changes,
    }  # fmt: skip
    return request.of_options(**options)


def names(asked: request.Request) -> list[str]:
    return [name for name, _text in request.fragment_texts(asked)]


def test_a_capture_kernel_is_tiny_unless_told() -> None:
    asked = make()
    assert (asked.fragments, asked.local_version, asked.image) == (("tiny",), "-kdump", "bzImage")
    assert names(asked) == ["base", "x86_64", "local_version", "virtio", "sata", "nvme", "ext4"]


def test_a_system_kernel_adds_to_a_whole_configuration_only_what_a_crash_needs() -> None:
    asked = make(kind="system")
    assert (asked.fragments, asked.local_version, asked.from_fragments) == ((), "-system", False)
    assert names(asked) == ["system", "file_load", "debug_info", "local_version"]
    settings = request.merged(asked)
    wanted = {"KEXEC", "KEXEC_FILE", "CRASH_DUMP", "PROC_VMCORE", "SYSFS", "KALLSYMS_ALL", "DEBUG_KERNEL"}
    assert {settings[name].value for name in wanted} == {"y"}
    assert settings["DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT"].value == "y"


@pytest.mark.parametrize("name", architectures.ARCHITECTURES)
def test_a_minimal_system_kernel_has_what_a_machine_to_crash_needs(name: str) -> None:
    asked = make(
        kind="system", config="minimal", architecture=architectures.find(name), debug_info="none", fragments=["tiny"]
    )
    settings = request.merged(asked)
    assert {settings[symbol].value for symbol in ("MODULES", "NET", "KEXEC", "CRASH_DUMP", "EXT4_FS")} == {"y"}
    assert ("KEXEC_FILE" in settings) == (name != "i386")
    assert settings["DEBUG_INFO_NONE"].value == "y"
    assert int(settings["NR_CPUS"].value) >= 8


@pytest.mark.parametrize(("fragment", "symbol"), [("lkdtm", "LKDTM"), ("userland", "NAMESPACES")])
def test_only_a_system_kernel_has_what_serves_no_capture(fragment: str, symbol: str) -> None:
    assert request.merged(make(kind="system", fragments=[fragment]))[symbol].value == "y"
    with pytest.raises(ConfigError, match=f"'{fragment}': there is none of that name"):
        request.merged(make(fragments=[fragment]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": "minimal"}, "Cannot start a capture kernel from a configuration"),
        ({"kind": "system", "physical_start": "16M"}, "Cannot place a production kernel"),
        ({"kind": "system", "local_version": "-kdump"}, "it ends in -kdump, by which a capture kernel is known"),
        ({"kind": "system", "local_version": "-a b"}, "takes letters, digits"),
        ({"kind": "system", "local_version": ""}, "takes letters, digits"),
        ({"local_version": "-system"}, "does not end in -kdump"),
        ({"fragments": ["highmem4g"]}, "there is none of that name"),
    ],
)
def test_what_makes_no_sense_is_one_error(changes: dict[str, t.Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        request.merged(make(**changes))
    assert "\n" not in caught.value.message


def test_a_system_kernel_without_a_needed_symbol_is_refused(tmp_path: t.Any) -> None:
    mine = tmp_path / "mine.config"
    mine.write_text("# CONFIG_KALLSYMS_ALL is not set\n")
    with pytest.raises(ConfigError, match="could not be captured and understood"):
        request.merged(make(kind="system", fragments=[str(mine)]))


@pytest.mark.parametrize(
    ("text", "address"), [("16M", 16 << 20), ("0x1000000", 16 << 20), ("2M", 2 << 20), ("67108864", 64 << 20)]
)
def test_a_kernel_that_is_not_relocatable_is_loaded_as_an_elf_file(text: str, address: int) -> None:
    asked = make(physical_start=text)
    settings = request.merged(asked)
    assert asked.physical_start == address
    assert asked.image == "vmlinux"
    assert (settings["RELOCATABLE"].value, settings["PHYSICAL_START"].value) == ("n", hex(address))


@pytest.mark.parametrize("text", ["0", "1M", "3M", "449M", "1G", "16m", "-16M", "x", "0x", "99999999999", "١٦M", " "])
def test_where_no_kernel_can_run(text: str) -> None:
    with pytest.raises(ConfigError, match="it takes a multiple of 2M from 2M to 448M"):
        make(physical_start=text)


def test_kernels_of_other_architectures_are_all_relocatable() -> None:
    with pytest.raises(ConfigError, match="on arm64 every kernel is relocatable"):
        make(physical_start="16M", architecture=architectures.find("arm64"))


def test_pae_and_several_cpus_are_a_choice_on_i386() -> None:
    i386 = architectures.find("i386")
    both = request.merged(make(architecture=i386))
    assert (both["HIGHMEM64G"].value, both["SMP"].value) == ("y", "n")
    old = request.merged(make(architecture=i386, fragments=["tiny", "highmem4g", "smp"]))
    assert (old["HIGHMEM64G"].value, old["HIGHMEM4G"].value, old["SMP"].value) == ("n", "y", "y")


def test_lines_are_taken_out_by_symbol() -> None:
    text = "CONFIG_A=y\nCONFIG_AB=m\n# about A\n"
    assert without(text, "A") == "CONFIG_AB=m\n# about A\n"
    assert without(text, "B", "C") == text
