# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What distributions reserve, by the tables."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.evaluate import NothingReservedError
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.grammar import parse_spec
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.machine import (
    Machine,
    read_distribution,
    read_hardware,
)
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.sizing import choose_size, vendor_of
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.vendor import (
    K4,
    K64,
    NEWEST,
    TABLES,
    VENDOR,
    Distribution,
    Hardware,
    NoTableError,
    Table,
    choose_table,
    parse_os_release,
    version_of,
)
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.crashkernel.managed import Managed
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.kexec.hosts import write

POWER = "2G-4G:384M,4G-16G:512M,16G-64G:1G,64G-128G:2G,128G-:4G"
RHEL_9 = "1G-4G:192M,4G-64G:256M,64G-:512M"
PLAIN = Hardware()
EVERYTHING = Hardware(memory_encryption=True, mlx5=True, smmu=True)


def spec_of(name: str, architecture: str, page: int = K4, hardware: Hardware = PLAIN) -> str:
    distribution = Distribution(*name.split(" ")) if " " in name else Distribution(name)
    return choose_table(distribution, architecture=architecture, page=page, hardware=hardware).spec


@pytest.mark.parametrize(
    ("name", "architecture", "page", "spec"),
    [
        ("rhel 8.0", "x86_64", K4, "1G-64G:160M,64G-1T:256M,1T-:512M"),
        ("rhel 8.2", "x86_64", K4, "1G-64G:160M,64G-1T:256M,1T-:512M"),
        ("rhel 8.3", "x86_64", K4, "1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M"),
        ("rhel 8.7", "x86_64", K4, "1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M"),
        ("rhel 8.8", "x86_64", K4, RHEL_9),
        ("rhel 8.1", "s390x", K4, "4G-64G:160M,64G-1T:256M,1T-:512M"),
        ("rhel 8.2", "s390x", K4, "1G-64G:160M,64G-1T:256M,1T-:512M"),
        ("rhel 8.0", "arm64", K64, "2G-:512M"),
        ("rhel 8.1", "arm64", K64, "2G-:448M"),
        ("rhel 8.10", "arm64", K64, "2G-:480M"),
        ("rhel 8.4", "ppc64le", K64, POWER),
        ("rhel 9.0", "x86_64", K4, RHEL_9),
        ("rhel 9.0", "s390x", K4, RHEL_9),
        ("rhel 9.0", "arm64", K4, "2G-:448M"),
        ("rhel 9.1", "arm64", K4, "1G-4G:256M,4G-64G:320M,64G-:576M"),
        ("rhel 9.4", "ppc64le", K64, POWER),
        ("rhel 10.0", "x86_64", K4, RHEL_9),
        ("rhel 10.1", "x86_64", K4, "2G-64G:256M,64G-:512M"),
        ("centos 8", "x86_64", K4, RHEL_9),
        ("centos 9", "x86_64", K4, RHEL_9),
        ("centos 10", "x86_64", K4, "2G-64G:256M,64G-:512M"),
        ("fedora 44", "x86_64", K4, "2G-64G:256M,64G-:512M"),
        ("fedora 44", "s390x", K4, "2G-64G:256M,64G-:512M"),
        ("fedora 44", "arm64", K4, "2G-4G:256M,4G-64G:320M,64G-:576M"),
        ("fedora 44", "arm64", K64, "2G-4G:256M,4G-64G:420M,64G-:676M"),
        ("fedora 44", "ppc64le", K64, "2G-4G:400M,4G-16G:528M,16G-64G:1040M,64G-128G:2064M,128G-:4112M"),
        ("debian 12", "x86_64", K4, "384M-:128M"),
        ("debian 12", "i386", K4, "384M-:128M"),
        ("debian 12", "ppc64le", K64, "384M-:128M"),
        ("debian 13", "arm64", K4, "512M-:192M"),
        ("debian", "x86_64", K4, "512M-:192M"),
        ("debian 13", "s390x", K4, "384M-:128M"),
        ("ubuntu 24.10", "x86_64", K4, "2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M"),
        ("ubuntu 26.04", "arm64", K64, "2G-4G:320M,4G-32G:512M,32G-64G:1024M,64G-128G:2048M,128G-:4096M"),
        ("sles 15.6", "x86_64", K4, "192M"),
        ("opensuse-tumbleweed 20260701", "arm64", K4, "192M"),
        ("opensuse-leap 16.0", "ppc64le", K64, "384M"),
        ("steamos 3.5", "x86_64", K4, "256M"),
    ],
)  # fmt: skip
def test_a_distribution_reserves_what_its_table_says(name: str, architecture: str, page: int, spec: str) -> None:
    assert spec_of(name, architecture, page) == spec


