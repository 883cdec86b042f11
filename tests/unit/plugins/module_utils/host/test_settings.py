# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the running kernel, and boot entries, as evidence."""

from __future__ import annotations

import errno
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.model import BootLoaderError, Entry
from ansible_collections.linux.kdump.plugins.module_utils.host.boot_entries import MAX_ENTRIES, read_boot
from ansible_collections.linux.kdump.plugins.module_utils.host.settings import (
    CONFIG,
    SYSCTLS,
    read_kernel_config,
    read_security,
    read_sysctls,
)
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import MAX_BYTES, Host
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.kexec.hosts import write


def test_settings_are_numbers_words_or_nothing(tmp_path: Path) -> None:
    write(tmp_path, "/proc/sys/kernel/panic", "10\n")
    write(tmp_path, "/proc/sys/kernel/kexec_load_limit_panic", "-1\n")
    write(tmp_path, "/proc/sys/kernel/panic_print", "none of it\n")
    found = read_sysctls(Host(str(tmp_path)))
    assert set(found) == set(SYSCTLS)
    assert (found["kernel.panic"], found["kernel.kexec_load_limit_panic"]) == (10, -1)
    assert (found["kernel.panic_print"], found["vm.panic_on_oom"]) == ("none of it", None)


def test_the_tables_are_sorted_and_hold_nothing_twice() -> None:
    assert list(SYSCTLS) == sorted(set(SYSCTLS))
    assert list(CONFIG) == sorted(set(CONFIG))


def test_the_kernels_configuration_tells_where_it_is_from(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert read_kernel_config(host, release="6.1.0") is None
    write(
        tmp_path,
        "/boot/config-6.1.0",
        "CONFIG_KEXEC=y\n# CONFIG_CRASH_DUMP is not set\nCONFIG_PANIC_TIMEOUT=0\nCONFIG_EXT4=m\n",
    )
    assert read_kernel_config(host, release="6.1.0") == {
        "path": "/boot/config-6.1.0", "symbols": {"KEXEC": "y", "PANIC_TIMEOUT": "0"},
    }  # fmt: skip
    write(tmp_path, "/boot/config-6.1.0", "#" * (MAX_BYTES + 1))
    assert read_kernel_config(host, release="6.1.0") is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, (None, None, False, None)),
        ({"/sys/fs/selinux/enforce": "1"}, ("enforcing", None, False, None)),
        ({"/sys/fs/selinux/enforce": "0", "/proc/sys/crypto/fips_enabled": "1\n"}, ("permissive", None, True, None)),
        (
            {
                "/sys/module/apparmor/parameters/enabled": "Y\n",
                "/sys/kernel/security/lsm": "lockdown,yama,apparmor",
                "/proc/sys/crypto/fips_enabled": "0",
            },
            (None, True, False, ["lockdown", "yama", "apparmor"]),
        ),
    ],
)
def test_what_guards_the_host(tmp_path: Path, files: dict[str, str], expected: tuple[t.Any, ...]) -> None:
    for path, text in files.items():
        write(tmp_path, path, text)
    found = read_security(Host(str(tmp_path)))
    assert (found["selinux"], found["apparmor"], found["fips"], found["modules"]) == expected


class Loader:
    """A boot loader with entries, or with a reason not to tell them."""

    name = "grub"

    def __init__(self, found: t.Sequence[Entry] | Exception) -> None:
        self.found = found

    def entries(self) -> tuple[Entry, ...]:
        if isinstance(self.found, Exception):
            raise self.found
        return tuple(self.found)


def entry(*arguments: str, title: str = "Debian") -> Entry:
    return Entry(title, "gnulinux-simple", "/boot/vmlinuz-6.1.0", arguments, "/boot/grub/grub.cfg")


def test_every_entry_tells_what_it_reserves() -> None:
    loader = Loader([entry("ro", "crashkernel=1G,high", "crashkernel=72M,low"), entry("ro", title="x" * 900)])
    host = Host("/nowhere")
    found = read_boot(lambda: t.cast(t.Any, loader), host)
    assert (found["bootloader"], found["problem"]) == ("grub", None)
    assert [entry["crashkernel"] for entry in found["entries"]] == ["crashkernel=1G,high crashkernel=72M,low", ""]
    assert len(found["entries"][1]["title"]) == 200
    assert host.omitted == {}
    many = read_boot(lambda: t.cast(t.Any, Loader([entry()] * 900)), host)
    assert len(many["entries"]) == MAX_ENTRIES
    assert host.omitted == {"boot.entries": 900 - MAX_ENTRIES}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BootLoaderError("Cannot read it: no. Do."), "Cannot read it: no. Do."),
        (PermissionError(errno.EACCES, "Permission denied", "/boot/grub.cfg"), "/boot/grub.cfg: Permission denied"),
        (OSError(errno.EIO, "Input/output error"), "a file: Input/output error"),
    ],
)  # fmt: skip
def test_a_boot_loader_that_cannot_be_read_keeps_nothing_else_back(error: Exception, said: str) -> None:
    found = read_boot(lambda: t.cast(t.Any, Loader(error)), Host("/nowhere"))
    assert found == {"bootloader": "grub", "entries": None, "problem": said}

    def nothing() -> t.Any:
        raise BootLoaderError("Cannot find it.")

    assert read_boot(nothing, Host("/nowhere")) == {"bootloader": None, "entries": None, "problem": "Cannot find it."}
