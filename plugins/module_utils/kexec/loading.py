# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load, prepare for the next boot, or unload the crash image: desired, current, plan, apply."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import stat
import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import read_text, write_atomic
from ..host import paths
from ..host.service import Service, is_masked, read_service
from ..host.tree import Host
from ..signing.image import ImageSignatures
from . import own
from .loader import REASONS, InstalledFile, Recipe, files_of
from .refusal import find_refusal, read_gate
from .state import Crash, LoadRecord, is_current, read_crash, read_record

State = t.Literal["loaded", "enabled", "unloaded"]
#: Tells the sha256 of a file of the host, None where there is none.
Digest = Callable[[str], t.Optional[str]]

_SYSTEMCTL_SECONDS: t.Final = 120
#: Above the unit's own limit.
_LOAD_SECONDS: t.Final = 360


class LoadError(KdumpError):
    """The crash image cannot be loaded or unloaded."""


#: Every file that this collection may have written for a loaded image.
_OURS: t.Final = (
    paths.LOADER, paths.REBOOT_POLICY, paths.RECOVERY, paths.RECOVERY_UNIT, paths.UNIT, paths.LOAD_RECORD,
    paths.KERNEL_HOOK, paths.KERNEL_HOOK_DEBIAN, paths.KERNEL_HOOK_SYSTEMD, paths.KERNEL_CHECK,
    paths.HOTPLUG_RULE, paths.HOTPLUG_PATH, paths.HOTPLUG_SERVICE,
)  # fmt: skip
#: Those that are there only as long as there are raw targets, or hotplug is to be followed.
_OPTIONAL: t.Final = (
    paths.RECOVERY, paths.RECOVERY_UNIT, paths.HOTPLUG_RULE, paths.HOTPLUG_PATH, paths.HOTPLUG_SERVICE,
)  # fmt: skip

#: Units of other kdumps: Debian's, and that of Fedora, SUSE and their kin.
_RIVALS: t.Final = ("kdump-tools.service", "kdump.service")
#: Debian's is wanted by basic.target, the others by multi-user.target.
_WANTED: t.Final = "/etc/systemd/system/*.wants"

#: The kernel takes sysctl settings on its command line too, since 5.8, with dots or slashes.
_NEVER: t.Final = re.compile(r"(?:^|\s)sysctl[./]kernel[./]kexec_load_disabled=1(?:\s|$)")

_LOCKED_IN: t.Final = (
    "kernel.kexec_load_disabled is 1, and stays 1 until the next boot. "
    f"Switch off what loads it (systemctl disable {paths.UNIT_NAME}), reboot and try again."
)


@dataclass(frozen=True)
class Desired:
    """What the host should be like: with no recipe, nothing is loaded and nothing will be."""

    state: State
    recipe: Recipe | None = None

    @property
    def files(self) -> tuple[InstalledFile, ...]:
        """The files that load the recipe at each boot."""
        return files_of(self.recipe) if self.recipe else ()


@dataclass(frozen=True)
class Current:
    """What the host is like."""

    crash: Crash
    record: LoadRecord | None
    #: The image in memory is the one on disk, loaded in this boot.
    current: bool
    #: The text of each of our files that is there.
    files: Mapping[str, str]
    #: Debian's kexec-tools are there, which take over reboots unless told otherwise.
    takes_reboots: bool
    service: Service
    #: Paths of a kexec that this collection installed.
    own: tuple[str, ...] = ()
    #: The path of the one that loaded the image, if it is the same still.
    kexec: str | None = None


