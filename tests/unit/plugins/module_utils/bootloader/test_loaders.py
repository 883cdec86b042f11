# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is particular to single loaders: where they take arguments from, and what is refused."""

from __future__ import annotations

import shutil
import tempfile
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.bootloader import extlinux, sections, shell_values, zipl
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.detect import find_bootloader
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.edited import Grammar, edit, listed
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.grub_bls import GrubBls
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.grub_layouts import layouts
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.model import BootLoaderError
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.bootloader.trees import TREES, Box

WANTED = ("crashkernel=64M",)


def box(tmp_path: Path, name: str) -> Box:
    return Box(TREES[name], tmp_path)


def test_what_grub_expands_counts(tmp_path: Path) -> None:
    machine = box(tmp_path, "grub-bls, RHEL 8")
    assert machine.values() == {("crashkernel=auto",), ("crashkernel=auto", "crashkernel=2M")}
    assert {"skew_tick=1", "root=/dev/vda1"} <= set(machine.loader.entries()[1].arguments)
    machine.loader.apply(WANTED, timeout=5)
    environment = machine.read("boot/grub2/grubenv")
    assert len(environment) == 1024
    assert "\nkernelopts=root=/dev/vda1 ro crashkernel=64M rhgb quiet \nboot_success=0\n####" in environment
    assert machine.read("etc/default/grub").endswith('"crashkernel=64M rhgb quiet"\n')


def test_a_value_in_a_variable_of_the_menu_is_refused_with_its_place(tmp_path: Path) -> None:
    machine = box(tmp_path, "grub-bls, RHEL 9 with EFI")
    menu = machine.read("boot/grub2/grub.cfg").replace("skew_tick=1", "crashkernel=5M")
    machine.write("boot/grub2/grub.cfg", menu)
    before = machine.snapshot()
    with pytest.raises(BootLoaderError, match=r"set in .*boot/grub2/grub\.cfg \(by tuned"):
        machine.loader.apply(WANTED, timeout=5)
    assert machine.snapshot() == before


def test_an_environment_that_would_burst_is_refused(tmp_path: Path) -> None:
    machine = box(tmp_path, "grub-bls, RHEL 8")
    full = ("# GRUB Environment Block\nkernelopts=root=/dev/vda1 " + "x" * 960 + "\n").ljust(1024, "#")
    machine.write("boot/grub2/grubenv", full)
    with pytest.raises(BootLoaderError, match="more than its 1024 bytes"):
        machine.loader.wanted(WANTED)


def test_grub_bls_calls_no_tool_and_covers_kernels_to_come(tmp_path: Path) -> None:
    machine = box(tmp_path, "grub-bls, Fedora")
    machine.loader.apply(WANTED, timeout=5)
    assert machine.runner.calls == []
    assert machine.read("etc/kernel/cmdline") == "root=UUID=1 ro rhgb quiet crashkernel=64M\n"


def test_the_menu_of_the_firmware_that_booted_counts(tmp_path: Path) -> None:
    machine = box(tmp_path, "grub, SUSE")
    machine.write("boot/efi/EFI/redhat/grub.cfg", machine.read("boot/grub2/grub.cfg"))
    assert [Path(layout.menu).parent.name for layout in layouts(str(tmp_path))] == ["grub2"]
    machine.write("sys/firmware/efi/x", "")
    assert [Path(layout.menu).parent.name for layout in layouts(str(tmp_path))] == ["redhat"]
    machine.write("boot/efi/EFI/centos/grub.cfg", machine.read("boot/grub2/grub.cfg"))
    with pytest.raises(BootLoaderError, match=r"Cannot tell which menu of GRUB .*centos.* or .*redhat"):
        type(machine.loader)(machine.runner, root=str(tmp_path)).missing()  # type: ignore[call-arg]


def test_what_u_boot_update_passes_by_itself_is_not_lost(tmp_path: Path) -> None:
    machine = box(tmp_path, "extlinux, u-boot-menu")
    before = machine.read("etc/default/u-boot")
    machine.loader.apply(WANTED, timeout=5)
    assert machine.read("etc/default/u-boot").endswith('\nU_BOOT_PARAMETERS="ro quiet crashkernel=64M"\n')
    machine.loader.apply((), timeout=5)
    assert machine.read("etc/default/u-boot") == before  # where the default is in force again
    machine.loader.apply(WANTED, timeout=5)
    machine.write("etc/default/u-boot", machine.read("etc/default/u-boot") + 'U_BOOT_TIMEOUT="1"\n')
    machine.loader.apply((), timeout=5)
    assert machine.read("etc/default/u-boot").endswith('\nU_BOOT_PARAMETERS="ro quiet"\nU_BOOT_TIMEOUT="1"\n')


