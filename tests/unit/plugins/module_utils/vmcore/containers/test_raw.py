# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory as it is, with VMCOREINFO beside it; and dumps that lack it."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.aids import (
    MACHINE_NAMES,
    PACKINGS,
    Aids,
    parse_aids,
    read_vmcoreinfo,
)
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.containers.machines import machine_by_vmcoreinfo
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.vmcoreinfo import VmcoreInfo
from ansible_collections.linux.kdump.tests.unit.vmcore_files import (
    KdumpOptions,
    flatten,
    write_elf,
    write_kdump,
    write_raw,
)
from ansible_collections.linux.kdump.tests.unit.vmcores import NODENAME, NONCE, RELEASE, Machine, note

Look = Callable[..., dict[str, t.Any]]
EXPECTED = {"nonce": NONCE, "release": RELEASE, "nodename": NODENAME}


def ids(document: dict[str, t.Any]) -> list[str]:
    return [found["id"] for found in document["findings"]]


def aids(machine: Machine, name: str | None = None) -> Aids:
    return Aids(vmcoreinfo=VmcoreInfo(machine.vmcoreinfo), machine=name)


def test_raw_memory(look: Look) -> None:
    machine = Machine()
    document = look(write_raw(machine), aids=aids(machine), expect=EXPECTED, depth="full")
    assert (document["verdict"], ids(document)) == ("ok", ["raw-memory", "cpus-missing"])
    assert (document["container"], document["machine"]) == ("raw", "x86_64")


def test_raw_memory_that_ends_too_early(look: Look) -> None:
    machine = Machine()
    assert look(write_raw(machine)[: machine.base + 4096], aids=aids(machine))["verdict"] == "corrupt"


def test_raw_memory_without_vmcoreinfo_is_no_dump(look: Look) -> None:
    assert ids(look(write_raw(Machine()))) == ["zeros"]


def test_a_vmcoreinfo_that_does_not_tell_the_machine(look: Look) -> None:
    info = VmcoreInfo(b"OSRELEASE=2.6.32\n")
    document = look(b"memory", aids=Aids(vmcoreinfo=info))
    assert (document["verdict"], ids(document)) == ("unrecognised", ["machine-unknown"])
    document = look(b"memory", aids=Aids(vmcoreinfo=info, machine="s390x"), depth="structure")
    assert (document["container"], document["machine"]) == ("raw", "s390x")


@pytest.mark.parametrize("variant", ["x86_64", "aarch64", "s390x", "i386-pae"])
def test_the_machine_is_known_from_its_vmcoreinfo(variant: str) -> None:
    machine = Machine(variant=variant)
    found = machine_by_vmcoreinfo(VmcoreInfo(machine.vmcoreinfo))
    assert found is not None
    assert found.name == ("i386" if machine.machine == "i686" else machine.machine)


def qemu(machine: Machine) -> bytes:
    """Notes of QEMU's dump-guest-memory without -device vmcoreinfo."""
    return note(b"CORE\0", 1, bytes(336)) + note(b"QEMU\0", 0, bytes(432))


class Hypervised(Machine):
    """A machine whose notes QEMU wrote."""

    @property
    def notes(self) -> bytes:
        return qemu(self)

    @property
    def vmcoreinfo(self) -> bytes:
        return b""


@pytest.mark.parametrize("kind", ["elf", "kdump", "flattened-kdump"])
def test_a_guest_that_had_not_told_qemu(look: Look, kind: str) -> None:
    machine = Hypervised()
    written = {
        "elf": write_elf(machine, filtered=True),
        "kdump": write_kdump(machine, KdumpOptions(anonymous=True)),
        "flattened-kdump": flatten(write_kdump(machine, KdumpOptions(anonymous=True))),
    }[kind]
    document = look(written)
    assert (document["verdict"], ids(document)) == ("unrecognised", ["hypervisor-dump"])
    document = look(written, aids=aids(Machine()), expect=EXPECTED)
    assert (document["verdict"], ids(document), document["container"]) == ("ok", ["vmcoreinfo-supplied"], kind)


def test_a_version_that_had_no_room_for_it(look: Look) -> None:
    data = write_kdump(Machine(), KdumpOptions(version=2))
    assert ids(look(data)) == ["version-old"]
    document = look(data, aids=aids(Machine()), expect=EXPECTED)
    assert (document["verdict"], ids(document)) == ("ok", ["vmcoreinfo-supplied", "cpus-missing"])


def test_the_dump_s_own_vmcoreinfo_is_believed(look: Look) -> None:
    document = look(write_kdump(Machine()), aids=Aids(vmcoreinfo=VmcoreInfo(b"OSRELEASE=other")), expect=EXPECTED)
    assert (document["verdict"], document["findings"]) == ("ok", [])


def test_the_options(tmp_path: Path) -> None:
    path = tmp_path / "vmcoreinfo"
    path.write_bytes(Machine().vmcoreinfo)
    values = {"parts": ["a"], "vmcoreinfo": str(path), "machine": "arm", "unpack_limit": 5, "unpack_dir": "/x"}
    given = parse_aids(values)
    assert (given.parts, given.machine, given.room.limit, given.room.folder) == (("a",), "arm", 5, "/x")
    assert given.vmcoreinfo is not None
    assert given.vmcoreinfo.text("OSRELEASE") == RELEASE
    assert len(set(PACKINGS)) == len(PACKINGS) == 8
    assert "i386" in MACHINE_NAMES


def test_a_vmcoreinfo_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "vmcoreinfo"
    path.write_bytes(b"\0" * 5000)
    with pytest.raises(KdumpError, match="no line OSRELEASE"):
        read_vmcoreinfo(str(path))
    with pytest.raises(KdumpError, match="No such file"):
        read_vmcoreinfo(str(tmp_path / "nowhere"))