@pytest.mark.parametrize("name", ["rocky", "almalinux", "centos"])
@pytest.mark.parametrize("architecture", ["x86_64", "ppc64le", "s390x"])
def test_a_rebuild_is_not_forgotten_as_peers_forget_rocky_and_alma(name: str, architecture: str) -> None:
    assert spec_of(f"{name} 9.2", architecture) == spec_of("rhel 9.2", architecture)


@pytest.mark.parametrize(
    ("name", "architecture", "page"),
    [
        ("rhel 7.9", "x86_64", K4), ("rhel 9.0", "arm64", K64), ("rhel 9.2", "i386", K4), ("debian 11", "x86_64", K4),
        ("ubuntu 24.04", "x86_64", K4), ("ubuntu 24.10", "ppc64le", K64), ("ol 9.4", "x86_64", K4),
        ("arch", "x86_64", K4), ("rhel 11.0", "x86_64", K4),
    ],
)  # fmt: skip
def test_nothing_is_guessed_where_no_table_is_known(name: str, architecture: str, page: int) -> None:
    with pytest.raises(NoTableError, match=r"Cannot reserve what the vendor does: no table.*fit or estimate") as error:
        spec_of(name, architecture, page)
    assert {"rocky", "almalinux", "debian"} <= set(error.value.as_result()["known"])


@pytest.mark.parametrize(
    ("name", "architecture", "page", "hardware", "spec", "reasons"),
    [
        ("fedora 44", "x86_64", K4, Hardware(memory_encryption=True), "2G-64G:320M,64G-:576M", 1),
        ("fedora 44", "x86_64", K4, Hardware(mlx5=True, smmu=True), "2G-64G:256M,64G-:512M", 0),
        ("fedora 44", "arm64", K4, EVERYTHING, "2G-4G:256M,4G-64G:470M,64G-:726M", 1),
        ("fedora 44", "arm64", K64, EVERYTHING, "2G-4G:256M,4G-64G:1004M,64G-:1260M", 3),
        ("fedora 44", "arm64", K64, Hardware(smmu=True), "2G-4G:256M,4G-64G:804M,64G-:1060M", 2),
        ("debian 13", "arm64", K64, EVERYTHING, "512M-:192M", 0),
        ("rhel 9.2", "x86_64", K4, EVERYTHING, RHEL_9, 0),
    ],
)
def test_hardware_adds_to_the_tables_that_say_so(
    name: str, architecture: str, page: int, hardware: Hardware, spec: str, reasons: int
) -> None:
    chosen = choose_table(Distribution(*name.split()), architecture=architecture, page=page, hardware=hardware)
    assert (chosen.spec, len(chosen.additions)) == (spec, reasons)


@pytest.mark.parametrize(
    ("name", "said"),
    [("rhel 9.2", ""), ("rhel 9.6", "read up to version 9.2"), ("centos 9", "read up to"), ("sles 15.6", "SUSE calc")],
)
def test_it_says_how_far_a_table_can_be_trusted(name: str, said: str) -> None:
    chosen = choose_table(Distribution(*name.split()), architecture="x86_64", page=K4, hardware=Hardware())
    assert said in " ".join(chosen.notes)
    assert bool(chosen.notes) == bool(said)