def test_what_files_were_is_not_made_up_from_what_somebody_wrote(tmp_path: Path) -> None:
    machine = box(tmp_path, "raspberry-pi, Debian")
    machine.loader.apply(WANTED, timeout=5)
    for text in ("no", "[]", '{"a": {}}', '{"a": {"before": null, "after": 1}}'):
        machine.write("var/lib/linux-kdump.boot/former.json", text)
        with pytest.raises(BootLoaderError, match=r"Cannot read .*former.json: it is not what was written there"):
            machine.loader.apply((), timeout=5)


def test_the_last_file_that_u_boot_update_reads_gets_the_value(tmp_path: Path) -> None:
    machine = box(tmp_path, "extlinux, u-boot-menu")
    machine.write("etc/default/u-boot", 'U_BOOT_PARAMETERS="ro crashkernel=1M"\n')
    machine.write("usr/share/u-boot-menu/conf.d/z.conf", 'U_BOOT_PARAMETERS="rw"\n')
    machine.write("etc/u-boot-menu/conf.d/a.conf", 'U_BOOT_PARAMETERS="$U_BOOT_PARAMETERS quiet"\n')
    machine.write("etc/u-boot-menu/conf.d/b.conf", 'U_BOOT_TIMEOUT="1"\n')
    machine.loader.apply(WANTED, timeout=5)
    assert machine.read("etc/default/u-boot") == 'U_BOOT_PARAMETERS="ro"\n'
    assert machine.read("usr/share/u-boot-menu/conf.d/z.conf") == 'U_BOOT_PARAMETERS="rw"\n'
    last = 'U_BOOT_PARAMETERS="$U_BOOT_PARAMETERS quiet{}"\n'
    assert machine.read("etc/u-boot-menu/conf.d/a.conf") == last.format(" crashkernel=64M")
    machine.loader.apply((), timeout=5)
    assert machine.read("etc/u-boot-menu/conf.d/a.conf") == last.format("")


def test_an_included_menu_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    machine = box(tmp_path, "extlinux, Alpine")
    (tmp_path / "boot/more.conf").unlink()
    with pytest.raises(BootLoaderError, match=r"includes more\.conf, which is not there"):
        machine.loader.entries()
    machine.write("boot/more.conf", "include more.conf\n")
    with pytest.raises(BootLoaderError, match="include each other"):
        machine.loader.entries()


def test_a_label_that_wants_no_arguments_is_refused(tmp_path: Path) -> None:
    machine = box(tmp_path, "extlinux, Alpine")
    machine.write("boot/more.conf", "label own\n linux v\n append -\n")
    with pytest.raises(BootLoaderError, match="'own' would boot with no"):
        machine.loader.apply(WANTED, timeout=5)


def test_without_a_generator_it_says_that_kernels_to_come_are_not_covered(tmp_path: Path) -> None:
    machine = box(tmp_path, "extlinux, u-boot-menu")
    (tmp_path / "usr/sbin/u-boot-update").unlink()
    (warning,) = machine.loader.apply(WANTED, timeout=5)
    assert "No generator of extlinux.conf" in warning


@pytest.mark.parametrize("name", ["zipl, RHEL", "zipl, Debian", "lilo", "yaboot"])
def test_a_program_that_fails_leaves_the_files_and_what_boots(tmp_path: Path, name: str) -> None:
    machine = box(tmp_path, name)
    before = machine.contents()
    ((program, answer),) = [item for item in machine.runner.answers.items() if Path(item[0][0]).exists()]
    answers = iter([(1, "", "boom")])

    def once(argv: t.Sequence[str]) -> tuple[int, str, str]:
        return next(answers, None) or answer(argv)  # type: ignore[operator]

    machine.runner.answers[program] = once
    with pytest.raises(KdumpError, match="ended with status 1: boom"):
        machine.loader.apply(WANTED, timeout=5)
    assert machine.contents() == before


