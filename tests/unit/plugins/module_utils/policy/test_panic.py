# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy on panics: the file, the running kernel, and what others say."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host.sysctls import boot_settings, boot_value
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.policy.panic import PATH, produce

LIVE = {
    "kernel/panic": "0", "kernel/panic_on_oops": "0", "kernel/panic_on_warn": "0", "kernel/softlockup_panic": "0",
    "kernel/hung_task_panic": "0", "kernel/hung_task_timeout_secs": "120", "kernel/unknown_nmi_panic": "0",
    "kernel/sysrq": "438", "vm/panic_on_oom": "0",
}  # fmt: skip
MINE, THEIRS = "/etc/sysctl.d", "/usr/lib/sysctl.d"
POLICY = {"panic_on_oops": 1, "sysrq": 1, "panic": -1}


class Lab:
    """A host whose settings are files."""

    def __init__(self, root: Path, **files: str) -> None:
        self.root = root
        self.host = Host(str(root))
        for path, text in {**{f"/proc/sys/{name}": f"{value}\n" for name, value in LIVE.items()}, **files}.items():
            file = root / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def run(self, settings: dict[str, t.Any] | None = None, *, check_mode: bool = False) -> dict[str, t.Any]:
        state = "absent" if settings is None else "present"
        return produce(state, settings or {}, host=self.host, check_mode=check_mode)

    def live(self, name: str) -> str:
        return (self.root / "proc/sys/kernel" / name).read_text().strip()

    @property
    def files(self) -> dict[str, str]:
        return {str(path): path.read_text() for path in sorted(self.root.rglob("*")) if path.is_file()}


