# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role controller installs for other architectures is what they are built with and drilled on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.architectures import ARCHITECTURES
from ansible_collections.linux.kdump.plugins.module_utils.capture.kexec_tools.build import libc_package
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.machines import MACHINES

yaml = pytest.importorskip("yaml")

ROLE = Path(__file__).parents[3] / "roles/controller"
FOREIGN = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__kdump_controller_foreign"]


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_compiler_and_emulator(name: str) -> None:
    architecture = ARCHITECTURES[name]
    # the compiler's package depends on the linker's; a kernel needs no C library, kexec-tools does
    tools = {architecture.packages[f"{architecture.cross}gcc"], libc_package(architecture)}
    compiler = set() if name == "x86_64" else tools
    assert set(FOREIGN[name]) == compiler | {MACHINES[name].emulator_package}


def test_every_architecture_may_be_asked_for() -> None:
    specs = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())
    choices = specs["argument_specs"]["main"]["options"]["kdump_controller_architectures"]["choices"]
    assert set(choices) == set(FOREIGN) == set(ARCHITECTURES)