@pytest.mark.parametrize("own", ["", 'parameters="quiet crashkernel=1G"\n'], ids=["alone", "with parameters"])
def test_zipl_passes_a_file_of_parameters_and_those_of_the_section_in_one_line(tmp_path: Path, own: str) -> None:
    machine = box(tmp_path, "zipl, Debian")
    machine.write("etc/zipl.conf", f"[a]\nimage=/boot/v\nparmfile=/etc/parm\n{own}")
    machine.write("etc/parm", "root=/dev/dasda1\n")
    machine.loader.apply(WANTED, timeout=5)
    (entry,) = machine.loader.entries()
    assert [word for word in entry.arguments if word != "quiet"] == ["root=/dev/dasda1", "crashkernel=64M"]
    assert machine.read("etc/parm") == "root=/dev/dasda1 crashkernel=64M\n"
    machine.loader.apply((), timeout=5)
    assert machine.read("etc/parm") == "root=/dev/dasda1\n"
    assert machine.read("etc/zipl.conf").endswith(own.replace(" crashkernel=1G", ""))


PARMFILES = {
    "same base name": ("/boot/a/parm", "/boot/b/parm", "parmfile={}"),
    "quoted": ("/boot/parm", "/boot/other", 'parmfile = "{}"'),
    "quoted otherwise": ("/boot/parm", "/boot/other", "parmfile='{}'"),
    "one begins like the other": ("/boot/parm", "/boot/parm-old", "parmfile={}"),
    "the other way round": ("/boot/parm-old", "/boot/parm", "parmfile={}"),
    "one for both": ("/boot/parm", "/boot/parm", "parmfile={}"),
}


@pytest.mark.parametrize("name", PARMFILES)
def test_zipl_reads_what_each_file_of_parameters_will_be(tmp_path: Path, name: str) -> None:
    first, second, line = PARMFILES[name]
    machine = box(tmp_path, "zipl, Debian")
    config = "".join(f"[{key}]\nimage=/boot/v\n{line.format(path)}\n" for key, path in zip("ab", (first, second)))
    machine.write("etc/zipl.conf", config)
    for path in (first, second):
        machine.write(path[1:], f"root=/dev{path}\n")
    seen: list[str] = []

    def boots(argv: t.Sequence[str]) -> tuple[int, str, str]:
        for _name, options in zipl.sections(Path(argv[2]).read_text()):
            value = options["parmfile"].group().partition("=")[2].strip().strip("\"'")
            seen.append(
                Path(value if value.startswith(tempfile.gettempdir()) else machine.root / value[1:]).read_text()
            )
        return 0, "", ""

    machine.runner.answers[next(iter(machine.runner.answers))] = boots
    machine.loader.apply(WANTED, timeout=5)
    assert seen == [f"root=/dev{path} crashkernel=64M\n" for path in (first, second)]
    assert machine.read("etc/zipl.conf") == config
    assert machine.values() == {WANTED}


def test_deployments_to_go_back_to_are_listed_and_left_alone(tmp_path: Path) -> None:
    machine = box(tmp_path, "ostree, Fedora CoreOS")
    machine.loader.apply(WANTED, timeout=5)
    assert machine.read("run/next-kargs") == "mitigations=auto ostree=/ostree/boot.1/fcos/1/0 rw crashkernel=64M\n"
    assert [entry.reason for entry in machine.loader.entries()] == ["", "a deployment to go back to"]


def test_a_tool_that_does_not_do_what_it_is_told_is_found_out(tmp_path: Path) -> None:
    machine = box(tmp_path, "ostree, Fedora CoreOS")
    machine.runner.answers[next(iter(machine.runner.answers))] = (0, "ro rw\n", "")
    with pytest.raises(BootLoaderError, match="boots next would boot with no crashkernel= instead of crashkernel=64M"):
        machine.loader.apply(WANTED, timeout=5)


def test_the_extra_arguments_of_debians_package_are_made_and_unmade(tmp_path: Path) -> None:
    machine = box(tmp_path, "raspberry-pi, Debian")
    machine.loader.apply(WANTED, timeout=5)
    assert machine.read("etc/default/raspi-extra-cmdline").strip() == "crashkernel=64M"
    assert machine.read("boot/firmware/cmdline.txt").endswith("net.ifnames=0 crashkernel=64M\n")


_MOVED = "DO NOT EDIT THIS FILE\n\nThe file you are looking for has moved to /boot/firmware/{}\n"


