# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One guest: the plan from what is there to what is asked for, and what stays when a step fails."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import typing as t
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.lab import guest as guests
from ansible_collections.linux.kdump.plugins.module_utils.lab import machine as machines
from ansible_collections.linux.kdump.plugins.module_utils.lab import network, process, qmp, state
from ansible_collections.linux.kdump.plugins.module_utils.lab.inventory import default_lab_dir, hosts
from ansible_collections.linux.kdump.tests.unit.fakes import FakeRunner
from ansible_collections.linux.kdump.tests.unit.plugins.module_utils.lab.clock import FakeClock

TICKS = 77


class World:
    """A machine with QEMU on it: processes, sockets, ssh."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lab = root / "lab"
        self.image = root / "image.qcow2"
        self.image.touch()
        self.alive: dict[int, int] = {}
        self.numbers: Iterator[int] = itertools.count(40001)
        self.qemu_says = ""
        self.console = "Linux version 6.1\n"
        self.login: tuple[int, str, str] = (0, "", "")
        self.on_login: Callable[[], object] = lambda: None
        self.signals: list[int] = []
        self.runner = FakeRunner(
            {
                ("ssh-keygen",): self.make_key, ("qemu-img", "create"): (0, "", ""), ("setsid", "--fork"): self.launch,
                ("ssh",): self.log_in,
            }
        )  # fmt: skip
        monkeypatch.setattr(machines, "start_ticks", self.alive.get)
        monkeypatch.setattr(process, "start_ticks", self.alive.get)
        monkeypatch.setattr(state, "start_ticks", self.alive.get)
        monkeypatch.setattr(os, "killpg", self.kill)
        monkeypatch.setattr(qmp, "execute", self.execute)
        monkeypatch.setattr(qmp, "require_library", lambda: None)

    def make_key(self, argv: Sequence[str]) -> tuple[int, str, str]:
        path = Path(argv[-1])
        path.write_text("private")
        Path(f"{path}.pub").write_text("ssh-ed25519 AAAA comment\n")
        return 0, "", ""

    def launch(self, argv: Sequence[str]) -> tuple[int, str, str]:
        folder = self.lab / argv[argv.index("-name") + 1]
        pid = next(self.numbers)
        (folder / "qemu.pid").write_text(f"{pid}\n")
        (folder / "qemu.log").write_text(self.qemu_says)
        (folder / argv[argv.index("-serial") + 1][len("file:") :]).write_text(self.console)
        if not self.qemu_says:
            self.alive[pid] = TICKS
        return 0, "", ""

    def execute(self, path: str, command: str, *_arguments: object, **_more: object) -> object:
        if command == "human-monitor-command":
            return "  TCP[HOST_FORWARD]  12       127.0.0.1 40123       10.0.2.15    22     0     0\r\n"
        if command == "system_powerdown":
            self.alive.clear()
        return {}

    def log_in(self, _argv: Sequence[str]) -> tuple[int, str, str]:
        self.on_login()
        return self.login

    def kill(self, pid: int, number: int) -> None:
        self.signals.append(number)
        self.alive.pop(pid, None)

    def ensure(self, *, check: bool = False, **change: t.Any) -> dict[str, t.Any]:
        options = {
            "name": "alpha", "image": str(self.image), "memory": "1G", "cpus": 2, "disk_size": None, "disks": [],
            "accel": "tcg", "cpu": None, "port": None, "extra_args": [], "networks": [], "state": "present",
            "firmware": "bios",
            "recreate": False, "wait": True, "wait_timeout": 60, "stop_timeout": 30, "lifetime": 7200,
            "lab_dir": str(self.lab), **change,
        }  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(guests, "AttendedClock", lambda _abandoned: FakeClock())
            return guests.produce(options, runner=self.runner, check=check)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_a_guest_is_made_started_and_left_alone(world: World) -> None:
    first = world.ensure()
    assert first["steps"] == ["create", "start"]
    assert first["guest"]["state"] == "running"
    assert first["guest"]["port"] == 40123
    again = world.ensure()
    assert not again["changed"]
    assert again["guest"] == first["guest"]
    assert again["diff"] == {"before": {}, "after": {}}


@pytest.mark.parametrize(
    ("before", "wanted", "steps"),
    [
        ([], "present", ["create", "start"]),
        ([], "stopped", ["create"]),
        ([], "restarted", ["create", "start"]),
        ([], "absent", []),
        (["stopped"], "present", ["start"]),
        (["stopped"], "stopped", []),
        (["stopped"], "restarted", ["start"]),
        (["stopped"], "absent", ["remove"]),
        (["present"], "present", []),
        (["present"], "stopped", ["stop"]),
        (["present"], "restarted", ["stop", "start"]),
        (["present"], "absent", ["stop", "remove"]),
    ],
)
def test_the_steps_lead_from_what_is_there_to_what_is_asked_for(
    world: World, before: list[str], wanted: str, steps: list[str]
) -> None:
    for wish in before:
        world.ensure(state=wish)
    foretold = world.ensure(state=wanted, check=True)
    done = world.ensure(state=wanted)
    assert foretold["steps"] == done["steps"] == steps
    assert foretold["changed"] == done["changed"] == bool(steps)
    if wanted == "absent":
        assert not (world.lab / "alpha").exists()
    if wanted != "restarted":
        assert not world.ensure(state=wanted)["changed"]


def test_check_mode_touches_nothing(world: World) -> None:
    assert world.ensure(check=True)["changed"]
    assert not world.lab.exists()
    assert world.runner.calls == []


def test_each_start_has_its_own_console(world: World) -> None:
    world.ensure()
    assert world.ensure(state="restarted")["guest"]["console"].endswith("console-2.log")
    assert sorted(path.name for path in (world.lab / "alpha").glob("console*")) == ["console-1.log", "console-2.log"]


def test_a_guest_with_efi_has_variables_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "OVMF", (str(world.image), f"{world.lab}/missing.fd"))
    with pytest.raises(KdumpError, match=r"there is no .*missing\.fd\. Install ovmf"):
        world.ensure(firmware="efi")
    (world.lab / "missing.fd").write_bytes(b"factory")
    world.ensure(firmware="efi")
    assert (world.lab / "alpha/efivars.fd").read_bytes() == b"factory"


def test_a_guest_that_died_meanwhile_is_started_again(world: World) -> None:
    world.ensure()
    world.alive.clear()
    assert world.ensure()["steps"] == ["start"]


def test_another_process_with_the_same_number_is_not_the_guest(world: World) -> None:
    world.ensure()
    assert list(hosts(str(world.lab), user="root")) == ["alpha"]
    world.alive.update(dict.fromkeys(world.alive, TICKS + 1))
    assert hosts(str(world.lab), user="root") == {}
    world.ensure(state="absent")
    assert world.signals == []


def test_a_change_is_refused_unless_the_guest_may_be_made_anew(world: World) -> None:
    world.ensure()
    with pytest.raises(KdumpError, match=r"memory, cpus differ.*recreate"):
        world.ensure(memory="2G", cpus=1)
    result = world.ensure(memory="2G", cpus=1, recreate=True)
    assert result["steps"] == ["stop", "remove", "create", "start"]
    assert result["diff"]["before"]["memory"] == 1 << 30
    assert result["diff"]["after"]["memory"] == 2 << 30


def test_a_guest_that_answers_its_power_button_is_not_killed(world: World) -> None:
    world.ensure()
    world.ensure(state="stopped")
    assert world.signals == []


@pytest.mark.parametrize(
    ("says", "port", "words"),
    [
        ("qemu: -netdev x: Could not set up host forwarding rule 'tcp'", 2222, "port 2222 of 127.0.0.1 is taken"),
        ("qemu: -device bogus: not a valid device", None, "QEMU ended at once: .*not a valid device"),
        (
            "timeout: failed to run command 'qemu-system-x86_64': No such file",
            None,
            r"No such file. Install QEMU.*linux\.kdump\.controller",
        ),
        ("qemu: -netdev user: Parameter 'type' expects a netdev backend type", None, "Install a QEMU that has user"),
    ],
)
def test_a_qemu_that_does_not_start_leaves_nothing(world: World, says: str, port: int | None, words: str) -> None:
    world.qemu_says = says
    with pytest.raises(KdumpError, match=words):
        world.ensure(port=port)
    assert not (world.lab / "alpha").exists()
    world.qemu_says = ""
    assert world.ensure()["changed"], "the next run trips over nothing"


@pytest.mark.parametrize(
    ("console", "login", "words"),
    [
        (
            "Kernel panic - not syncing: VFS: Unable to mount root fs\n",
            (255, "", ""),
            "Kernel panic - not syncing: VFS",
        ),
        (
            "run-init: /sbin/init: No such file or directory\nTarget filesystem doesn't have requested /sbin/init.\n# ",
            (255, "", "Connection refused"),
            "requested /sbin/init. Its console",
        ),
        ("error: disk not found.\ngrub rescue> ", (255, "", ""), "grub rescue"),
        ("Booting", (255, "", "root@127.0.0.1: Permission denied (publickey)."), "refuses the lab's ssh key"),
        ("Booting", (255, "", "Host key verification failed."), "Host key verification failed"),
        ("Booting", (255, "", "Connection refused"), "did not answer ssh within 60 seconds"),
    ],
)
def test_a_guest_that_never_came_up_is_gone_but_for_its_console(
    world: World, console: str, login: tuple[int, str, str], words: str
) -> None:
    world.console, world.login = console, login
    with pytest.raises(KdumpError, match=words) as caught:
        world.ensure()
    assert world.alive == {}
    assert not (world.lab / "alpha").exists()
    kept = Path(str(caught.value.facts["console_path"]))
    assert kept.read_text() == console
    assert str(kept) in caught.value.message
    assert caught.value.facts["console"] == [line.rstrip() for line in console.splitlines()]


def test_a_guest_that_was_up_before_keeps_its_disk(world: World) -> None:
    world.ensure()
    world.login = (255, "", "Connection refused")
    with pytest.raises(KdumpError, match="did not answer"):
        world.ensure()
    assert world.alive == {}
    world.login = (0, "", "")
    assert world.ensure()["steps"] == ["start"]


@pytest.mark.parametrize("state", ["restarted", "present"])
def test_a_guest_that_was_stopped_keeps_its_disk_when_it_does_not_start_again(world: World, state: str) -> None:
    world.ensure()
    if state == "present":
        world.ensure(state="stopped")
    world.qemu_says = "qemu: no"
    with pytest.raises(KdumpError, match="ended at once"):
        world.ensure(state=state)
    world.qemu_says = ""
    assert world.ensure()["steps"] == ["start"]


def test_a_folder_that_holds_no_guest_is_not_removed(world: World) -> None:
    (world.lab / "alpha").mkdir(parents=True)
    (world.lab / "alpha/letter.txt").write_text("dear reader")
    for change in ({"state": "absent"}, {"state": "present", "recreate": True}):
        with pytest.raises(KdumpError, match="holds no guest"):
            world.ensure(**change)
        assert (world.lab / "alpha/letter.txt").exists()


@pytest.mark.parametrize("left", [[], ["disk.qcow2"]])
def test_what_a_killed_making_left_is_removed(world: World, left: list[str]) -> None:
    (world.lab / "alpha").mkdir(parents=True)
    for name in left:
        (world.lab / "alpha" / name).touch()
    assert world.ensure()["steps"] == ["remove", "create", "start"]


@pytest.mark.parametrize("lifetime", [0, -1])
def test_no_guest_lives_for_ever(world: World, lifetime: int) -> None:
    with pytest.raises(KdumpError, match="1 second or more"):
        world.ensure(lifetime=lifetime)


def test_ctrl_c_while_waiting_leaves_no_process(world: World) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    world.on_login = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.ensure()
    assert world.alive == {}
    assert not (world.lab / "alpha").exists()


def test_a_guest_whose_qemu_ends_while_waiting_is_told_at_once(world: World) -> None:
    world.login = (255, "", "")
    world.on_login = world.alive.clear
    with pytest.raises(KdumpError, match="QEMU ended"):
        world.ensure()


def test_a_missing_image_is_named(world: World) -> None:
    with pytest.raises(KdumpError, match=r"no image .*\.nowhere"):
        world.ensure(image=f"{world.image}.nowhere")
    assert not (world.lab / "alpha").exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"schema": 3}', "\0"])
def test_a_damaged_record_is_told_and_can_be_removed(world: World, text: str) -> None:
    world.ensure(state="stopped")
    (world.lab / "alpha/guest.json").write_text(text)
    with pytest.raises(KdumpError, match="state=absent"):
        world.ensure()
    assert world.ensure(state="absent")["steps"] == ["remove"]


def test_the_lab_key_is_made_once_and_each_guest_has_its_own(world: World) -> None:
    world.ensure()
    world.ensure(name="beta")
    comments = [call[call.index("-C") + 1] for call in world.runner.calls if call[0] == "ssh-keygen"]
    assert comments == ["linux.kdump lab", "alpha", "beta"]
    assert (world.lab / "beta/known_hosts").read_text() == "beta ssh-ed25519 AAAA\n"


def test_the_inventory_has_running_guests_only(world: World) -> None:
    world.ensure()
    world.ensure(name="beta", state="stopped")
    found = hosts(str(world.lab), user="lab")
    assert list(found) == ["alpha"]
    variables = found["alpha"]
    assert variables["ansible_port"] == 40123
    assert variables["ansible_user"] == "lab"
    assert variables["kdump_console"] == str(world.lab / "alpha/console-1.log")
    assert 'HostKeyAlias="alpha"' in variables["ansible_ssh_common_args"]
    assert 'StrictHostKeyChecking="yes"' in variables["ansible_ssh_common_args"]
    shutil.rmtree(world.lab)
    assert hosts(str(world.lab), user="root") == {}


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"KDUMP_CACHE": "/k"}, "/k/labs/x"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/linux-kdump/labs/x"),
        ({"KDUMP_CACHE": "", "XDG_CACHE_HOME": ""}, os.path.expanduser("~/.cache/linux-kdump/labs/x")),
    ],
)
def test_the_default_lab_is_where_the_role_puts_it(environment: dict[str, str], folder: str) -> None:
    assert default_lab_dir(environment, name="x") == folder


def test_a_process_is_known_by_number_and_start() -> None:
    assert isinstance(state.start_ticks(os.getpid()), int)
    assert state.start_ticks(2**22 + 1) is None


def test_the_record_is_plain_json(world: World) -> None:
    world.ensure()
    document = json.loads((world.lab / "alpha/guest.json").read_text())
    assert document["schema"] == state.SCHEMA
    assert document["run"]["answered"] is True


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("  TCP[HOST_FORWARD]  12       127.0.0.1 40123       10.0.2.15    22     0     0\r\n", 40123),
        ("  TCP[ESTABLISHED]  12       127.0.0.1 40123       10.0.2.15    22     0     0\r\n", None),
        ("  TCP[HOST_FORWARD]  12       127.0.0.1 40123       10.0.2.15    221     0     0\r\n", None),
        ("", None),
    ],
)
def test_the_chosen_port_is_read_from_qemus_table(text: str, port: int | None) -> None:
    assert qmp.parse_forward(text) == port


def test_nobody_on_the_socket_is_one_clear_error(tmp_path: Path) -> None:
    pytest.importorskip("qemu.qmp")
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with pytest.raises(qmp.QmpUnreachableError, match="query-status"):
        qmp.execute(str(deep / "qmp.sock"), "query-status", timeout=2)
    with pytest.raises(qmp.QmpUnreachableError, match="No such file"):
        qmp.execute(str(tmp_path / "nowhere/qmp.sock"), "query-status")


def test_a_monitor_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    pytest.importorskip("qemu.qmp")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        with pytest.raises(qmp.QmpUnreachableError):
            qmp.execute(str(tmp_path / "s"), "query-status", timeout=0.2)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qmp, "HAS_QMP", False)
    with pytest.raises(KdumpError, match=r"qemu\.qmp is not installed for"):
        qmp.require_library()


def test_a_disk_is_no_smaller_than_its_image(world: World) -> None:
    world.runner.answers["qemu-img", "info"] = (0, '{"virtual-size": 4294967296}', "")
    with pytest.raises(KdumpError, match="disk_size is 1073741824 bytes and its image has 4294967296"):
        world.ensure(disk_size="1G")
    assert world.ensure(disk_size="8G")["steps"] == ["create", "start"]


def test_a_guest_of_before_there_were_networks_is_still_the_same(world: World) -> None:
    world.ensure()
    record = world.lab / "alpha/guest.json"
    document = json.loads(record.read_text())
    del document["spec"]["networks"]
    record.write_text(json.dumps(document))
    (world.lab / "alpha/networks").unlink()
    again = world.ensure()
    assert not again["changed"]
    assert again["guest"]["addresses"] == {}
    restarted = world.ensure(state="restarted")
    assert restarted["steps"] == ["stop", "start"]
    launch = next(call for call in reversed(world.runner.calls) if call[0] == "setsid")
    assert not any("linux-kdump.networks" in word for word in launch), "QEMU would ask for a file that is not there"
    with pytest.raises(KdumpError, match="networks differ"):
        world.ensure(networks=["dumps"])


def test_guests_know_their_addresses_and_are_told_them(world: World) -> None:
    first = world.ensure(networks=["dumps"])["guest"]
    second = world.ensure(name="beta", networks=["dumps", "more"])["guest"]
    assert first["addresses"]["dumps"] != second["addresses"]["dumps"]
    assert list(second["addresses"]) == ["dumps", "more"]
    [place] = first["interfaces"]
    told = (world.lab / "alpha/networks").read_text()
    assert told == f"dumps {place['mac']} {place['address']}/16\n"
    assert hosts(str(world.lab), user="root")["beta"]["kdump_lab_guest"]["addresses"] == second["addresses"]


def test_two_guests_never_get_the_same_address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ensure(networks=["dumps"])
    same = network.interface("alpha", "dumps")
    monkeypatch.setattr(network, "interface", lambda _guest, _network: same)
    with pytest.raises(KdumpError, match=rf"network dumps: alpha has its address {same.address}"):
        world.ensure(name="beta", networks=["dumps"])
    assert not (world.lab / "beta").exists()
    assert world.ensure(name="gamma")["changed"], "outside of the network there is no quarrel"
