# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role deploy, as far as it can be judged without a host."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.host import paths

yaml = pytest.importorskip("yaml")
jinja2 = pytest.importorskip("jinja2")

ROLE = Path(__file__).parents[3] / "roles/deploy"


def read(path: str) -> t.Any:
    return yaml.safe_load((ROLE / path).read_text())


def test_knows_the_places_that_the_modules_know() -> None:
    variables = read("vars/main.yml")
    places = {
        "library": paths.LIBRARY, "state_folder": paths.STATE, "reboot_note": paths.REBOOT_NOTE,
        "service_note": paths.SERVICE_NOTE, "boot_backup": paths.BOOT_BACKUP,
    }  # fmt: skip
    assert {name: variables[f"__kdump_{name}"] for name in places} == places


def test_copies_of_boot_loaders_files_go_once_the_files_are_as_they_were() -> None:
    tasks = read("tasks/absent.yml")
    removed = next(index for index, task in enumerate(tasks) if "{{ __kdump_boot_backup }}" in task.get("loop", []))
    undone = next(index for index, task in enumerate(tasks) if "linux.kdump.crashkernel" in task)
    assert undone < removed


def test_the_defaults_are_what_is_documented() -> None:
    options = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in options.items()} == read("defaults/main.yml")


def test_every_variable_is_in_the_readme() -> None:
    text = (ROLE / "README.md").read_text()
    assert [name for name in read("defaults/main.yml") if f"`{name}`" not in text] == []


def test_kexec_tools_is_told_not_to_handle_reboots_before_it_is_installed() -> None:
    tasks = read("tasks/packages.yml")
    modules = [module for task in tasks for module in task if "." in module]
    assert modules.index("ansible.builtin.debconf") < modules.index("ansible.builtin.apt")
    question = next(task["ansible.builtin.debconf"] for task in tasks if "ansible.builtin.debconf" in task)
    assert (question["question"], question["value"]) == ("kexec-tools/load_kexec", "false")


@pytest.mark.parametrize(
    ("source", "fstype", "accepted"),
    [
        ("/dev/vda1", "ext4", True),
        ("/dev/root", "ext3", True),
        ("/dev/nvme0n1p2", "xfs", False),
        ("/dev/mapper/vg-root", "ext4", False),
        ("/dev/dm-0", "ext4", False),
        ("/dev/md0", "ext4", False),
        ("overlay", "overlay", False),
        (None, None, False),
    ],
)
def test_a_place_for_dumps_that_cannot_be_mounted_after_a_crash_is_refused(
    source: str | None, fstype: str | None, accepted: bool
) -> None:
    (refusal,) = [task for task in read("tasks/present.yml") if "could not mount" in task["name"]]
    variables = {**read("defaults/main.yml"), "__kdump_target": {"source": source, "fstype": fstype}}
    conditions = [jinja2.Environment().compile_expression(text) for text in refusal["ansible.builtin.assert"]["that"]]
    assert all(condition(**variables) for condition in conditions) is accepted


def test_everything_that_can_be_refused_is_refused_before_anything_is_changed() -> None:
    tasks = read("tasks/present.yml")
    names = [next(key for key in task if "." in key) for task in tasks]
    probe = names.index("linux.kdump.kexec_crash")
    assert set(names[:probe]) == {"ansible.builtin.assert"}
    assert tasks[probe]["check_mode"] is True
    loading = [task["linux.kdump.kexec_crash"] for task in tasks if "linux.kdump.kexec_crash" in task]
    # The same but for the state, which only the reservation can tell, and for the files, which are not sent yet.
    assert loading[0]["state"] == "enabled"
    assert {**loading[1], "state": "enabled"} == {**loading[0], "install": loading[1]["install"]}


def test_a_reservation_has_to_hold_the_images_that_the_host_gets() -> None:
    tasks = read("tasks/present.yml")
    (probe,) = [task for task in tasks if task.get("register") == "__kdump_planned"]
    assert set(probe["linux.kdump.kexec_crash"]["install"]) == {"kernel", "initramfs", "kexec"}
    (reserving,) = [task["linux.kdump.crashkernel"] for task in tasks if "linux.kdump.crashkernel" in task]
    assert reserving["minimum_bytes"] == "{{ __kdump_planned.image_bytes }}"