@pytest.mark.parametrize("names", [("cmdline.txt", "config.txt"), ("cmdline.txt",), ("config.txt",)])
def test_stubs_of_raspberry_pi_os_are_no_entries_and_stay_what_they_are(tmp_path: Path, names: tuple[str, ...]) -> None:
    machine = box(tmp_path, "raspberry-pi, Raspberry Pi OS")
    stubs = {f"boot/{name}": _MOVED.format(name) for name in ("cmdline.txt", "config.txt")}
    for path, text in stubs.items():
        machine.write(path, text if Path(path).name in names else "")
    before = {path: machine.read(path) for path in stubs}
    machine.loader.apply(WANTED, timeout=5)
    assert {Path(entry.origin).parent.name for entry in machine.loader.entries()} == {"firmware"}
    assert {path: machine.read(path) for path in stubs} == before


@pytest.mark.parametrize("name", ["cmdline.txt", "config.txt"])
def test_where_only_stubs_are_left_the_partition_has_to_be_mounted(tmp_path: Path, name: str) -> None:
    machine = box(tmp_path, "raspberry-pi, Raspberry Pi OS")
    shutil.rmtree(tmp_path / "boot/firmware")
    machine.write(f"boot/{name}", _MOVED.format(name))
    for choice in ("auto", "raspberry-pi"):
        with pytest.raises(BootLoaderError, match=rf"{name} says that it has moved .*\. Mount /boot/firmware and"):
            find_bootloader(choice, machine.runner, root=str(tmp_path))


SHELL = {
    "empty": ("A=\n", 'A="crashkernel=64M"\n'),
    "quoted": ("A='ro'\n", "A='ro crashkernel=64M'\n"),
    "last counts": ('A="ro"\nB=1\nA="rw" # c\n', 'A="ro"\nB=1\nA="rw crashkernel=64M" # c\n'),
    "not there": ("B=1", 'B=1\nA="crashkernel=64M"\n'),
    "bare": ("A=quiet\n", 'A=quiet\nA="$A crashkernel=64M"\n'),
    "others": ('A=""\nC="ro crashkernel=1M"\n', 'A="crashkernel=64M"\nC="ro"\n'),
    "escapes": ('A="x=\\"a b\\""\n', 'A="x=\\"a b\\" crashkernel=64M"\n'),
    "comments": ('#A="ro"\n', '#A="ro"\nA="crashkernel=64M"\n'),
}


@pytest.mark.parametrize("name", SHELL)
def test_assignments(name: str) -> None:
    before, after = SHELL[name]
    assert edit(before, shell_values.assignments(before, "A", ("C",)), WANTED) == after
    assert edit(after, shell_values.assignments(after, "A", ("C",)), WANTED) == after


def _lilo(text: str, origin: str) -> t.Sequence[t.Any]:
    return sections.read_sections(text, origin, dialect=sections.LILO)


GRAMMARS: dict[str, tuple[Grammar, list[str]]] = {
    "extlinux": (
        extlinux.read_menu,
        ["label a", "\tlinux /v", "KERNEL b", "append ro  x", "  APPEND", "menu label A b", "append -", "", "# c", "{"],
    ),
    "lilo": (_lilo, ["image=/v", '\tappend="ro x"', 'append = "a\\"b"', "label=L", "other=/dev/sda", "#", "", '"']),
    "zipl": (zipl.read_config, ["[a]", "image=/v", 'parameters="ro"', "parameters = 'x  y'", ":menu", "1=a", "", "="]),
}


@pytest.mark.parametrize("name", GRAMMARS)
@given(data=st.data(), end=st.sampled_from(["", "\n", "\r\n"]))
def test_whatever_the_text_every_managed_entry_ends_up_right_or_is_seen_not_to_be(
    name: str, data: st.DataObject, end: str
) -> None:
    grammar, lines = GRAMMARS[name]
    text = end.join(data.draw(st.lists(st.sampled_from(lines), max_size=12))) + end
    once = edit(text, grammar(text, "x"), WANTED)
    assert edit(once, grammar(once, "x"), WANTED) == once or "crashkernel" in once
    assert once.replace(" crashkernel=64M", "").replace("crashkernel=64M", "").startswith(text[:1])
    assert len(listed(once, grammar(once, "x"), "x")) == len(listed(text, grammar(text, "x"), "x"))
    assert edit(text, grammar(text, "x"), ()) == text


def test_grub_bls_is_not_taken_for_plain_grub(tmp_path: Path) -> None:
    machine = box(tmp_path, "grub-bls, Fedora")
    assert layouts(str(tmp_path)) == ()
    assert GrubBls(machine.runner, str(tmp_path)).missing() == ()