def _row(table: Table) -> str:
    return f"{table.distributions[0]}-{'.'.join(map(str, table.since))}-{table.architectures[0]}-{table.page}"


@pytest.mark.parametrize("table", TABLES, ids=_row)
def test_every_row_is_a_value_the_kernel_takes_with_a_source_and_a_date(table: Table) -> None:
    assert parse_spec(table.spec).values
    assert table.source[0]
    assert re.fullmatch(r"20\d\d(-\d\d){1,2}", table.source[1])
    assert set(table.architectures) <= {"x86_64", "i386", "arm64", "ppc64le", "s390x"}


@pytest.mark.parametrize(
    ("text", "version"),
    [("9.2", (9, 2)), ("9", (9, NEWEST)), ("", (NEWEST,)), ("15.6.1", (15, 6)), ("trixie/sid", (NEWEST,))],
)
def test_a_version_that_is_left_open_is_the_newest(text: str, version: tuple[int, ...]) -> None:
    assert version_of(text) == version


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n', "rocky 9.4"),
        ("ID=debian\nVERSION_ID='12'\n", "debian 12"),
        ("PRETTY_NAME=x\nID=Arch  \nBUILD_ID=rolling", "arch "),
        ("", " "),
        ("ID\n=\nVERSION_ID", " "),
    ],
)
def test_reads_os_release_whatever_its_quotes(text: str, name: str) -> None:
    found = parse_os_release(text)
    assert f"{found.id} {found.version}" == name


def machine(**facts: t.Any) -> Machine:
    return Machine(**{"architecture": "x86_64", "release": "6.1.0", "cpus": 2, "page": K4, **facts})


def test_the_host_tells_what_it_is(tmp_path: Path) -> None:
    write(tmp_path, "/usr/lib/os-release", "ID=fedora\nVERSION_ID=44\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").symlink_to("../usr/lib/os-release")
    write(tmp_path, "/proc/cmdline", "ro mem_encrypt=on quiet\n")
    for folder in ("sys/bus/pci/drivers/mlx5_core", "sys/devices/platform/arm-smmu-v3.0.auto"):
        (tmp_path / folder).mkdir(parents=True)
    host = Host(str(tmp_path))
    assert read_distribution(host) == Distribution("fedora", "44")
    assert read_hardware(host) == EVERYTHING
    assert vendor_of(host, machine(architecture="arm64", page=K64)).spec == "2G-4G:256M,4G-64G:1004M,64G-:1260M"


