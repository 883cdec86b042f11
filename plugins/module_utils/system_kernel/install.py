# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A production kernel on a host: its files where a distribution's package puts them, then the distribution's own hooks.

The hooks make the initramfs and the entry in the boot menu, as they do for every kernel, so that no boot loader has to
be known here. A note beside the modules says what is installed; it is written last, and at a removal it goes last, so
that a run which was cut off or whose hooks failed is taken up again by the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ..capture.drivers import Driver
from ..command import CommandRunner
from ..errors import KdumpError
from ..files import canonical_json, replacing, sha256_file, sync_directory, write_atomic
from ..host.paths import KERNEL_REBOOT_NOTE
from ..host.tree import Host
from . import needs, package

#: The note among the modules, and the largest that is read.
NOTE: t.Final = "linux-kdump.json"
SCHEMA: t.Final = {"name": "linux.kdump/installed_kernel", "version": 1}

#: Room in /boot for the initramfs that the hooks make.
_INITRAMFS_BYTES: t.Final = 96 << 20
#: Seconds for all hooks: an initramfs of all modules takes minutes on a slow machine.
_HOOK_SECONDS: t.Final = 1800

_HOOKS: t.Final = {"present": "/etc/kernel/postinst.d", "absent": "/etc/kernel/postrm.d"}
_PIECE: t.Final = 1 << 20


class InstallError(KdumpError):
    """The kernel could not be installed or removed."""


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    state: t.Literal["present", "absent"]
    src: str | None
    release: str | None
    sha256: str | None
    #: Modules that the host has a use for and that the kernel may do without.
    may_lack: Sequence[str] = ()


@dataclass(frozen=True)
class Desired:
    """What the host is to have."""

    state: t.Literal["present", "absent"]
    release: str
    sha256: str | None
    package: package.Package | None
    may_lack: Sequence[str] = ()


@dataclass(frozen=True)
class Current:
    """What it has: the digest of the archive it was installed from, where everything of it is still there."""

    sha256: str | None
    files: tuple[str, ...]
    running: bool
    #: It was installed by this module, and what is still there of it is what was installed.
    ours: bool
    #: The drivers that any kernel for this host has to have, where one is to be installed.
    needs: tuple[Driver, ...] = ()


@dataclass(frozen=True)
class Note:
    """What the note among the modules says: the digests of the archive and of the files in /boot."""

    archive: str
    files: dict[str, str]


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    change: bool
    reason: str


def desired(request: Request) -> Desired:
    """Look into the archive; without one the release and its digest have to be told."""
    if request.state == "absent":
        if not request.release:
            raise InstallError("Cannot remove a kernel: nothing says which. Name it in the option release")
        return Desired("absent", package.check_release(request.release), None, None)
    if request.src:
        found = package.inspect(request.src)
        for told, real, what in ((request.release, found.release, "release"), (request.sha256, found.sha256, "sha256")):
            if told and told != real:
                raise InstallError(f"Cannot install the kernel {request.src}: its {what} is {real}, not {told}")
        return Desired("present", found.release, found.sha256, found, request.may_lack)
    if not (request.release and request.sha256):
        raise InstallError("Cannot install a kernel: nothing says which. Name its archive in the option src")
    return Desired("present", package.check_release(request.release), request.sha256, None)


def boot_paths(release: str) -> list[str]:
    """Where a kernel's files in /boot are; the image is the first."""
    return [f"/boot/{name}-{release}" for name in ("vmlinuz", "config", "System.map")]


def current(wanted: Desired, *, host: Host, running: str) -> Current:
    """What is there of this release."""
    tree = module_tree(wanted.release)
    there = tuple(path for path in (*boot_paths(wanted.release), tree) if os.path.lexists(host.path(path)))
    note = _read_note(host, wanted.release)
    found = {path: _digest(host.path(path)) for path in boot_paths(wanted.release)}
    ours = note is not None and all(digest in (None, note.files[path]) for path, digest in found.items())
    archive = note.archive if note is not None and found == note.files else None
    required = needs.needed(host, running) if wanted.package else ()
    return Current(archive, there, running == wanted.release, ours, required)


