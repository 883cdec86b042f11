# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arming and disarming the distribution's kdump: what is planned, done, refused, and put back."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.engine.carry_out import produce
from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.kexec.hosts import build, write

DEBIAN = "/etc/default/kdump-tools"
CONF = "/etc/kdump.conf"
SYSCONFIG = "/etc/sysconfig/kdump"
LOADED = "/sys/kernel/kexec_crash_loaded"

DEBIAN_TEXT = """\
# kdump-tools configuration
USE_KDUMP=0

KDUMP_COREDIR="/var/crash" # where dumps are
#KDUMP_NUM_DUMPS=
#SSH_KEY="<path>"
"""
CONF_TEXT = """\
# nfs <nfs mount>
#nfs my.server.com:/export/tmp
auto_reset_crashkernel yes
path /var/crash
core_collector makedumpfile -l --message-level 7 -d 31
"""
ENGINES: dict[str, tuple[str, str, dict[str, str]]] = {
    "kdump-tools": ("/usr/sbin/kdump-config", "kdump-tools.service", {DEBIAN: DEBIAN_TEXT}),
    "kdump-utils": ("/usr/bin/kdumpctl", "kdump.service", {CONF: CONF_TEXT, SYSCONFIG: 'KEXEC_ARGS="-s"\n'}),
    "suse": ("/usr/lib/kdump/load.sh", "kdump.service", {SYSCONFIG: 'KDUMP_SAVEDIR="/var/crash"\n'}),
}