@dataclass(frozen=True)
class Plan:
    """What has to be done; empty where the host is as it should be."""

    write: tuple[InstalledFile, ...] = ()
    #: The unit of another kdump, which is switched off first.
    replaces: str | None = None
    enable: bool = False
    load: bool = False
    unload: bool = False
    remove: tuple[str, ...] = ()
    #: A kexec that is of no use afterwards.
    retire: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything has to be done."""
        return self != Plan()


def read_current(host: Host, runner: CommandRunner) -> Current:
    """Look at the kernel, the load record and the installed files."""
    crash, record = read_crash(host), read_record(host)
    masked = is_masked(host, paths.UNIT_NAME)  # by a link that is not ours to remove
    texts = {path: read_text(host.path(path)) for path in _OURS if path != paths.UNIT or not masked}
    return Current(
        crash=crash,
        record=record,
        current=is_current(record, host=host, crash=crash),
        files={path: text for path, text in texts.items() if text is not None},
        takes_reboots=host.exists(paths.REBOOT_POLICY_FOLDER),
        service=read_service(runner),
        own=tuple(own.read_note(host)),
        kexec=own.used(record, host),
    )


def make_plan(
    desired: Desired, current: Current, *, host: Host, coming: Mapping[str, int] | None = None,
    offered: ImageSignatures | None = None,
) -> Plan:  # fmt: skip
    """Compare, and refuse here already what would fail when the image is loaded.

    ``coming``: files of the image that are about to be replaced, and how many bytes they will have. ``offered``: the
    signatures of the kernel among them.
    """
    if desired.recipe is None:
        if current.crash.loaded and current.crash.load_disabled:
            raise LoadError(f"Cannot unload the crash image: {_LOCKED_IN}")
        ours = tuple(path for path in _OURS if path in current.files)
        return Plan(unload=bool(current.crash.loaded), remove=ours, retire=current.own)
    rival = find_rival(host)
    if rival and not host.exists(paths.SERVICE_NOTE):  # nobody switches off what is not known to be ours
        raise LoadError(
            f"Cannot load the crash image: {rival} is enabled and loads one of its own, and the last one counts. "
            f"Switch it off (systemctl disable --now {rival}), or leave it to that."
        )
    if is_masked(host, paths.UNIT_NAME):
        raise LoadError(
            f"Cannot load the crash image: {paths.UNIT_NAME} is masked, as hardening against kdump leaves units, and "
            f"no boot would load it. If this host is to have kdump, run systemctl unmask {paths.UNIT_NAME}."
        )
    if _NEVER.search(host.line("/proc/cmdline") or ""):
        raise LoadError(
            "Cannot load the crash image: the kernel's command line sets kernel.kexec_load_disabled=1, which is in "
            "force before anything runs, so that no boot would load it. Take it out of the boot loader's files; "
            "in sysctl.d it does no harm, since the unit loads the image before."
        )
    load = desired.state == "loaded" and (bool(coming) or bool(rival) or not _holds(current, desired.recipe))
    if load and (obstacle := find_obstacle(desired.recipe, current.crash, host=host, coming=coming or {})):
        raise LoadError(f"Cannot load the crash image: {obstacle}")
    if load or desired.state == "enabled":
        _check_refusal(desired, current, host=host, offered=offered)
    wanted = [
        file for file in desired.files
        if (file.path != paths.REBOOT_POLICY or current.takes_reboots) and (not file.needs or host.exists(file.needs))
    ]  # fmt: skip
    return Plan(
        write=tuple(file for file in wanted if current.files.get(file.path) != file.text or _lost_mode(file, host)),
        replaces=rival,
        enable=not current.service.enabled,
        load=load,
        remove=tuple(
            path for path in _OPTIONAL if path in current.files and path not in [file.path for file in wanted]
        ),
        retire=tuple(path for path in current.own if path != desired.recipe.kexec),
    )


def is_armed(desired: Desired, current: Current) -> bool:
    """Whether the recipe is what is loaded, and what every boot loads."""
    return desired.recipe is not None and current.service.enabled and _holds(current, desired.recipe)


def find_rival(host: Host) -> str | None:
    """The unit of another kdump that is enabled, or None. Which image the kernel holds cannot be asked."""
    folders = glob.glob(os.path.join(glob.escape(host.root), _WANTED.lstrip("/")))
    return next((unit for unit in _RIVALS for folder in folders if os.path.lexists(f"{folder}/{unit}")), None)


def find_obstacle(recipe: Recipe, crash: Crash, *, host: Host, coming: Mapping[str, int]) -> str | None:
    """Why the recipe cannot be loaded on this host as it is, or None. Says it before anything is touched."""
    if recipe.kexec and recipe.kexec not in coming and not os.access(host.path(recipe.kexec), os.X_OK):
        return own.missing(recipe.kexec)
    if recipe.kexec is None and host.tool(own.NAME) is None:
        return REASONS["kexec"]
    if crash.reserved_bytes is None or crash.loaded is None:
        return REASONS["unsupported"]
    if crash.reserved_bytes == 0:
        return REASONS["unreserved"]
    if crash.load_disabled:
        return REASONS["disabled"]
    return _misfit(recipe, crash.reserved_bytes, host=host, coming=coming)


def image_sizes(recipe: Recipe, *, host: Host, coming: Mapping[str, int]) -> dict[str, int]:
    """The bytes of kernel and initramfs once what is coming is there; 0 for a file that is missing."""
    files = {path: host.path(path) for path in (recipe.kernel, recipe.initramfs)}
    here = {path: os.path.getsize(file) if os.path.isfile(file) else 0 for path, file in files.items()}
    return {path: coming.get(path, size) for path, size in here.items()}


def find_ours(host: Host) -> tuple[str, ...]:
    """The files by which every boot loads this collection's image, where it does."""
    if not host.exists(paths.UNIT) or is_masked(host, paths.UNIT_NAME):
        return ()
    # Whoever loads, reboots stay with the boot loader.
    return tuple(path for path in _OURS if path != paths.REBOOT_POLICY and host.exists(path))