def module_tree(release: str) -> str:
    """Where its modules are."""
    return f"/lib/modules/{release}"


def plan(wanted: Desired, found: Current) -> Plan:
    """Compare; what the host runs on is not touched."""
    if wanted.state == "present":
        if found.sha256 == wanted.sha256:
            return Plan(False, "the host has this kernel")
        reason = "the host has another or a damaged kernel of this release" if found.files else "the host lacks it"
    else:
        if not found.files:
            return Plan(False, "the host has no such kernel")
        if not found.ours:
            raise InstallError(
                f"Cannot remove the kernel {wanted.release}: it was not installed by this module, or not to the end. "
                "Remove it with what installed it, or install it again first"
            )
        reason = "the host has it" if found.sha256 else "a removal of it did not come to its end"
    if found.running:
        done = "replace" if wanted.state == "present" else "remove"
        raise InstallError(
            f"Cannot {done} the kernel {wanted.release}: the host runs on it. "
            "Boot another first, or give the new one a local_version of its own"
        )
    if wanted.package:
        _check_drivers(wanted.package, found.needs, wanted.may_lack)
    return Plan(True, reason)


def _check_drivers(found: package.Package, required: Sequence[Driver], may_lack: Sequence[str]) -> None:
    """The boot menu's newest kernel is what the next boot takes, whoever causes it."""
    lost = needs.lacking(required, found.modules, may_lack)
    if lost:
        raise InstallError(
            f"Cannot install the kernel {found.release}: the host would not boot with it, or out of reach, for it has "
            f"no driver {', '.join(f'{driver.names[0]} ({driver.device})' for driver in lost)}. Build it from the "
            "configuration of the kernel that the host runs, or with a fragment that turns them on; or name in the "
            "option may_lack what it does not need",
            lacks=[driver.names[0] for driver in lost],
        )


def apply(wanted: Desired, *, host: Host, runner: CommandRunner) -> None:
    """Put the files in place or take them away, then tell the boot loader."""
    hooks = _hooks(wanted, host)
    if wanted.state == "absent":
        _remove_files(wanted.release, host)
        _run(hooks, runner, f"remove the kernel {wanted.release} from the boot menu")
        _remove_tree(wanted.release, host)
        return
    if not wanted.package:
        raise InstallError("Cannot install a kernel: its archive is not here. Name it in the option src")
    _check_space(wanted.package, host)
    _unpack(wanted.package, host)
    _run(hooks, runner, f"enter the kernel {wanted.release} into the boot menu")
    _note(wanted.package, host)
    host.forget(KERNEL_REBOOT_NOTE)  # what is new deserves a new reboot


def _hooks(wanted: Desired, host: Host) -> list[str]:
    """The command that does for any kernel what is due after its files came or went."""
    image = boot_paths(wanted.release)[0]
    folder = _HOOKS[wanted.state]
    run_parts, kernel_install = host.tool("run-parts"), host.tool("kernel-install")
    if os.path.isdir(host.path(folder)) and run_parts:
        return [run_parts, "--report", "--exit-on-error", f"--arg={wanted.release}", f"--arg={image}", folder]
    if kernel_install:
        verb = ["add", wanted.release, image] if wanted.state == "present" else ["remove", wanted.release]
        return [kernel_install, *verb]
    raise InstallError(
        f"Cannot install or remove the kernel {wanted.release}: the host has neither {folder} with run-parts nor "
        "kernel-install, which would enter it into the boot menu"
    )


def _run(argv: list[str], runner: CommandRunner, what: str) -> None:
    runner.run(argv, what=what, timeout=_HOOK_SECONDS)