class Lab:
    """A host with one of the three, and a systemd and a tool that do what the real ones do."""

    def __init__(self, root: Path, name: str = "kdump-tools", /, **files: str | None) -> None:
        self.root, self.name = root, name
        tool, self.unit, own = ENGINES[name]
        self.host = build(root, {tool: "", **own, **files})
        self.enabled: set[str] = set()
        self.active: set[str] = set()
        self.start_fails = self.says_no = False
        self.warnings: list[str] = []
        self.runner = FakeRunner({
            ("systemctl",): self.systemctl,
            ("journalctl",): (0, "Starting kdump-tools:\nfailed to load kdump kernel\n", ""),
            ("kdump-config", "status"): lambda argv: (0, self.said("current state   : ", "ready to kdump\n"), ""),
            ("kdumpctl", "status"): lambda argv: (3 * self.says_no, "", self.said("Kdump is ", "operational\n")),
        })  # fmt: skip

    def said(self, start: str, end: str) -> str:
        return f"{start}{'Not ' if self.says_no else ''}{end}"

    def systemctl(self, argv: Sequence[str]) -> tuple[int, str, str]:
        verb, unit = argv[1], argv[-1]
        if verb == "show":
            file, active = ("enabled" if unit in self.enabled else "disabled"), unit in self.active
            return 0, f"UnitFileState={file}\nActiveState={'active' if active else 'inactive'}\n", ""
        if verb == "enable":
            self.enabled.add(unit)
        if verb == "disable":
            self.enabled.discard(unit)
        if (verb == "restart" and self.start_fails and unit == self.unit) or verb == "reset-failed":
            return 1, "", f"Job for {unit} failed."
        if verb == "restart" or (verb == "enable" and "--now" in argv):
            self.active.add(unit)
            write(self.root, LOADED, "1\n")
        if verb == "disable" and "--now" in argv and unit in self.active:
            self.active.discard(unit)
            write(self.root, LOADED, "0\n")
        return 0, "", ""

    def own(self) -> None:
        """Have this collection's own image loaded."""
        write(self.root, paths.UNIT, "[Unit]\n")
        write(self.root, paths.LOADER, "#!/bin/sh\n", mode=0o755)
        self.enabled.add(paths.UNIT_NAME)
        self.active.add(paths.UNIT_NAME)
        write(self.root, LOADED, "1\n")

    def run(self, state: t.Any = "armed", *, check_mode: bool = False, **settings: t.Any) -> dict[str, t.Any]:
        return produce(
            state=state, choice="auto", settings=settings, timeout=60, host=self.host, runner=self.runner,
            check_mode=check_mode, warn=self.warnings.append,
        )  # fmt: skip

    def text(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    @property
    def files(self) -> dict[str, str]:
        return {str(path): path.read_text() for path in sorted(self.root.rglob("*")) if path.is_file()}

    @property
    def writes(self) -> list[tuple[str, ...]]:
        return [call for call in self.runner.calls if call[1] not in ("show", "status")]


@pytest.mark.parametrize("name", ENGINES)
def test_arms_once_and_only_once_and_disarms_byte_by_byte(tmp_path: Path, name: str) -> None:
    lab = Lab(tmp_path, name)
    before = lab.files
    foretold = lab.run(check_mode=True)
    assert (lab.files, lab.writes) == (before, [])
    done = lab.run()
    assert (done["changed"], done["engine"], done["loaded"], done["active"]) == (True, name, True, True)
    assert done["diff"] == foretold["diff"]
    assert done["ready"] is (None if name == "suse" else True)
    calls = len(lab.writes)
    assert not lab.run()["changed"]
    assert len(lab.writes) == calls
    assert lab.run("disarmed")["changed"]
    assert lab.files == before
    assert not lab.run("disarmed")["changed"]
    assert (lab.enabled, lab.active) == (set(), set())


@pytest.mark.parametrize(
    ("name", "settings", "path", "lines"),
    [
        ("kdump-tools", {"KDUMP_NUM_DUMPS": 3}, DEBIAN, ["USE_KDUMP=1", "KDUMP_NUM_DUMPS=3"]),
        ("kdump-tools", {"KDUMP_COREDIR": "/srv"}, DEBIAN, ["KDUMP_COREDIR=/srv # where dumps are"]),
        ("kdump-utils", {"nfs": "a:/b", "force_rebuild": True}, CONF, ["nfs a:/b", "force_rebuild 1"]),
        ("kdump-utils", {"KEXEC_ARGS": "-s -d"}, SYSCONFIG, ['KEXEC_ARGS="-s -d"']),
        ("suse", {"KDUMP_IMMEDIATE_REBOOT": False}, SYSCONFIG, ["KDUMP_IMMEDIATE_REBOOT=false"]),
    ],
)
def test_changes_what_was_named(
    tmp_path: Path, name: str, settings: dict[str, t.Any], path: str, lines: list[str]
) -> None:  # fmt: skip
    lab = Lab(tmp_path, name)
    before = lab.text(path).splitlines()
    answer = lab.run(**settings)
    assert set(lines) <= set(lab.text(path).splitlines())
    kept = [line for line in before if line.split("=")[0] not in settings and not line.startswith("USE_KDUMP")]
    assert [line for line in lab.text(path).splitlines() if line in kept] == kept
    assert all(str(answer["settings"][key]) in lab.text(path) for key in settings)
    assert not lab.run(**settings)["changed"]


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("kdump-tools", {"KDUMP_NUM_DUMP": 3}, "KDUMP_NUM_DUMP for kdump-tools: .*Perhaps KDUMP_NUM_DUMPS"),
        ("kdump-tools", {"nfs": "a:/b"}, "nfs for kdump-tools: it has no such setting"),
        ("kdump-tools", {"KDUMP_COMPRESSION": "zip"}, "to 'zip': it has to be one of bzip2"),
        ("kdump-tools", {"KDUMP_FAIL_CMD": "a\nb"}, "one line of text"),
        ("kdump-tools", {"KDUMP_NUM_DUMPS": [3]}, "it has to be a number"),
        ("kdump-tools", {"USE_KDUMP": 0}, "that switches it off"),
        ("kdump-utils", {"blacklist": "mlx5"}, "no longer. Use rd.driver.blacklist in KDUMP_COMMANDLINE_APPEND"),
        ("kdump-utils", {"final_action": "shell"}, "one of reboot, halt, poweroff"),
        ("suse", {"KDUMP_SAVEDIR": "var/crash"}, "a path, or an address"),
        ("suse", {"KDUMP_COPY_KERNEL": True}, "takes that no longer"),
    ],
)
def test_a_setting_that_the_tool_would_not_take_is_refused(
    tmp_path: Path, name: str, settings: dict[str, t.Any], words: str
) -> None:  # fmt: skip
    lab = Lab(tmp_path, name)
    before = lab.files
    with pytest.raises(KdumpError, match=rf"^Cannot (set|arm) .*{words}") as caught:
        lab.run(**settings)
    assert "\n" not in caught.value.message
    assert (lab.files, lab.writes) == (before, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path /x\ncolour blue\n", "line 2 of /etc/kdump.conf sets colour, which the tool does not know"),
        ("net a@b\n", "line 1 .* sets net, which the tool takes no longer; nfs or ssh does that"),
        ("nfs a:/b\npath\n", "line 2 .* sets path, which has to be an absolute path"),
        ("nfs a:/b\nssh c@d\n", "line 2 .* sets a target that line 1 sets too"),
        ("path /a\npath /b\n", "line 2 .* sets path that line 1 sets too"),
    ],
)
def test_a_file_that_kdumpctl_would_refuse_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    lab = Lab(tmp_path, "kdump-utils", **{CONF: text})
    with pytest.raises(KdumpError, match=words):
        lab.run()
    assert lab.writes == []


