# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every page of a dump is what QEMU itself saw in the machine's memory while the capture kernel stood still."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.lab import qmp
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.run import run
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.spec import DrillResult, DrillSpec
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.aids import Aids
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.detect import open_dump
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.source import FileSource
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner
from ansible_collections.linux.kdump.tests.matrix.conftest import Drills
from ansible_collections.linux.kdump.tests.matrix.oracle import BACKUP, Comparison, Dump, Witness, compare, firmware

#: QEMU writes half a gigabyte in a second or two; a busy machine takes its time.
_DUMP_SECONDS: t.Final = 300.0
_WHOLE: t.Final = ["makedumpfile", "-E", "-d", "0"]
_NO_ZEROS: t.Final = ["makedumpfile", "-c", "-d", "1"]
_FILTERED: t.Final = ["makedumpfile", "-l", "-d", "31"]
#: How each machine's crash image is loaded, and how its dump is saved.
_CASES: t.Final = [
    ("x86_64", "kexec_file_load", _WHOLE),
    ("x86_64", "kexec_file_load", _NO_ZEROS),
    ("x86_64", "kexec_file_load", _FILTERED),
    ("x86_64", "kexec_load", _WHOLE),
    ("i386", "kexec_load", _WHOLE),
    ("i386", "kexec_load", _FILTERED),
    ("ppc64le", "kexec_load", _WHOLE),
    ("ppc64le", "kexec_load", _FILTERED),
]
#: What of the machine's memory is neither in a whole dump nor in the reservation: what firmware keeps for itself, and
#: on x86 the first MiB.
_MOST_LEFT_OUT: t.Final = {"x86_64": 4 << 20, "i386": 4 << 20, "ppc64le": 16 << 20}
_PAGE: t.Final = {"ppc64le": 65536}


def drill(drills: Drills, folder: pathlib.Path, architecture: str, syscall: str, collector: list[str]) -> DrillResult:
    """A drill in the middle of which QEMU writes the machine's memory into a file."""
    inputs = drills.run(architecture, collector=collector)["inputs"]
    witness = folder / "memory"

    def look(socket: str) -> None:
        arguments: dict[str, object] = {"paging": False, "protocol": f"file:{witness}"}
        qmp.execute(socket, "dump-guest-memory", arguments, timeout=_DUMP_SECONDS)

    spec = DrillSpec(**{**inputs, "modules": inputs["modules"] or None}, syscall=syscall, hold=True)
    return run(spec, folder=str(folder / "drill"), runner=LocalRunner(), on_hold=look)


def compared(result: DrillResult, folder: pathlib.Path, architecture: str, syscall: str) -> Comparison:
    """The dump of a drill against the file."""
    assert (result.outcome, result.message) == ("captured", "")
    assert result.ok and result.vmcore
    with contextlib.ExitStack() as stack:
        witness = Witness(stack.enter_context((folder / "memory").open("rb")))
        source = stack.enter_context(FileSource(result.vmcore))
        container = open_dump(source, Aids(), result.vmcore, stack).container
        assert container
        dump = Dump(container, stack.enter_context(pathlib.Path(result.vmcore).open("rb")))
        console = pathlib.Path(result.console).read_text(errors="replace")
        allowed = (*BACKUP.get((architecture, syscall), ()), *firmware(console))
        return compare(witness, dump, page=_PAGE.get(architecture, 4096), allowed=allowed)


@pytest.mark.parametrize(("architecture", "syscall", "collector"), _CASES)
def test_every_page_is_what_the_machine_held(
    drills: Drills, tmp_path: pathlib.Path, architecture: str, syscall: str, collector: list[str]
) -> None:
    result = drill(drills, tmp_path, architecture, syscall, collector)
    found = compared(result, tmp_path, architecture, syscall)
    print(f"{architecture} {syscall} {' '.join(collector)}: {found}")
    assert found.compared > 0
    assert (found.differing, found.unknown) == (0, 0), str(found)
    assert sum(found.allowed.values()) <= 16, str(found)
    left_out = (result.reserved_bytes or 0) + _MOST_LEFT_OUT[architecture]
    page = _PAGE.get(architecture, 4096)
    if collector is _WHOLE:
        assert found.dropped * page <= left_out, str(found)
    if collector is _NO_ZEROS:
        assert found.dropped_with_content * page <= left_out, str(found)