def test_it_reboots_in_one_place_only() -> None:
    tasks = [
        (file.name, task) for file in sorted((ROLE / "tasks").iterdir()) for task in yaml.safe_load(file.read_text())
    ]
    assert [name for name, task in tasks if "linux.kdump.reboot" in task] == ["reboot.yml"]
    (once,) = [task for _name, task in tasks if task.get("ansible.builtin.include_tasks") == "reboot.yml"]
    assert once["when"] == "__kdump_reboots"
    assert read("vars/main.yml")["__kdump_reboots"] == (
        "{{ __kdump_crashkernel.reboot_required and (kdump_reboot | bool) }}"
    )


@pytest.mark.parametrize(
    ("required", "reserved", "locked", "check_mode", "kexec", "state"),
    [
        (True, 0, False, False, "/sbin/kexec", "enabled"),
        (True, None, False, False, "/sbin/kexec", "enabled"),
        (True, 128, False, False, "/sbin/kexec", "loaded"),
        (False, 64, False, False, "/sbin/kexec", "loaded"),
        # hardening lets nothing be loaded before the next boot
        (False, 64, True, False, "/sbin/kexec", "enabled"),
        # what is not installed in check mode would have been by then
        (False, 64, False, True, None, "enabled"),
        (False, 64, False, True, "/sbin/kexec", "loaded"),
    ],
)
def test_only_a_host_that_a_reboot_will_help_waits_for_it(
    required: bool, reserved: int | None, locked: bool, check_mode: bool, kexec: str | None, state: str
) -> None:
    answer = {"reboot_required": required, "reserved_bytes": reserved, "expected_bytes": 64}
    variables: dict[str, t.Any] = {
        "__kdump_crashkernel": answer, "ansible_check_mode": check_mode, "__kdump_locked": locked,
    }  # fmt: skip
    environment = jinja2.Environment()
    environment.filters["bool"] = bool
    waits = environment.from_string(read("vars/main.yml")["__kdump_waits"]).render(variables) == "True"
    # The first one only looks.
    task = [task for task in read("tasks/present.yml") if "install" in task.get("linux.kdump.kexec_crash", {})][1]
    template = jinja2.Template(task["linux.kdump.kexec_crash"]["state"])
    assert template.render(variables, __kdump_planned={"kexec": kexec}, __kdump_waits=waits) == state
    (proof,) = [task for task in read("tasks/main.yml") if task.get("ansible.builtin.include_tasks") == "verify.yml"]
    assert proof["when"][-1] == "__kdump_reboots or not __kdump_waits"


@pytest.mark.parametrize(
    ("state", "engine", "disabled", "armed", "locked"),
    [
        ("present", "collection", True, False, True),
        ("present", "collection", True, True, False),  # what was loaded before stays loaded
        ("present", "collection", False, False, False),
        ("present", "distribution", True, False, False),  # whose module refuses by itself
        ("absent", "collection", True, False, False),
    ],
)
def test_where_nothing_can_be_loaded_any_more_a_new_image_waits_for_the_next_boot(
    state: str, engine: str, disabled: bool, armed: bool, locked: bool
) -> None:
    template = jinja2.Template(read("vars/main.yml")["__kdump_locked"])
    looked = {"__kdump_planned": {"load_disabled": disabled, "armed": armed}} if engine == "collection" else {}
    assert template.render(kdump_state=state, kdump_engine=engine, **looked) == str(locked)


def test_a_reservation_that_did_not_come_is_told_before_anything_is_loaded() -> None:
    for file, loads in (("present", "kexec_crash"), ("distribution", "kdump_service"), ("absent", None)):
        tasks = read(f"tasks/{file}.yml")
        modules = [next(key for key in task if "." in key) for task in tasks]
        (told,) = [place for place, task in enumerate(tasks) if "shortfall.yml" in task.values()]
        assert tasks[told]["when"] == "__kdump_crashkernel.shortfall is not none"
        assert modules.index("linux.kdump.crashkernel") < told
        assert loads is None or told < max(i for i, name in enumerate(modules) if name == f"linux.kdump.{loads}")