def test_a_host_that_tells_nothing_has_no_vendor(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert read_hardware(host) == Hardware()
    with pytest.raises(NoTableError, match=r"this distribution \(no version\)"):
        vendor_of(host, machine())


@pytest.mark.parametrize("line", ["ro", "ro mem_encrypt=off", "ro xmem_encrypt=on", "ro mem_encrypt=only"])
def test_memory_is_not_taken_for_encrypted_because_it_could_be(tmp_path: Path, line: str) -> None:
    write(tmp_path, "/proc/cmdline", line + "\n")
    write(tmp_path, "/proc/cpuinfo", "flags : fpu sme sev\n")
    assert not read_hardware(Host(str(tmp_path))).memory_encryption


@pytest.mark.parametrize("text", ["crashkernel=1G-:200M\n", "1G-:200M\n"])
def test_what_the_kernels_own_package_says_goes_before_any_table(tmp_path: Path, text: str) -> None:
    write(tmp_path, "/usr/lib/os-release", "ID=rocky\nVERSION_ID=9.4\n")
    write(tmp_path, "/usr/lib/modules/6.1.0/crashkernel.default", text)
    chosen = choose_size(VENDOR, host=Host(str(tmp_path)), machine=machine())
    assert chosen.size == "1G-:200M"
    assert chosen.vendor is not None
    assert chosen.vendor.source == "/usr/lib/modules/6.1.0/crashkernel.default"


@pytest.mark.parametrize("text", ["crashkernel=auto\n", "", "\n", "what? is this"])
def test_crashkernel_auto_which_reserves_nothing_is_never_taken_over(tmp_path: Path, text: str) -> None:
    write(tmp_path, "/usr/lib/os-release", "ID=rhel\nVERSION_ID=8.5\n")
    write(tmp_path, "/usr/lib/modules/6.1.0/crashkernel.default", text)
    assert vendor_of(Host(str(tmp_path)), machine()).spec == "1G-4G:160M,4G-64G:192M,64G-1T:256M,1T-:512M"


_LINE = 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel={}"\n'


def test_a_release_without_a_table_reserves_what_its_kdump_tools_have_brought(tmp_path: Path) -> None:
    write(tmp_path, "/usr/lib/os-release", "ID=ubuntu\nVERSION_ID=22.04\n")
    host = Host(str(tmp_path))
    with pytest.raises(NoTableError, match=r"ubuntu 22\.04"):
        vendor_of(host, machine())
    write(tmp_path, "/etc/default/grub.d/kdump-tools.cfg", "# crashkernel=1M\n" + _LINE.format("512M-:192M"))
    found = vendor_of(host, machine())
    assert (found.spec, found.source) == ("512M-:192M", "/etc/default/grub.d/kdump-tools.cfg")


@pytest.mark.parametrize("text", ["", "# crashkernel=512M-:192M\n", _LINE.format("1M") * 2, _LINE.format("$SIZE")])
def test_what_its_kdump_tools_do_not_say_in_one_word_is_not_guessed(tmp_path: Path, text: str) -> None:
    write(tmp_path, "/usr/lib/os-release", "ID=ubuntu\nVERSION_ID=22.04\n")
    write(tmp_path, "/etc/default/grub.d/kdump-tools.cfg", text)
    with pytest.raises(NoTableError):
        vendor_of(Host(str(tmp_path)), machine())


def test_what_is_written_there_does_not_overrule_a_table(tmp_path: Path) -> None:
    write(tmp_path, "/usr/lib/os-release", "ID=debian\nVERSION_ID=12\n")
    write(tmp_path, "/etc/default/grub.d/kdump-tools.cfg", _LINE.format("1G-:64M"))
    assert vendor_of(Host(str(tmp_path)), machine()).spec == "384M-:128M"


def test_every_entry_gets_what_the_vendor_reserves(tmp_path: Path) -> None:
    managed = Managed(tmp_path)
    write(tmp_path, "/usr/lib/os-release", "ID=debian\nVERSION_ID=12\n")
    done = managed.reserve(VENDOR)
    assert (done["spec"], done["expected_bytes"]) == ("crashkernel=384M-:128M", 128 << 20)
    assert [entry["after"] for entry in done["entries"]] == ["crashkernel=384M-:128M"] * 2
    assert (done["vendor"]["distribution"], done["vendor"]["version"], done["fit"]) == ("debian", "12", None)
    assert not managed.reserve(VENDOR)["changed"]
    assert managed.warnings == []


def test_it_is_told_where_a_table_is_older_than_the_host(tmp_path: Path) -> None:
    managed = Managed(tmp_path)
    (tmp_path / "proc/iomem").write_text("00100000-bfffffff : System RAM\n")
    write(tmp_path, "/usr/lib/os-release", "ID=rhel\nVERSION_ID=9.6\n")
    managed.reserve(VENDOR)
    (warning,) = managed.warnings
    assert "read up to version 9.2" in warning


def test_a_vendor_that_leaves_a_small_host_without_memory_is_refused_before_the_reboot(tmp_path: Path) -> None:
    managed = Managed(tmp_path)  # of 1 GiB
    write(tmp_path, "/usr/lib/os-release", "ID=fedora\nVERSION_ID=44\n")
    before = managed.snapshot()
    with pytest.raises(NothingReservedError, match="no range holds its RAM of 1024M"):
        managed.reserve(VENDOR)
    assert managed.snapshot() == before