def _check_space(found: package.Package, host: Host) -> None:
    """The folders of one file system share its room."""
    needs = {"/boot": found.boot_bytes + _INITRAMFS_BYTES, "/lib/modules": found.module_bytes}
    sharing: dict[object, list[str]] = {}
    for folder in needs:
        os.makedirs(host.path(folder), exist_ok=True)
        sharing.setdefault(_file_system(host.path(folder)), []).append(folder)
    for folders in sharing.values():
        free, needed = shutil.disk_usage(host.path(folders[0])).free, sum(needs[folder] for folder in folders)
        if free < needed:
            has = "has {} MiB free" if len(folders) == 1 else "have {} MiB free together"
            raise InstallError(
                f"Cannot install the kernel {found.release}: {' and '.join(folders)} {has.format(free >> 20)}, and it "
                f"takes {needed >> 20} MiB. Make room there"
            )


def _file_system(path: str) -> object:
    return os.stat(path).st_dev


def _unpack(found: package.Package, host: Host) -> None:
    """The modules come as a whole, into a folder beside their place; then the files in /boot, each in one step."""
    tree = host.path(module_tree(found.release))
    fresh, stale = (_aside(found.release, host, word) for word in ("new", "old"))
    for leftover in (fresh, stale):
        shutil.rmtree(leftover, ignore_errors=True)
    os.mkdir(fresh, 0o755)
    try:
        for place, content in package.files(found.path):
            in_tree = place.partition(f"lib/modules/{found.release}/")[2]
            target = os.path.join(fresh, in_tree) if in_tree else host.path(place)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with replacing(target) if not in_tree else open(target, "wb") as stream:
                shutil.copyfileobj(content, stream, _PIECE)
        if os.path.lexists(tree):
            os.rename(tree, stale)
        os.rename(fresh, tree)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync_directory(os.path.dirname(tree))
    shutil.rmtree(stale, ignore_errors=True)


def _remove_files(release: str, host: Host) -> None:
    """All but the note, and first what it vouches for: half a kernel must not pass for one that is there."""
    tree = host.path(module_tree(release))
    modules = [os.path.join(tree, name) for name in sorted(os.listdir(tree)) if name != NOTE]
    for path in (*map(host.path, boot_paths(release)), *modules):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
            continue
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def _remove_tree(release: str, host: Host) -> None:
    """In one step, so that no folder stays behind without its note."""
    tree, stale = host.path(module_tree(release)), _aside(release, host, "old")
    shutil.rmtree(stale, ignore_errors=True)
    os.rename(tree, stale)
    shutil.rmtree(stale, ignore_errors=True)


def _aside(release: str, host: Host, word: str) -> str:
    """A folder beside the modules' own, that nothing takes for a kernel's."""
    return f"{os.path.dirname(host.path(module_tree(release)))}/.{release}.{word}"


def _note(found: package.Package, host: Host) -> None:
    digests = {path: sha256_file(host.path(path)) for path in boot_paths(found.release)}
    document = {"schema": SCHEMA, "archive": found.sha256, "release": found.release, "files": digests}
    write_atomic(host.path(f"{module_tree(found.release)}/{NOTE}"), canonical_json(document))


def _read_note(host: Host, release: str) -> Note | None:
    """The note of this kernel; None where there is none, or one that this module did not write."""
    text = host.read(f"{module_tree(release)}/{NOTE}")
    try:
        document = json.loads(text or "")
        note = Note(str(document["archive"]), dict(document["files"]))
        return note if document["schema"] == SCHEMA and set(note.files) == set(boot_paths(release)) else None
    except (ValueError, KeyError, TypeError):
        return None


def _digest(path: str) -> str | None:
    """None for a file that is gone; what cannot be read has no digest that anything else has."""
    try:
        return sha256_file(path)
    except FileNotFoundError:
        return None
    except OSError:
        return ""


def result(wanted: Desired, step: Plan, found: Current) -> dict[str, t.Any]:
    """What the module returns."""
    before = wanted.release if found.files else None
    after = wanted.release if wanted.state == "present" else None
    return {
        "changed": step.change, "reason": step.reason, "release": wanted.release,
        "image": boot_paths(wanted.release)[0] if after else None,
        "reboot_required": wanted.state == "present" and (step.change or not found.running),
        "diff": {
            "before": f"{before} {found.sha256 or 'unknown'}\n" if before else "",
            "after": f"{after} {wanted.sha256}\n" if after else "",
        },
    }  # fmt: skip