def test_the_note_goes_when_the_reboot_has_brought_what_it_was_for() -> None:
    block = read("tasks/reboot.yml")[1]["block"]
    modules = [next(key for key in task if "." in key) for task in block]
    assert modules[-2:] == ["ansible.builtin.assert", "ansible.builtin.raw"]
    assert block[-1]["ansible.builtin.raw"] == "rm -f {{ __kdump_reboot_note | quote }}"


def test_no_variable_of_a_task_has_the_name_of_a_result_elsewhere() -> None:
    """A result that anybody registered under a name outranks the variable of a task."""
    top = ROLE.parent.parent
    texts = [path.read_text() for folder in ("roles", "extensions") for path in (top / folder).rglob("*.yml")]
    results = {name for text in texts for name in re.findall(r"register: (__kdump_\w+)", text)}
    variables = set()
    for path in (ROLE / "tasks").iterdir():
        for task in yaml.safe_load(path.read_text()):
            for each in (task, *task.get("block", ())):
                variables.update(each.get("vars", {}))
    assert variables
    assert variables & results == set()


def test_a_fit_is_looked_for_before_anything_is_changed() -> None:
    names = [task["name"] for task in read("tasks/present.yml")]
    (fit,) = [task for task in read("tasks/present.yml") if task.get("ansible.builtin.include_tasks") == "fit.yml"]
    assert fit["when"] == "kdump_crashkernel == 'fit'"
    assert names.index(fit["name"]) < names.index("Install kexec-tools")
    assert set(read("vars/main.yml")["__kdump_fit"]) == {"calibration", "kernel", "initramfs", "targets"}
    (images,) = [task for task in read("tasks/present.yml") if "images.yml" in task.values()]
    assert names.index(images["name"]) < names.index(fit["name"])
    condition = jinja2.Environment().compile_expression(images["when"])
    assert [condition(kdump_crashkernel=size) for size in ("fit", "estimate", "vendor", "64M")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("manifest", [{}, {"unpacked_bytes": 9, "modules": ["ext4"]}])
@pytest.mark.parametrize(("kind", "network"), [("ssh", True), ("raw", False)])
def test_an_estimate_is_for_the_images_on_the_build_host(manifest: dict[str, t.Any], kind: str, network: bool) -> None:
    environment = jinja2.Environment()
    environment.filters["intersect"] = lambda one, other: [item for item in one if item in other]
    environment.filters["combine"] = lambda one, other: {**one, **other}
    text = read("vars/main.yml")["__kdump_estimate"]
    made = environment.compile_expression(text.strip()[2:-2])(
        __kdump_images={"results": [{"stat": {"size": 5}}, {"stat": {"size": 7}}]},
        __kdump_initramfs_manifest=manifest,
        kdump_dump_path="/srv",
        kdump_targets=[{"kind": kind}],
    )
    given = {"kernel_bytes": 5, "initramfs_bytes": 7, "path": "/srv", "network": network}
    assert made == {"modules": [], **given, **manifest}


@pytest.mark.parametrize(
    ("kinds", "override", "expected"),
    [
        ([], "", ["local"]), (["ssh", "local", "ssh"], "", ["ssh", "local"]), (["raw"], "", ["raw"]),
        (["ssh"], "local", ["local"]),
    ],
)  # fmt: skip
def test_a_fit_is_for_the_targets_that_the_host_has(kinds: list[str], override: str, expected: list[str]) -> None:
    defaults = read("defaults/main.yml")
    assert defaults["kdump_calibration_target"] == ""
    given = {"kdump_targets": [{"kind": kind} for kind in kinds], "kdump_calibration_target": override}
    environment = jinja2.Environment()
    # ansible's own keeps a list
    environment.filters["unique"] = lambda items: list(dict.fromkeys(items))
    template = environment.from_string(read("vars/main.yml")["__kdump_fit"]["targets"])
    assert template.render(defaults | given) == str(expected)


@pytest.mark.parametrize(
    ("kinds", "makedumpfile", "asked"),
    [
        (["raw"], None, True),
        (["raw"], "/usr/bin/makedumpfile", False),
        (["ssh", "local"], None, False),
        ([], None, False),
    ],
)
def test_a_mirror_is_asked_for_makedumpfile_only_where_it_is_needed_and_missing(
    kinds: list[str], makedumpfile: str | None, asked: bool
) -> None:
    (task,) = [task for task in read("tasks/present.yml") if "raw partitions" in task["name"]]
    conditions = [task["when"]] if isinstance(task["when"], str) else task["when"]
    variables = {"kdump_targets": [{"kind": kind} for kind in kinds], "__kdump_planned": {"makedumpfile": makedumpfile}}
    assert all(jinja2.Environment().compile_expression(text)(**variables) for text in conditions) is asked


@pytest.mark.parametrize(
    ("wanted", "built", "lacking"),
    [
        ([], None, []),
        # one local target that every image can do wants no kind, by its label it wants one
        (["local"], None, ["local"]),
        (["local", "ssh"], None, ["local", "ssh"]),
        (["local", "ssh"], ["local", "ssh"], []),
        (["local", "raw", "ssh"], ["local", "ssh"], ["raw"]),
    ],
)
def test_targets_that_the_image_was_not_built_for_are_refused(
    wanted: list[str], built: list[str] | None, lacking: list[str]
) -> None:
    (refusal,) = [task for task in read("tasks/present.yml") if "was not built for" in task["name"]]
    environment = jinja2.Environment()
    environment.filters["difference"] = lambda first, second: [item for item in first if item not in second]
    variables = {
        "__kdump_planned": {"target_kinds": wanted},
        "kdump_capture_initramfs": {"manifest": {"targets": built} if built else {}},
    }
    found = environment.from_string(refusal["vars"]["__kdump_lacking"]).render(variables)
    assert found == str(lacking)


@pytest.mark.parametrize(
    ("image", "identity", "hosts", "accepted"),
    [
        (None, None, 2, True),
        ("SHA256:mine", {"fingerprint": "SHA256:mine"}, 2, True),
        ("SHA256:theirs", {"fingerprint": "SHA256:mine"}, 1, False),
        ("SHA256:theirs", {"fingerprint": None}, 2, False),
        # nobody says whose it is: that of the only host, but not that of all
        ("SHA256:some", None, 1, True),
        ("SHA256:some", None, 2, False),
    ],
)
def test_an_image_with_another_hosts_key_is_refused(
    image: str | None, identity: dict[str, t.Any] | None, hosts: int, accepted: bool
) -> None:
    (refusal,) = [task for task in read("tasks/present.yml") if "another host's key" in task["name"]]
    environment = jinja2.Environment()
    variables: dict[str, t.Any] = {
        "kdump_capture_initramfs": {"manifest": {"ssh_key": image} if image else {}},
        "kdump_targets": [], "ansible_play_hosts_all": ["web"] * hosts, "inventory_hostname": "web1",
        **({"kdump_dump_identity": identity} if identity else {}),
    }  # fmt: skip
    for name in ("__kdump_image_key", "__kdump_host_key", "__kdump_not_for_host"):
        variables[name] = environment.from_string(refusal["vars"][name]).render(variables)
    asked = environment.compile_expression(refusal["when"])(**variables)
    assert asked is bool(image)
    condition = environment.compile_expression(refusal["ansible.builtin.assert"]["that"][1])
    assert condition(**variables) is accepted
    assert f"holds the ssh key {image or ''}, and that of web1 is " in variables["__kdump_not_for_host"]


@pytest.mark.parametrize(
    ("engine", "state", "tasks"),
    [
        ("collection", "present", ["present.yml", "verify.yml"]),
        ("distribution", "present", ["distribution.yml", "verify_distribution.yml"]),
        ("collection", "absent", ["absent.yml"]),
        ("distribution", "absent", ["absent.yml"]),
    ],
)
def test_one_engine_is_armed_and_proven_and_the_default_is_the_collections(
    engine: str, state: str, tasks: list[str]
) -> None:  # fmt: skip
    assert read("defaults/main.yml")["kdump_engine"] == "collection"
    variables = {
        "kdump_engine": engine, "kdump_state": state, "ansible_check_mode": False, "__kdump_reboots": False,
        "__kdump_waits": False,
    }  # fmt: skip
    environment = jinja2.Environment()
    chosen = []
    for task in read("tasks/main.yml"):
        when = task.get("when", [])
        conditions = [when] if isinstance(when, str) else when
        if "ansible.builtin.include_tasks" in task and all(
            environment.compile_expression(text)(**variables) for text in conditions
        ):
            chosen.append(task["ansible.builtin.include_tasks"])
    assert chosen == tasks


@pytest.mark.parametrize(("size", "accepted"), [("64M", False), ("fit", False), ("vendor", True), ("256M", True)])
def test_the_distributions_kdump_is_not_given_what_was_measured_for_another(size: str, accepted: bool) -> None:
    refusal = read("tasks/distribution.yml")[0]["ansible.builtin.assert"]
    assert jinja2.Environment().compile_expression(refusal["that"])(kdump_crashkernel=size) is accepted
    assert size == "fit" or accepted or read("defaults/main.yml")["kdump_crashkernel"] == size


@pytest.mark.parametrize(
    ("required", "check_mode", "engine", "state"),
    [
        (True, False, "kdump-tools", "enabled"), (False, False, "kdump-tools", "armed"),
        (False, True, None, "enabled"), (False, True, "kdump-tools", "armed"),
    ],
)  # fmt: skip
def test_the_distributions_kdump_waits_for_its_memory(
    required: bool, check_mode: bool, engine: str | None, state: str
) -> None:  # fmt: skip
    tasks = [
        task["linux.kdump.kdump_service"] for task in read("tasks/distribution.yml")
        if task.get("register") == "__kdump_service_armed"
    ]  # fmt: skip
    variables = {"__kdump_waits": required, "ansible_check_mode": check_mode, "__kdump_service": {"engine": engine}}
    assert [jinja2.Template(task["state"]).render(variables) for task in tasks] == [state]


def test_kdump_tools_loads_nothing_before_it_was_looked_at() -> None:
    tasks = read("tasks/distribution_packages.yml")
    modules = [module for task in tasks for module in task if "." in module]
    assert modules.index("ansible.builtin.debconf") < modules.index("ansible.builtin.apt")
    (asked,) = [task for task in tasks if "ansible.builtin.debconf" in task]
    assert {item["question"] for item in asked["loop"]} == {"kexec-tools/load_kexec", "kdump-tools/use_kdump"}
    assert asked["ansible.builtin.debconf"]["value"] == "false"


def test_a_policy_is_looked_at_before_and_set_after_the_host_is_armed() -> None:
    assert read("defaults/main.yml")["kdump_panic_policy"] == {}
    tasks = read("tasks/main.yml")
    places = [index for index, task in enumerate(tasks) if "linux.kdump.panic_policy" in task]
    armed = [index for index, task in enumerate(tasks) if "Arm the host" in task["name"]]
    assert places[0] < min(armed) < max(armed) < places[1]
    assert tasks[places[0]]["check_mode"] is True
    for place in places:
        for policy, asked in (({}, False), ({"panic_on_oops": 1}, True)):
            conditions = [jinja2.Environment().compile_expression(text) for text in tasks[place]["when"]]
            given = {"kdump_state": "present", "kdump_panic_policy": policy, "__kdump_policy": {"converged": False}}
            assert all(each(**given) for each in conditions) is asked
    (undone,) = [task for task in read("tasks/absent.yml") if "linux.kdump.panic_policy" in task]
    assert undone["linux.kdump.panic_policy"] == {"state": "absent"}