def test_the_four_beats_of_a_policy_and_of_its_end(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    before = lab.files
    for settings in (POLICY, None):
        start = lab.files
        foretold = lab.run(settings, check_mode=True)
        assert foretold["changed"]
        assert lab.files == start
        done = lab.run(settings)
        assert done == foretold
        assert not lab.run(settings)["changed"]
        assert not lab.run(settings, check_mode=True)["changed"]
        if settings:
            assert (lab.live("panic_on_oops"), lab.live("sysrq"), lab.live("panic")) == ("1", "1", "-1")
            assert done["settings"]["kernel.sysrq"] == {"before": "438", "after": "1"}
    assert lab.files == before


def test_the_file_is_what_a_boot_reads(tmp_path: Path) -> None:
    lab = Lab(tmp_path, **{"/etc/sysctl.d/10-mine.conf": "kernel.sysrq = 176\n"})
    answer = lab.run(POLICY)
    told = {name: boot_value(boot_settings(lab.host), f"kernel.{name}") for name in POLICY}
    assert {name: line.value for name, line in told.items() if line} == {key: str(POLICY[key]) for key in POLICY}
    assert answer["overruled"] == ["/etc/sysctl.d/10-mine.conf"]
    assert answer["path"] == PATH


def test_what_others_say_comes_back_where_the_policy_ends(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.run(POLICY)
    (tmp_path / "etc/sysctl.d/10-mine.conf").write_text("kernel/sysrq=176\n")
    lab.run({"panic_on_oops": 1})
    assert (lab.live("panic_on_oops"), lab.live("sysrq"), lab.live("panic")) == ("1", "176", "0")
    lab.run()
    assert lab.live("panic_on_oops") == "0"


def test_what_was_set_otherwise_since_is_set_again(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.run(POLICY)
    (tmp_path / "proc/sys/kernel/panic_on_oops").write_text("0\n")
    assert lab.run(POLICY)["changed"]
    assert lab.live("panic_on_oops") == "1"
    lab.run()
    assert lab.live("sysrq") == "438"


@pytest.mark.parametrize(
    ("files", "settings", "words"),
    [
        ({}, {"panic_on_oop": 1}, r"Perhaps panic_on_oops"),
        ({}, {"kexec": 1}, r"There are panic, "),
        ({}, {"panic_on_oops": 2}, r"kernel\.panic_on_oops to 2: it has to be a number from 0 to 1"),
        ({}, {"sysrq": "yes"}, r"kernel\.sysrq to 'yes': it has to be a number"),
        ({}, {"hardlockup_panic": 1}, r"the running kernel has no such setting"),
        (
            {"/etc/sysctl.d/zzz.conf": "kernel.panic_on_oops=0\n"}, {"panic_on_oops": 1},
            r"/etc/sysctl\.d/zzz\.conf sets it to 0 and is read after",
        ),
        (
            {"/run/sysctl.d/zzz.conf": "kernel.panic*=0\n"}, {"panic_on_oops": 1},
            r"/run/sysctl\.d/zzz\.conf sets it to 0 and is read after",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_would_not_come_into_force_is_told_before_anything_is_changed(
    tmp_path: Path, files: dict[str, str], settings: dict[str, t.Any], words: str, check_mode: bool
) -> None:
    lab = Lab(tmp_path, **files)
    before = lab.files
    with pytest.raises(KdumpError, match=rf"^Cannot .*{words}") as caught:
        lab.run(settings, check_mode=check_mode)
    assert "\n" not in caught.value.message
    assert lab.files == before


def test_a_setting_that_the_kernel_does_not_take_puts_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    lab = Lab(tmp_path)
    before = lab.files
    place = lab.host.path("/proc/sys/kernel/sysrq")
    real = Host.line
    monkeypatch.setattr(Host, "line", lambda host, path: "438" if host.path(path) == place else real(host, path))
    with pytest.raises(KdumpError, match=r"Cannot set kernel\.sysrq=1: the kernel says 438 afterwards"):
        lab.run(POLICY)
    (tmp_path / "proc/sys/kernel/sysrq").write_text("438\n")
    assert {path: text for path, text in lab.files.items() if not path.endswith("sysrq")} == {
        path: text for path, text in before.items() if not path.endswith("sysrq")
    }


@pytest.mark.parametrize(
    ("files", "value", "origin"),
    [
        ({}, None, None),
        ({"/etc/sysctl.d/a.conf": "# kernel.panic = 1\n;kernel.panic=2\nnonsense\n"}, None, None),
        ({"/etc/sysctl.d/a.conf": "-kernel/panic = 3\n"}, "3", "/etc/sysctl.d/a.conf"),
        ({f"{MINE}/b.conf": "kernel.panic=1\n", f"{THEIRS}/a.conf": "kernel.panic=2\n"}, "1", f"{MINE}/b.conf"),
        ({f"{MINE}/a.conf": "kernel.panic=1\n", f"{THEIRS}/b.conf": "kernel.panic=2\n"}, "2", f"{THEIRS}/b.conf"),
        # the same name: the one in /etc hides the other
        ({f"{MINE}/b.conf": "\n", f"{THEIRS}/b.conf": "kernel.panic=2\n"}, None, None),
        # a name counts more than a pattern, wherever that is
        ({f"{MINE}/a.conf": "kernel.panic=1\n", f"{MINE}/b.conf": "kernel.*=2\n"}, "1", f"{MINE}/a.conf"),
    ],
)  # fmt: skip
def test_who_has_the_last_word_at_boot(
    tmp_path: Path, files: dict[str, str], value: str | None, origin: str | None
) -> None:  # fmt: skip
    told = boot_value(boot_settings(Lab(tmp_path, **files).host), "kernel.panic")
    assert (told.value if told else None, told.path if told else None) == (value, origin)


def test_a_link_to_sysctl_conf_is_followed(tmp_path: Path) -> None:
    lab = Lab(tmp_path, **{"/etc/sysctl.conf": "kernel.panic=5\n", "/etc/sysctl.d/README": ""})
    os.symlink("../sysctl.conf", tmp_path / "etc/sysctl.d/99-sysctl.conf")
    told = boot_value(boot_settings(lab.host), "kernel.panic")
    assert told is not None
    assert (told.value, told.path) == ("5", "/etc/sysctl.d/99-sysctl.conf")
