# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB: what is written, what is refused, and that a failure or a kill leaves what was there."""

from __future__ import annotations

import os
import signal
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils import files
from ansible_collections.linux.kdump.plugins.module_utils.bootloader import changes
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.model import BootLoaderError
from ansible_collections.linux.kdump.plugins.module_utils.command import CommandTimeoutError
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.machine import Machine

WANTED = ("crashkernel=64M",)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_sets_every_entry_recovery_ones_included(machine: Machine) -> None:
    assert machine.grub.apply(WANTED, timeout=5) == ()
    assert machine.linux_lines() == [
        "linux /vmlinuz root=/dev/vda1 ro crashkernel=64M quiet",
        "linux /vmlinuz root=/dev/vda1 ro single crashkernel=64M",
    ]
    assert machine.grub.default() == machine.grub.wanted(WANTED)


def test_what_others_set_is_overruled_and_their_files_are_untouched(machine: Machine) -> None:
    machine.add("kdump-tools.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=384M-:128M"\n')
    machine.add("my own.cfg", 'GRUB_CMDLINE_LINUX="crashkernel=1M debug"\n')
    others = machine.contents()
    machine.grub.apply(WANTED, timeout=5)
    assert machine.linux_lines() == [
        "linux /vmlinuz root=/dev/vda1 ro debug crashkernel=64M quiet",
        "linux /vmlinuz root=/dev/vda1 ro single debug crashkernel=64M",
    ]
    assert [Path(path).name for path in machine.grub.rivals()] == ["kdump-tools.cfg", "my own.cfg"]
    now = machine.contents()
    assert {path: known for path, known in now.items() if path in others and not path.endswith("boot/grub.cfg")} == {
        path: known for path, known in others.items() if not path.endswith("boot/grub.cfg")
    }


def test_absent_takes_back_what_present_wrote_byte_by_byte(machine: Machine) -> None:
    machine.menu.chmod(0o444)
    before = machine.contents()
    machine.grub.apply(WANTED, timeout=5)
    assert machine.contents() != before
    machine.grub.apply((), timeout=5)
    assert machine.contents() == before


def test_absent_overrules_others_too(machine: Machine) -> None:
    machine.add("kdump-tools.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="crashkernel=384M-:128M"\n')
    machine.grub.apply((), timeout=5)
    assert not any("crashkernel" in line for line in machine.linux_lines())
    assert machine.drop_in.exists()
    (machine.drop_in.parent / "kdump-tools.cfg").unlink()
    assert machine.grub.wanted(())[0].content is None


SPOILED = {
    "one entry lacks it": (
        lambda menu: menu.replace("single crashkernel=64M", "single"),
        "(recovery mode)' would boot with no",
    ),
    "one entry has it twice": (
        lambda menu: menu.replace("single", "single crashkernel=64M"),
        "with crashkernel=64M crashkernel=64M instead of crashkernel=64M",
    ),
    "one entry differs": (
        lambda menu: menu.replace("ro crashkernel=64M", "ro crashkernel=65M"),
        "'Debian' would boot with crashkernel=65M",
    ),
    "an entry from elsewhere": (lambda menu: menu + "menuentry mine {\nlinux /v ro\n}\n", "'mine' would boot with no"),
    "no entries at all": (lambda menu: "set timeout=5\n", "no entry that boots a Linux kernel"),
    "half a menu": (lambda menu: menu[: menu.index("(recovery")], "Cannot read the boot menu"),
    "nothing": (lambda menu: "", "wrote nothing"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_menu_that_is_not_right_is_refused_and_everything_put_back(machine: Machine, name: str) -> None:
    spoil, cause = SPOILED[name]
    machine.add("kdump-tools.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="crashkernel=1M"\n')
    before = machine.contents()
    machine.spoil = spoil
    with pytest.raises(BootLoaderError) as caught:
        machine.grub.apply(WANTED, timeout=5)
    assert cause in caught.value.message
    assert machine.contents() == before


def test_an_earlier_drop_in_comes_back_when_the_generator_fails(machine: Machine) -> None:
    machine.grub.apply(("crashkernel=32M",), timeout=5)
    before = machine.contents()
    machine.status = 3
    with pytest.raises(Exception, match=r"grub-mkconfig ended with status 3: boom"):
        machine.grub.apply(WANTED, timeout=5)
    assert machine.contents() == before


def test_a_generator_that_does_not_end_is_stopped_and_everything_put_back(machine: Machine) -> None:
    before = machine.contents()
    machine.status = 124
    with pytest.raises(CommandTimeoutError, match="did not end within 5 seconds"):
        machine.grub.apply(WANTED, timeout=5)
    assert machine.contents() == before


def test_entries_of_the_administrators_own_menu_count(machine: Machine) -> None:
    (machine.root / "boot" / "custom.cfg").write_text("menuentry 'Mine' {\n linux /v ro\n}\n")
    before = machine.contents()
    with pytest.raises(BootLoaderError, match=r"custom\.cfg the entry 'Mine' would boot with no crashkernel="):
        machine.grub.apply(WANTED, timeout=5)
    assert machine.contents() == before


def test_where_the_generator_reads_no_drop_ins_the_defaults_are_edited_and_kept(machine: Machine) -> None:
    Path(machine.layout.generator).write_text("#!/bin/sh\n")
    grub = machine.grub
    defaults = machine.etc / "default" / "grub"
    before = defaults.read_text()
    grub.apply(WANTED, timeout=5)
    assert defaults.read_text() == before.replace('LINUX=""', 'LINUX="crashkernel=64M"')
    assert not machine.drop_in.exists()
    assert [path.read_text() for path in machine.kept.rglob("grub")] == [before]
    grub.apply((), timeout=5)
    assert defaults.read_text() == before


DEFAULTS = {
    "no such line": "GRUB_TIMEOUT=5\n",
    "no such line, and no end of line": "GRUB_TIMEOUT=5",
    "unquoted": "GRUB_CMDLINE_LINUX=quiet\n",
    "unquoted and empty": "GRUB_CMDLINE_LINUX=\nGRUB_CMDLINE_LINUX_DEFAULT=quiet\n",
    "empty": "GRUB_CMDLINE_LINUX=''\n",
    "other words": 'GRUB_CMDLINE_LINUX="  a   b "  # mine\n',
}


def _without_drop_ins(machine: Machine, text: str) -> Path:
    Path(machine.layout.generator).write_text("#!/bin/sh\n")
    defaults = Path(machine.layout.defaults)
    defaults.write_text(text)
    machine.menu.write_text(machine.generate())
    return defaults


@pytest.mark.parametrize("name", DEFAULTS)
def test_absent_brings_edited_defaults_back_byte_by_byte(machine: Machine, name: str) -> None:
    defaults = _without_drop_ins(machine, DEFAULTS[name])
    for parameters in (WANTED, ("crashkernel=128M",)):
        machine.grub.apply(parameters, timeout=5)
    assert machine.linux_lines()[0].count("crashkernel=128M") == 1
    machine.grub.apply((), timeout=5)
    assert defaults.read_bytes() == DEFAULTS[name].encode()
    assert machine.grub.wanted(()) == machine.grub.default()


def test_a_value_that_was_there_before_is_not_brought_back(machine: Machine) -> None:
    defaults = _without_drop_ins(machine, 'GRUB_CMDLINE_LINUX="a crashkernel=1M"\n')
    machine.grub.apply(WANTED, timeout=5)
    machine.grub.apply((), timeout=5)
    assert defaults.read_text() == 'GRUB_CMDLINE_LINUX="a"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("GRUB_TIMEOUT=5\n", '# mine\nGRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX=""\n'),
        ('GRUB_CMDLINE_LINUX="a"\n', '# mine\nGRUB_CMDLINE_LINUX="a"\n'),
    ],
)
def test_in_defaults_that_somebody_edited_since_only_the_value_goes(machine: Machine, before: str, after: str) -> None:
    defaults = _without_drop_ins(machine, before)
    machine.grub.apply(WANTED, timeout=5)
    defaults.write_text("# mine\n" + defaults.read_text())
    machine.grub.apply((), timeout=5)
    assert defaults.read_text() == after


def test_defaults_that_were_made_are_removed(machine: Machine) -> None:
    defaults = _without_drop_ins(machine, "")
    defaults.unlink()
    machine.grub.apply(WANTED, timeout=5)
    assert defaults.exists()
    machine.grub.apply((), timeout=5)
    assert not defaults.exists()


def test_says_what_else_the_generator_brought(machine: Machine) -> None:
    (machine.etc / "default" / "grub").write_text("GRUB_CMDLINE_LINUX_DEFAULT=nosmt\nGRUB_CMDLINE_LINUX=\n")
    (warning,) = machine.grub.apply(WANTED, timeout=5)
    assert "more than crashkernel=; the first new line: linux /vmlinuz root=/dev/vda1 ro nosmt" in warning


@pytest.mark.parametrize(("lines", "language"), [("", None), ("set lang=de_DE\n", "de_DE.UTF-8")])
def test_keeps_to_the_language_of_the_menu(machine: Machine, lines: str, language: t.Optional[str]) -> None:
    seen: list[t.Optional[t.Mapping[str, str]]] = []
    run = machine.runner.run
    machine.menu.write_text(lines + machine.menu.read_text())

    def watched(argv: t.Sequence[str], **options: t.Any) -> t.Any:
        seen.append(options["env"])
        return run(argv, **options)

    machine.runner.run = watched  # type: ignore[method-assign]
    machine.grub.apply(WANTED, timeout=5)
    assert [dict(env or {}).get("LANG") for env in seen] == [language]


def test_a_place_that_cannot_be_written_is_one_clear_error(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: str, content: str, *, mode: int) -> None:
        if not path.startswith(str(machine.kept)):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(changes, "write_atomic", full)
    before = machine.contents()
    with pytest.raises(BootLoaderError, match=r"Cannot write .*zz-linux-kdump.cfg: No space left on device"):
        machine.grub.apply(WANTED, timeout=5)
    assert machine.contents() == before


def test_what_cannot_be_put_back_is_said(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.grub.apply(("crashkernel=32M",), timeout=5)
    calls = []

    def once(path: str, content: str, *, mode: int) -> None:
        calls.append(path)
        if len(calls) > 1:
            raise OSError(30, "Read-only file system")
        files.write_atomic(path, content, mode=mode)

    monkeypatch.setattr(changes, "write_atomic", once)
    machine.status = 3
    with pytest.raises(BootLoaderError, match=r"status 3: boom\. Then it could not be taken back: Cannot write"):
        machine.grub.apply(WANTED, timeout=5)


WINDOWS = "menuentry 'Windows' --class windows $menuentry_id_option 'osprober-chain-1' {\n chainloader +1\n}\n"
FOREIGN = "menuentry 'Fedora (on /dev/sdb1)' --id 'osprober-gnulinux-/vmlinuz--1' {\n linux /vmlinuz ro\n}\n"
BY_HAND = "submenu 'Mine' {\nmenuentry 'Rescue' {\n linux /rescue/vmlinuz crashkernel=64M\n}\n}\n"
OLD_KERNEL = (
    "menuentry 'Debian, with Linux 5.10' --id 'gnulinux-5.10-advanced-1' {\n linux /boot/vmlinuz-5.10\n}\n"
    "menuentry 'Debian, with Xen and Linux 5.10' --id 'xen-gnulinux-5.10-advanced-1' {\n multiboot2 /boot/xen.gz\n}\n"
    "menuentry 'Memory test' {\n linux16 /boot/memtest86+.bin\n}\n"
)
RENAMED = "menuentry 'Debian 7.6' --id 'gnulinux-0-advanced-1' {\n linux ($root)/boot/vmlinuz\n}\n"
TITLE_ONLY = "menuentry 'Debian GNU' --id simple {\n linux /boot/vmlinuz-6.1\n}\n"


@pytest.mark.parametrize(
    ("more", "title"),
    [
        (WINDOWS, "'Windows'"),
        (FOREIGN, "'Fedora (on /dev/sdb1)'"),
        (BY_HAND, "'Mine > Rescue'"),
        (WINDOWS + BY_HAND, "'Windows', 'Mine > Rescue'"),
        ("".join(WINDOWS.replace("'Windows'", f"'W{n}'") for n in range(12)), "'W9' and 2 more"),
        (OLD_KERNEL.replace("5.10'", "6.1'").replace("vmlinuz-5.10", "vmlinuz-6.1"), "'Debian, with Linux 6.1'"),
    ],
    ids=["chainloader", "os-prober", "by hand", "two", "many", "a kernel that is installed"],
)
@pytest.mark.parametrize("parameters", [WANTED, ()], ids=["present", "absent"])
def test_a_menu_that_lost_entries_is_refused_and_everything_put_back(
    machine: Machine, more: str, title: str, parameters: tuple[str, ...]
) -> None:
    (machine.root / "boot/vmlinuz-6.1").touch()
    machine.menu.write_text(machine.menu.read_text() + more)
    before = machine.contents()
    with pytest.raises(BootLoaderError) as caught:
        machine.grub.apply(parameters, timeout=5)
    assert f"{title}; the change was taken back" in caught.value.message
    assert "/etc/grub.d/40_custom" in caught.value.message
    assert "GRUB_DISABLE_OS_PROBER=false" in caught.value.message
    assert machine.contents() == before
    assert (machine.kept / "boot/grub.cfg").read_bytes() == machine.menu.read_bytes()


@pytest.mark.parametrize("more", [OLD_KERNEL, RENAMED, TITLE_ONLY], ids=["not installed", "another title", "identity"])
def test_entries_of_kernels_that_are_gone_or_boot_by_another_entry_may_go(machine: Machine, more: str) -> None:
    (machine.root / "boot/vmlinuz").touch()
    machine.menu.write_text(machine.menu.read_text() + more)
    machine.grub.apply(WANTED, timeout=5)
    assert len(machine.linux_lines()) == 2


def test_an_entry_that_was_moved_into_the_administrators_own_menu_is_not_lost(machine: Machine) -> None:
    machine.menu.write_text(machine.menu.read_text() + BY_HAND)
    (machine.root / "boot/custom.cfg").write_text(BY_HAND)
    machine.grub.apply(WANTED, timeout=5)


def test_the_menu_of_the_first_run_is_kept(machine: Machine) -> None:
    before = machine.menu.read_text()
    machine.menu.chmod(0o600)
    for size in ("32M", "64M"):
        machine.grub.apply((f"crashkernel={size}",), timeout=5)
    (copy,) = (path for path in machine.kept.rglob("*") if path.is_file())
    assert copy.read_text() == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert machine.kept.stat().st_mode & 0o777 == 0o700


def _killed_at(machine: Machine, parameters: t.Sequence[str], step: int) -> bool:
    """Apply in a process of its own that kills itself before its ``step``-th change; whether it was killed."""
    child = os.fork()
    if child == 0:
        left = [step]

        def lethal(call: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
            def wrapped(*arguments: t.Any, **options: t.Any) -> t.Any:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*arguments, **options)

            return wrapped

        for name in ("replace", "unlink", "fsync", "fdopen", "makedirs"):
            setattr(os, name, lethal(getattr(os, name)))
        machine.runner.run = lethal(machine.runner.run)  # type: ignore[method-assign]
        machine.grub.apply(parameters, timeout=5)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("parameters", [WANTED, ()])
def test_a_kill_at_any_step_leaves_a_whole_menu_and_the_next_run_ends_it(
    tmp_path: Path, parameters: tuple[str, ...]
) -> None:
    kills = 0
    for step in range(1, 100):
        folder = tmp_path / str(step)
        folder.mkdir()
        machine = Machine(folder)
        machine.grub.apply(("crashkernel=32M",), timeout=5)
        before = machine.menu.read_bytes()
        if not _killed_at(machine, parameters, step):
            break
        kills += 1
        after = machine.menu.read_bytes()
        assert after in (before, machine.generate().encode())
        assert len(machine.grub.entries()) == 2
        machine.grub.apply(parameters, timeout=5)
        assert {entry.arguments.count("crashkernel=64M") for entry in machine.grub.entries()} == {len(parameters)}
    assert kills >= 5
