# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading, preparing and unloading: what is planned, what is done, what is refused."""

from __future__ import annotations

import os
import stat
import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.host import paths
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.kexec.cmdline import CommandLineError
from ansible_collections.linux.kdump.plugins.module_utils.kexec.images import Offer
from ansible_collections.linux.kdump.plugins.module_utils.kexec.loading import State
from ansible_collections.linux.kdump.plugins.module_utils.kexec.request import Request, TargetError, run
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner

from .hosts import FILES, build, loaded, write

SHOW = ("systemctl", "show")
LOAD = ("systemctl", "reload-or-restart", paths.UNIT_NAME)
POLICY = {paths.REBOOT_POLICY_FOLDER + "/.keep": ""}


class Lab:
    """A host, its systemd, and a loader that works like the real one."""

    def __init__(self, root: Path, **changes: t.Any) -> None:
        self.root = root
        self.host = build(root, {**POLICY, **changes.pop("files", {})})
        self.enabled = self.active = False
        self.load_fails: str | None = None
        self.runner = FakeRunner({
            ("stat", "-L"): (0, "", ""),
            SHOW: lambda argv: (0, self.shown(), ""),
            ("systemctl", "daemon-reload"): (0, "", ""),
            ("systemctl", "enable"): self.enable,
            ("systemctl", "disable"): self.disable,
            ("systemctl", "reset-failed"): (1, "", "Unit linux-kdump.service not loaded."),
            LOAD: self.load,
            ("/usr/sbin/kexec", "-p", "-u"): self.unload,
        })  # fmt: skip
        self.line = ""

    def shown(self) -> str:
        file, active = "enabled" if self.enabled else "", "active" if self.active else "inactive"
        return f"UnitFileState={file}\nActiveState={active}\n"

    def enable(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.enabled = True
        return 0, "", "Created symlink"

    def disable(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.enabled = self.active = False
        (self.root / paths.LOAD_RECORD.lstrip("/")).unlink(missing_ok=True)
        return 0, "", "Removed"

    def load(self, argv: Sequence[str]) -> tuple[int, str, str]:
        if self.load_fails is not None:
            write(self.root, paths.LOAD_ERROR, self.load_fails)
            return 1, "", "Job for linux-kdump.service failed because the control process exited with error code."
        loaded(self.host, command_line=self.line)
        self.active = True
        return 0, "", ""

    def unload(self, argv: Sequence[str]) -> tuple[int, str, str]:
        write(self.root, "/sys/kernel/kexec_crash_loaded", "0\n")
        return 0, "", ""

    def run(self, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        request = Request(**{"state": "loaded", **options})
        if request.state != "unloaded":
            probe = Request(**{**options, "state": "enabled"})
            self.line = run(probe, host=self.host, runner=self.runner, check_mode=True)["command_line"]
        self.runner.calls.clear()
        return run(request, host=self.host, runner=self.runner, check_mode=check_mode)

    @property
    def writes(self) -> list[tuple[str, ...]]:
        return [call for call in self.runner.calls if call[:2] != SHOW]

    @property
    def verbs(self) -> list[str]:
        return [call[1] if call[0] == "systemctl" else Path(call[0]).name for call in self.writes]

    def text(self, path: str) -> str | None:
        file = self.root / path.lstrip("/")
        return file.read_text() if file.exists() else None


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def snapshot(root: Path) -> dict[str, str]:
    return {str(file): file.read_text() for file in root.rglob("*") if file.is_file()}


def test_loads_once_and_only_once(lab: Lab) -> None:
    first = lab.run()
    assert (first["changed"], first["loaded"], first["load_current"]) == (True, True, True)
    assert [call[1] for call in lab.writes] == ["enable", "reload-or-restart"]
    assert lab.text(paths.REBOOT_POLICY)
    second = lab.run()
    assert (second["changed"], second["diff"], lab.writes) == (False, [], [])
    assert second["load"]["command_line"] == second["command_line"]


def test_names_the_target_by_its_file_system(lab: Lab) -> None:
    line = lab.run(target_path="/srv/dumps/", final_action="halt", check_mode=True)["command_line"]
    assert line.endswith(
        " kdump.target=UUID=0a3407de-014b-458b-b5c1-848e92a327a3"
        " kdump.fstype=ext4 kdump.path=/srv/dumps kdump.final=halt"
    )


def test_takes_a_target_that_is_not_mounted(lab: Lab) -> None:
    line = lab.run(target_path="/", target_uuid="12-34", target_fstype="xfs", check_mode=True)["command_line"]
    assert line.endswith("kdump.target=UUID=12-34 kdump.fstype=xfs kdump.path=/")


def test_takes_a_whole_command_line(lab: Lab) -> None:
    assert lab.run(command_line=" a=1   b ", check_mode=True)["command_line"] == "a=1 b"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (paths.KERNEL, "a newer kernel"),
        (paths.INITRAMFS, "a newer initramfs"),
        ("/proc/sys/kernel/random/boot_id", "0d0d0d0d-0000-4000-8000-000000000000\n"),
        ("/sys/kernel/kexec_crash_loaded", "0\n"),
        ("/sys/kernel/kexec_crash_size", "33554432\n"),
        ("/proc/cmdline", "console=ttyS1\n"),
        (paths.LOAD_RECORD, "{"),
    ],
)
def test_loads_again_after_a_change(lab: Lab, path: str, text: str) -> None:
    lab.run()
    write(lab.root, path, text)
    assert lab.run(check_mode=True)["changed"]
    assert not lab.writes


def test_gives_the_loader_its_mode_back(lab: Lab) -> None:
    lab.run()
    loader = lab.root / paths.LOADER.lstrip("/")
    loader.chmod(0o644)
    assert lab.run(check_mode=True)["changed"]
    assert lab.run()["changed"]
    assert stat.S_IMODE(loader.stat().st_mode) == 0o700
    assert not lab.run()["changed"]


def test_check_mode_writes_nothing_and_tells_the_truth(lab: Lab) -> None:
    before = snapshot(lab.root)
    said = lab.run(check_mode=True)
    assert said["changed"]
    assert (snapshot(lab.root), lab.writes) == (before, [])
    done = lab.run()
    assert done["diff"] == said["diff"]
    names = [entry["after_header"] for entry in said["diff"]]
    assert names == [
        paths.DUMPS, paths.LOADER, paths.REBOOT_POLICY, paths.KERNEL_HOOK, paths.UNIT, "crash image",
    ]  # fmt: skip


def test_leaves_debians_policy_alone_where_there_is_none(tmp_path: Path) -> None:
    lab = Lab(tmp_path, files={paths.REBOOT_POLICY_FOLDER + "/.keep": None})
    lab.run()
    assert lab.text(paths.REBOOT_POLICY) is None
    assert not lab.run()["changed"]


def test_enabled_waits_for_the_next_boot(tmp_path: Path) -> None:
    lab = Lab(tmp_path, files={"/sys/kernel/kexec_crash_size": "0\n"})
    assert lab.run(state="enabled")["changed"]
    assert [call[1] for call in lab.writes] == ["enable"]
    assert not lab.run(state="enabled")["changed"]


def test_unloaded_undoes_everything(lab: Lab) -> None:
    before = snapshot(lab.root)
    lab.run()
    assert lab.run(state="unloaded", check_mode=True)["changed"]
    result = lab.run(state="unloaded")
    assert (result["changed"], result["loaded"], result["command_line"], result["load"]) == (True, False, None, None)
    assert snapshot(lab.root) == before
    # After the unit has been stopped and before systemd forgets its file.
    assert lab.verbs == ["kexec", "disable", "reset-failed", "daemon-reload"]
    assert lab.run(state="unloaded") == {**result, "changed": False, "diff": []}


def test_unloads_what_somebody_else_loaded(lab: Lab) -> None:
    write(lab.root, "/sys/kernel/kexec_crash_loaded", "1\n")
    assert lab.run(state="unloaded")["changed"]
    assert lab.writes == [("/usr/sbin/kexec", "-p", "-u")]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"/sys/kernel/kexec_crash_size": "0\n"}, "no memory is reserved.*crashkernel"),
        ({"/sys/kernel/kexec_crash_size": None}, "has no kexec for crashes"),
        ({"/proc/sys/kernel/kexec_load_disabled": "1\n"}, "kexec_load_disabled is 1.*state=enabled"),
        ({"/sys/kernel/kexec_crash_size": "12\n"}, "kernel and initramfs are 15 bytes, 12 are reserved.*Reserve more"),
        ({paths.KERNEL: None}, "vmlinuz is missing or empty"),
        ({paths.INITRAMFS: ""}, "initramfs.img is missing or empty"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_refuses_what_cannot_work_before_it_touches_anything(
    tmp_path: Path, files: dict[str, str | None], words: str, check_mode: bool
) -> None:
    lab = Lab(tmp_path, files=files)
    before = snapshot(tmp_path)
    with pytest.raises(KdumpError, match=f"Cannot load the crash image: .*{words}") as caught:
        lab.run(check_mode=check_mode)
    assert "\n" not in caught.value.message
    assert (snapshot(tmp_path), lab.writes) == (before, [])


# Where the units' own packages enable them: Debian 12's kdump-tools in basic.target.
@pytest.mark.parametrize(
    ("target", "unit"),
    [("basic", "kdump-tools.service"), ("multi-user", "kdump-tools.service"), ("multi-user", "kdump.service")],
)
@pytest.mark.parametrize("state", ["loaded", "enabled"])
def test_refuses_to_live_beside_another_kdump(tmp_path: Path, target: str, unit: str, state: str) -> None:
    lab = Lab(tmp_path)
    link = tmp_path / f"etc/systemd/system/{target}.target.wants/{unit}"
    link.parent.mkdir(parents=True)
    link.symlink_to(f"/lib/systemd/system/{unit}")
    before = snapshot(tmp_path)
    with pytest.raises(KdumpError, match=rf"{unit} is enabled and loads one of its own.*disable --now {unit}"):
        lab.run(state=state)
    assert (snapshot(tmp_path), lab.writes) == (before, [])
    assert not lab.run(state="unloaded")["changed"]


class Switching(Lab):
    """A host on which the kdump of the distribution was armed by the module for that."""

    unit = "kdump-tools.service"

    def __init__(self, root: Path) -> None:
        super().__init__(root, files={paths.SERVICE_NOTE: "{}\n"})
        self.link = root / f"etc/systemd/system/basic.target.wants/{self.unit}"
        self.link.parent.mkdir(parents=True)
        self.runner.answers["systemctl", "disable", "--now", self.unit] = self.off
        self.runner.answers["systemctl", "enable", "--now", self.unit] = self.on
        self.on(())

    def on(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.link.symlink_to(f"/lib/systemd/system/{self.unit}")
        write(self.root, "/sys/kernel/kexec_crash_loaded", "1\n")
        return 0, "", ""

    def off(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.link.unlink()
        write(self.root, "/sys/kernel/kexec_crash_loaded", "0\n")
        return 0, "", ""


def test_a_kdump_that_this_collection_armed_is_switched_off_first(tmp_path: Path) -> None:
    lab = Switching(tmp_path)
    before = snapshot(tmp_path)
    foretold = lab.run(check_mode=True)
    assert (snapshot(tmp_path), lab.writes) == (before, [])
    assert (lab.unit, "disabled\n") in [(side["after_header"], side["after"]) for side in foretold["diff"]]
    assert lab.run()["load_current"]
    assert lab.writes[0] == ("systemctl", "disable", "--now", lab.unit)
    assert not lab.link.is_symlink()
    assert not lab.run()["changed"]


def test_where_the_image_cannot_be_loaded_the_other_kdump_is_switched_on_again(tmp_path: Path) -> None:
    lab = Switching(tmp_path)
    lab.load_fails = "Cannot load the crash image: it does not fit into the memory reserved for it."
    with pytest.raises(KdumpError, match="it does not fit"):
        lab.run()
    assert lab.link.is_symlink()
    assert lab.text("/sys/kernel/kexec_crash_loaded") == "1\n"


@pytest.mark.parametrize("state", ["loaded", "enabled"])
def test_a_masked_unit_is_told_and_stays_masked(tmp_path: Path, state: str) -> None:
    lab = Lab(tmp_path)
    mask = tmp_path / paths.UNIT.lstrip("/")
    mask.parent.mkdir(parents=True, exist_ok=True)
    mask.symlink_to("/dev/null")
    before = snapshot(tmp_path)
    with pytest.raises(KdumpError, match=r"linux-kdump\.service is masked.* systemctl unmask linux-kdump\.service"):
        lab.run(state=state)
    assert (snapshot(tmp_path), lab.writes) == (before, [])
    assert not lab.run(state="unloaded")["changed"]
    assert mask.is_symlink()


def test_says_why_an_image_cannot_be_unloaded_before_it_touches_anything(lab: Lab) -> None:
    lab.run()
    write(lab.root, "/proc/sys/kernel/kexec_load_disabled", "1\n")
    before = snapshot(lab.root)
    with pytest.raises(KdumpError, match=r"Cannot unload the crash image: kernel\.kexec_load_disabled is 1.*reboot"):
        lab.run(state="unloaded")
    assert (snapshot(lab.root), lab.writes) == (before, [])


def test_needs_kexec(lab: Lab) -> None:
    (lab.root / "usr/sbin/kexec").unlink()
    with pytest.raises(KdumpError, match="kexec is not installed"):
        lab.run()


def test_a_locked_down_kernel_takes_no_kexec_load(tmp_path: Path) -> None:
    lab = Lab(tmp_path, files={"/sys/kernel/security/lockdown": "none [integrity] confidentiality\n"})
    with pytest.raises(KdumpError, match="locked down"):
        lab.run(syscall="kexec_load")
    # Nothing is known of signatures here, so that the other call is left to say what it thinks.
    assert lab.run(syscall="auto", check_mode=True)["changed"]


#: A locked down kernel whose configuration is known.
LOCKED: dict[str, str | None] = {
    "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
    f"/boot/config-{os.uname().release}": "".join(
        f"CONFIG_{name}=y\n" for name in ("KEXEC_FILE", "KEXEC_SIG", "KEXEC_BZIMAGE_VERIFY_SIG")
    ),
}


@pytest.mark.parametrize("state", ["loaded", "enabled"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_an_image_that_the_kernel_would_refuse_is_named_before_anything_is_touched(
    tmp_path: Path, state: str, check_mode: bool
) -> None:
    lab = Lab(tmp_path, files=LOCKED)
    before = snapshot(tmp_path)
    request = Request(state=t.cast(State, state))
    with pytest.raises(KdumpError, match=r"capture kernel is not signed.*locked down.*Sign it.*mokutil") as caught:
        run(request, host=lab.host, runner=lab.runner, check_mode=check_mode)
    assert caught.value.facts == {"refusal": "unsigned"}
    assert (snapshot(tmp_path), lab.writes) == (before, [])


def test_what_is_offered_counts_not_what_it_replaces(tmp_path: Path) -> None:
    lab = Lab(tmp_path, files={**LOCKED, paths.KERNEL: None})
    offered = {"pe": True, "signatures": []}
    offer = Offer("kernel", paths.KERNEL, "ab" * 32, 6, signatures=offered)
    with pytest.raises(KdumpError, match="capture kernel is not signed, and"):
        run(Request(state="enabled", offers=(offer,)), host=lab.host, runner=lab.runner, check_mode=True)
    # There is none yet, and nothing is known of it: then nothing is claimed.
    assert run(Request(state="enabled"), host=lab.host, runner=lab.runner, check_mode=True)["changed"]


def test_a_failed_load_is_told_in_the_loaders_words(lab: Lab) -> None:
    lab.load_fails = "Cannot load the crash image: it does not fit into the memory reserved for it."
    with pytest.raises(KdumpError) as caught:
        lab.run()
    assert caught.value.message == f"{lab.load_fails} Nothing is loaded now."
    assert caught.value.facts["rc"] == 1


def test_a_load_that_left_no_trace_is_no_load(lab: Lab) -> None:
    lab.runner.answers[LOAD] = (0, "", "")
    with pytest.raises(KdumpError, match="Cannot prove that the crash image is loaded"):
        lab.run()


def test_an_unload_that_did_nothing_is_an_error(lab: Lab) -> None:
    lab.run()
    lab.runner.answers[("/usr/sbin/kexec", "-p", "-u")] = (0, "", "")
    with pytest.raises(KdumpError, match="Cannot unload the crash image"):
        lab.run(state="unloaded")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"kernel": "vmlinuz"}, KdumpError, "not an absolute path"),
        ({"initramfs": "/a\nb"}, KdumpError, "not an absolute path"),
        ({"target_path": "/var/my crash"}, CommandLineError, r"kdump\.path"),
        ({"append": 'a="b'}, CommandLineError, "never closed"),
        ({"command_line": "a" * 2048}, CommandLineError, "2048 bytes"),
        ({"append": "a" * 2048}, CommandLineError, "takes at most"),
    ],
)
def test_bad_options_are_named(lab: Lab, options: dict[str, t.Any], error: type[KdumpError], words: str) -> None:
    with pytest.raises(error, match=words):
        lab.run(**options)


@pytest.mark.parametrize("mount", ["22 1 0:30 / / rw - tmpfs tmpfs rw\n", "22 1 0:30 / / rw - nfs4 nas:/srv rw\n", ""])
def test_a_target_that_cannot_be_found_again_is_refused(tmp_path: Path, mount: str) -> None:
    lab = Lab(tmp_path, files={"/proc/self/mountinfo": mount})
    with pytest.raises(TargetError, match=r"Cannot put dumps into /var/crash: .* no UUID"):
        lab.run()


def test_options_come_from_the_module() -> None:
    params = {
        "state": "loaded", "kernel": "/k", "initramfs": "/i", "append": None, "remove": ["a"], "command_line": None,
        "target": None, "final_action": "halt", "syscall": "auto",
    }  # fmt: skip
    assert Request.from_params(params) == Request("loaded", "/k", "/i", remove=("a",), final_action="halt")
    target = {"path": "/x", "uuid": "1", "fstype": "xfs"}
    request = Request.from_params({**params, "target": target})
    assert (request.target_path, request.target_uuid, request.target_fstype) == ("/x", "1", "xfs")


def test_the_stand_in_is_a_host() -> None:
    assert Host().read("/proc/cmdline") is not None
    assert all(path.startswith("/") for path in FILES)


FOLLOWED = {
    "/etc/udev/rules.d/.keep": "", "/etc/kernel/postinst.d/.keep": "", "/etc/kernel/install.d/.keep": "",
}  # fmt: skip
HOTPLUG = (paths.HOTPLUG_RULE, paths.HOTPLUG_PATH, paths.HOTPLUG_SERVICE)
HOOKS = (paths.KERNEL_HOOK, paths.KERNEL_HOOK_DEBIAN, paths.KERNEL_HOOK_SYSTEMD)


def test_follows_hotplug_and_kernels_to_come_and_takes_all_of_it_back(tmp_path: Path) -> None:
    lab = Lab(tmp_path, files=FOLLOWED)
    write(tmp_path, "/usr/bin/udevadm", "", mode=0o755)
    for words in (("systemctl", "restart", paths.HOTPLUG_PATH_NAME), ("systemctl", "stop", paths.HOTPLUG_PATH_NAME)):
        lab.runner.answers[words] = (0, "", "")
    lab.runner.answers[("/usr/bin/udevadm", "control", "--reload")] = (0, "", "")
    before = snapshot(tmp_path)
    lab.run()
    assert lab.verbs == ["enable", "restart", "udevadm", "reload-or-restart"]
    assert [path for path in (*HOTPLUG, *HOOKS) if lab.text(path) is None] == []
    assert [stat.S_IMODE(os.stat(lab.host.path(path)).st_mode) for path in HOOKS] == [0o755] * 3
    assert f"Wants={paths.HOTPLUG_PATH_NAME}\n" in (lab.text(paths.UNIT) or "")
    assert (lab.run()["changed"], lab.writes) == (False, [])
    # Not wanted any more: the rest stays as it is.
    assert lab.run(hotplug=False)["changed"]
    assert lab.verbs[:1] == ["stop"]
    assert [path for path in HOTPLUG if lab.text(path) is not None] == []
    assert paths.HOTPLUG_PATH_NAME not in (lab.text(paths.UNIT) or "")
    lab.run()
    write(tmp_path, paths.KERNEL_CHECK, "{}")
    write(tmp_path, paths.HOTPLUG_MARK, "")
    lab.run(state="unloaded")
    assert snapshot(tmp_path) == before


def test_a_host_without_udev_and_kernel_hooks_has_no_files_for_them(lab: Lab) -> None:
    lab.run()
    assert [path for path in (*HOTPLUG, *HOOKS[1:]) if lab.text(path) is not None] == []


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("ro sysctl.kernel.kexec_load_disabled=1 quiet", True),
        ("sysctl/kernel/kexec_load_disabled=1", True),
        ("ro sysctl.kernel.kexec_load_disabled=0", False),
        ("ro xsysctl.kernel.kexec_load_disabled=1", False),
    ],
)
@pytest.mark.parametrize("state", ["loaded", "enabled"])
def test_a_kernel_that_forbids_loading_from_its_first_moment_is_told_before_anything_is_changed(
    tmp_path: Path, line: str, refused: bool, state: State
) -> None:
    lab = Lab(tmp_path, files={"/proc/cmdline": f"{line}\n"})
    before = snapshot(tmp_path)
    if not refused:
        assert lab.run(state=state, check_mode=True)["changed"]
        return
    with pytest.raises(KdumpError, match=r"command line sets kernel\.kexec_load_disabled=1.*Take it out"):
        run(Request(state), host=lab.host, runner=lab.runner, check_mode=False)
    assert snapshot(tmp_path) == before


def test_says_whether_what_was_asked_for_is_there_already(lab: Lab) -> None:
    assert lab.run(check_mode=True)["armed"] is False
    assert lab.run(state="enabled")["armed"] is False
    assert lab.run()["armed"] is True
    for state in ("loaded", "enabled"):  # as the role looks
        assert lab.run(state=state, check_mode=True)["armed"] is True
    assert lab.run(check_mode=True, final_action="halt")["armed"] is False
    assert lab.run(check_mode=True, hotplug=False)["armed"] is False
    write(lab.root, "/proc/sys/kernel/kexec_load_disabled", "1\n")
    assert (lab.run()["armed"], lab.run()["load_disabled"]) == (True, True)
    lab.active = False
    assert lab.run(state="enabled", check_mode=True)["armed"] is False