def test_a_wrong_line_can_be_taken_out_by_name(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "kdump-utils", **{CONF: "path /x\ncolour blue\n"})
    lab.run(colour=None)
    assert lab.text(CONF) == "path /x\n"


def test_a_line_that_a_peer_wrote_as_no_shell_reads_it_is_told(tmp_path: Path) -> None:
    """A published role writes "USE_KDUMP = 1" here, which kdump-config takes for a command."""
    lab = Lab(tmp_path, **{DEBIAN: "USE_KDUMP = 1\n"})
    with pytest.raises(KdumpError, match=r"line 1 is shell code \('USE_KDUMP = 1'\)"):
        lab.run()
    assert lab.writes == []


def test_an_unknown_variable_in_a_file_of_assignments_is_only_told(tmp_path: Path) -> None:
    lab = Lab(tmp_path, **{DEBIAN: "USE_KDUMP=1\nMINE=1\n"})
    lab.run()
    assert lab.warnings == [f"Line 2 of {DEBIAN} sets MINE, which the tool does not know; it was left as it is"]


def test_no_password_is_shown(tmp_path: Path) -> None:
    lab = Lab(tmp_path, **{DEBIAN: "FTP_PASSWORD=s3cret\n"})
    answer = lab.run(FTP_PASSWORD="after it")
    assert "s3cret" not in str(answer["diff"])
    assert "after it" not in str(answer["diff"])
    assert answer["settings"]["FTP_PASSWORD"] == "********"
    assert (tmp_path / paths.SERVICE_NOTE.lstrip("/")).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"/proc/sys/kernel/kexec_load_disabled": "1\n"}, "kexec_load_disabled is 1, and stays 1 until the next boot"),
        ({"/sys/kernel/kexec_crash_size": "0\n"}, "no memory is reserved .* state=enabled"),
        ({"/sys/kernel/kexec_crash_size": None}, "has no kexec for crashes"),
        (
            {"/etc/sysctl.d/99-hardening.conf": "-kernel/kexec_load_disabled = 1\n"},
            "/etc/sysctl.d/99-hardening.conf sets kernel.kexec_load_disabled=1, which is in force before",
        ),
        ({"/sys/kernel/security/lockdown": "none [integrity] confidentiality\n"}, "Set KDUMP_KEXEC_ARGS to -s"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_hardening_forbids_is_told_before_anything_is_changed(
    tmp_path: Path, files: dict[str, str | None], words: str, check_mode: bool
) -> None:
    lab = Lab(tmp_path, **files)
    lab.own()
    before = lab.files
    with pytest.raises(KdumpError, match=rf"Cannot arm kdump-tools\.service: .*{words}"):
        lab.run(check_mode=check_mode)
    assert (lab.files, lab.writes) == (before, [])


def test_a_masked_unit_is_told(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    mask = tmp_path / "etc/systemd/system/kdump-tools.service"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")
    with pytest.raises(KdumpError, match=r"it is masked.*systemctl unmask kdump-tools\.service"):
        lab.run("enabled")
    assert lab.writes == []


def test_a_locked_down_kernel_is_served_where_kexec_is_told_how(tmp_path: Path) -> None:
    lab = Lab(tmp_path, **{"/sys/kernel/security/lockdown": "none [integrity] confidentiality\n"})
    assert lab.run(KDUMP_KEXEC_ARGS="-s")["loaded"]


def test_enabled_waits_for_the_next_boot(tmp_path: Path) -> None:
    lab = Lab(tmp_path, **{"/sys/kernel/kexec_crash_size": "0\n"})
    answer = lab.run("enabled")
    assert (answer["changed"], answer["enabled"], answer["loaded"]) == (True, True, False)
    assert not lab.run("enabled")["changed"]


def test_takes_over_from_the_collections_own_and_leaves_one_armed(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.own()
    answer = lab.run()
    assert answer["replaced"]
    assert (lab.enabled, lab.active) == ({lab.unit}, {lab.unit})
    assert not lab.host.exists(paths.UNIT)
    order = [call[1:] for call in lab.writes]
    assert order.index(("disable", "--now", paths.UNIT_NAME)) < order.index(("restart", lab.unit))
    assert not lab.run()["changed"]


@pytest.mark.parametrize("fault", ["start_fails", "says_no"])
def test_where_it_does_not_come_up_the_collections_own_is_armed_again(tmp_path: Path, fault: str) -> None:
    lab = Lab(tmp_path)
    lab.own()
    before = lab.files
    setattr(lab, fault, True)
    with pytest.raises(
        KdumpError, match=rf"The files were put back, and {paths.UNIT_NAME} was started again"
    ) as caught:
        lab.run()
    words = "failed to load kdump kernel" if fault == "start_fails" else "Not ready to kdump"
    assert words in caught.value.message
    assert lab.files == before
    assert (lab.enabled, lab.active) == ({paths.UNIT_NAME}, {paths.UNIT_NAME})


def test_what_somebody_else_armed_is_not_ours_to_replace_later(tmp_path: Path) -> None:
    lab = Lab(tmp_path, **{DEBIAN: "USE_KDUMP=1\n"})
    lab.systemctl(["systemctl", "enable", "--now", lab.unit])
    assert not lab.run()["changed"]
    assert not lab.host.exists(paths.SERVICE_NOTE)
    lab.run("disarmed")
    lab.run()
    assert lab.host.exists(paths.SERVICE_NOTE)


def test_what_somebody_else_changed_since_is_left_alone(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.run()
    write(tmp_path, DEBIAN, "USE_KDUMP=1\nKDUMP_NUM_DUMPS=9\n")
    lab.run("disarmed")
    assert lab.text(DEBIAN) == "USE_KDUMP=1\nKDUMP_NUM_DUMPS=9\n"
    assert lab.warnings == [f"{DEBIAN} was changed by somebody else since it was set up, and was left as it is"]


def test_where_there_is_none_that_is_told(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    (tmp_path / "usr/sbin/kdump-config").unlink()
    with pytest.raises(KdumpError, match=r"not installed .*Install the package kdump-tools or kdump-utils or kdump"):
        lab.run()
    assert lab.run(check_mode=True)["engine"] is None
    assert not lab.run("disarmed")["changed"]


def test_two_of_them_are_a_question(tmp_path: Path) -> None:
    lab = Lab(tmp_path, **{"/usr/bin/kdumpctl": ""})
    with pytest.raises(KdumpError, match=r"kdump-tools and kdump-utils are installed\. Name one"):
        lab.run()