def remove_ours(host: Host, runner: CommandRunner) -> None:
    """Remove them, once another kdump is armed; what is in memory is its own."""
    _remove(find_ours(host), host, runner)
    own.settle(None, host)


@contextlib.contextmanager
def replacing_rival(plan: Plan, runner: CommandRunner) -> Iterator[None]:
    """Where the block fails, the other kdump that the plan switches off is switched on again."""
    try:
        yield
    except (KdumpError, OSError):
        if plan.replaces:
            with contextlib.suppress(KdumpError):
                _systemctl(
                    runner, "enable", "--now", plan.replaces, what=f"enable {plan.replaces}", timeout=_LOAD_SECONDS
                )
        raise


def _check_refusal(
    desired: Desired, current: Current, *, host: Host, offered: ImageSignatures | None
) -> None:  # fmt: skip
    if desired.recipe is None:
        return
    refusal = find_refusal(
        read_gate(host, current.crash.lockdown), desired.recipe.kernel, offered,
        host=host, syscalls=desired.recipe.syscalls, later=desired.state == "enabled",
    )  # fmt: skip
    if refusal:
        raise LoadError(f"Cannot load the crash image: {refusal}", refusal=refusal.id)


def diff_of(desired: Desired, current: Current, plan: Plan, *, digest_of: Digest) -> list[dict[str, str]]:
    """What would change: the files, and what is in memory, by the sha256 that a file of the image will have."""
    after = {**dict.fromkeys((*plan.remove, *plan.retire), ""), **{file.path: file.text for file in plan.write}}
    before = {**dict.fromkeys(plan.retire, "a kexec of this collection's own\n"), **current.files}
    changed = [(path, before.get(path, ""), text) for path, text in after.items() if path != paths.LOAD_RECORD]
    if plan.load or plan.unload or plan.enable:
        changed.append(("crash image", _memory(current), _memory_after(desired, current, plan, digest_of)))
    if plan.replaces:
        changed.append((plan.replaces, "enabled\n", "disabled\n"))
    return [
        {"before_header": name, "after_header": name, "before": before, "after": wanted}
        for name, before, wanted in changed
    ]


def apply(plan: Plan, *, host: Host, runner: CommandRunner) -> None:
    """Do what the plan says."""
    if plan.replaces:
        _systemctl(runner, "disable", "--now", plan.replaces, what=f"disable {plan.replaces}")
    if plan.unload:
        _unload(host, runner)
    if plan.remove:
        _remove(plan.remove, host, runner)
    for file in plan.write:
        _install(host, file)
    if plan.enable:  # which makes systemd read the unit too
        _systemctl(runner, "enable", paths.UNIT_NAME, what=f"enable {paths.UNIT_NAME}")
    elif any(file.path == paths.UNIT for file in plan.write):
        reread_units(runner)
    if any(file.path in (paths.HOTPLUG_RULE, paths.HOTPLUG_PATH) for file in plan.write):
        _follow_hotplug(host, runner)
    if plan.load:
        load(host, runner)


def verify(desired: Desired, host: Host, runner: CommandRunner) -> Current:
    """Read everything again: what counts is what the kernel says, not that no command failed."""
    after = read_current(host, runner)
    if desired.recipe and (rival := find_rival(host)):
        raise LoadError(f"Cannot prove that the crash image stays loaded: {rival} is still enabled. Switch it off.")
    if desired.state == "unloaded" and after.crash.loaded:
        raise LoadError("Cannot unload the crash image: the kernel still says that one is loaded. Look at its log.")
    if desired.state == "loaded" and not (after.crash.loaded and after.current and after.crash.reserved_bytes):
        raise LoadError(
            "Cannot prove that the crash image is loaded: the kernel, the load record and the files disagree. "
            f"Look at the journal of {paths.UNIT_NAME}."
        )
    return after


def _lost_mode(file: InstalledFile, host: Host) -> bool:
    """A loader that may not be executed, after a restore from a backup perhaps, fails at the next boot."""
    return stat.S_IMODE(os.stat(host.path(file.path)).st_mode) != file.mode


def _holds(current: Current, recipe: Recipe) -> bool:
    """Whether the recipe is what is loaded, by the unit, into the reservation as it is now."""
    record = current.record
    return (
        record is not None
        and current.current
        and current.service.active
        and (record.kernel.path, record.initramfs.path) == (recipe.kernel, recipe.initramfs)
        and record.command_line == recipe.command_line
        and record.syscall in recipe.syscalls
        and (current.kexec == recipe.kexec if recipe.kexec else not current.own)
        and record.reserved_bytes == current.crash.reserved_bytes
    )


def _misfit(recipe: Recipe, reserved: int, *, host: Host, coming: Mapping[str, int]) -> str | None:
    sizes = image_sizes(recipe, host=host, coming=coming)
    if empty := next((path for path, size in sizes.items() if size == 0), None):
        return f"{empty} is missing or empty. Install it."
    total = sum(sizes.values())
    if total > reserved:
        return f"kernel and initramfs are {total} bytes, {reserved} are reserved: {REASONS['too-big']}"
    return None


def _memory(current: Current) -> str:
    if not current.crash.loaded:
        return "nothing loaded\n"
    record = current.record
    if record is None or not current.current:
        return "an image that is not the one on disk\n"
    return f"{record.kernel.path} {record.kernel.sha256}\n{record.initramfs.path} {record.initramfs.sha256}\n"


def _memory_after(desired: Desired, current: Current, plan: Plan, digest_of: Digest) -> str:
    if plan.unload:
        return "nothing loaded\n"
    if not plan.load or desired.recipe is None:
        return _memory(current) + ("loaded at each boot\n" if plan.enable else "")
    images = (desired.recipe.kernel, desired.recipe.initramfs)
    return "".join(f"{path} {digest_of(path)}\n" for path in images)


def reread_units(runner: CommandRunner) -> None:
    """Make systemd read the unit's file again."""
    _systemctl(runner, "daemon-reload", what="make systemd read the unit")


def load(host: Host, runner: CommandRunner, *, verb: str = "reload-or-restart") -> None:
    """Load what is on disk, by the unit; over what is loaded, unless ``verb`` says to restart the unit."""
    what = f"{verb} {paths.UNIT_NAME}"
    argv = ["systemctl", verb, paths.UNIT_NAME]
    done = runner.run(argv, what=what, timeout=_LOAD_SECONDS, check=False)
    if done.rc != 0:
        reason = host.line(paths.LOAD_ERROR)
        if reason is None:
            raise done.failure(what)
        raise LoadError(reason, cmd=done.line, rc=done.rc, stdout=done.out, stderr=done.err)


def _unload(host: Host, runner: CommandRunner) -> None:
    kexec = own.program(host)
    if kexec is None:
        raise LoadError(f"Cannot unload the crash image: {REASONS['kexec']}")
    runner.run([kexec, "-p", "-u"], what="unload the crash image", timeout=_SYSTEMCTL_SECONDS)


def _follow_hotplug(host: Host, runner: CommandRunner) -> None:
    """From now on, and not only from the next boot on."""
    _systemctl(runner, "restart", paths.HOTPLUG_PATH_NAME, what=f"start {paths.HOTPLUG_PATH_NAME}")
    _reread_rules(host, runner)


def _reread_rules(host: Host, runner: CommandRunner) -> None:
    udevadm = host.tool("udevadm")
    if udevadm is not None:  # it sees by itself that they have changed, a few seconds later
        what = "make udev read its rules"
        runner.run([udevadm, "control", "--reload"], what=what, timeout=_SYSTEMCTL_SECONDS, check=False)


def _remove(files: tuple[str, ...], host: Host, runner: CommandRunner) -> None:
    if paths.HOTPLUG_PATH in files:
        _systemctl(runner, "stop", paths.HOTPLUG_PATH_NAME, what=f"stop {paths.HOTPLUG_PATH_NAME}")
        host.forget(paths.HOTPLUG_MARK)
    if paths.UNIT in files:
        _systemctl(runner, "disable", "--now", paths.UNIT_NAME, what=f"disable {paths.UNIT_NAME}")
        # A unit that had failed would stay in systemd's list of failures, without its file too.
        argv = ["systemctl", "reset-failed", paths.UNIT_NAME]
        runner.run(argv, what=f"forget that {paths.UNIT_NAME} failed", timeout=_SYSTEMCTL_SECONDS, check=False)
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # stopping the unit has removed the load record already
            os.unlink(host.path(path))
    if paths.UNIT in files or paths.HOTPLUG_PATH in files:
        _systemctl(runner, "daemon-reload", what="make systemd forget the unit")
    if paths.HOTPLUG_RULE in files:
        _reread_rules(host, runner)


def _install(host: Host, file: InstalledFile) -> None:
    path = host.path(file.path)
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    write_atomic(path, file.text, mode=file.mode)


def _systemctl(runner: CommandRunner, *words: str, what: str, timeout: int = _SYSTEMCTL_SECONDS) -> None:
    runner.run(["systemctl", *words], what=what, timeout=timeout)
