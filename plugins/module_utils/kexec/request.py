# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of ``kexec_crash`` to its result."""

from __future__ import annotations

import contextlib
import os
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..command import CommandRunner
from ..errors import KdumpError
from ..host import paths, raw
from ..host.target import Target, find_target
from ..host.tree import Host
from . import own
from .cmdline import derive, fitting, parse_given, setting
from .former import Former, regained
from .images import Offer, differing, install, offers_of
from .loader import SYSCALLS, Recipe
from .loading import (
    Current,
    Desired,
    Digest,
    Plan,
    State,
    apply,
    diff_of,
    image_sizes,
    is_armed,
    make_plan,
    read_current,
    replacing_rival,
    verify,
)
from .refusal import image_from_document
from .state import digest
from .targets import Places, find_places


class TargetError(KdumpError):
    """Dumps cannot be put where they were asked for."""


@dataclass(frozen=True)
class Request:
    """What was asked for, in the words of the module's options."""

    state: State
    kernel: str = paths.KERNEL
    initramfs: str = paths.INITRAMFS
    append: str = ""
    remove: tuple[str, ...] = ()
    command_line: str | None = None
    target_path: str = paths.DUMPS
    target_uuid: str | None = None
    target_fstype: str | None = None
    #: Several targets in order, instead of the one.
    targets: tuple[Mapping[str, t.Any], ...] = ()
    network: Mapping[str, t.Any] | None = None
    final_action: str | None = None
    syscall: str = "auto"
    #: The path of the kexec to load with; None for the distribution's.
    kexec: str | None = None
    hotplug: bool = True
    offers: tuple[Offer, ...] = ()

    @classmethod
    def from_params(cls, params: Mapping[str, t.Any]) -> Request:
        """Take over the options of a module."""
        target = params["target"] or {}
        offered = params.get("_offers") or {}
        kexec = params.get("kexec") or (own.DEFAULT if offered.get(own.NAME) else None)
        names = ("state", "kernel", "initramfs", "command_line", "final_action", "syscall")
        return cls(
            **{name: params[name] for name in names},
            append=params["append"] or "",
            remove=tuple(params["remove"]),
            target_path=target.get("path") or paths.DUMPS,
            target_uuid=target.get("uuid"),
            target_fstype=target.get("fstype"),
            targets=tuple(params.get("targets") or ()),
            network=params.get("network"),
            hotplug=params.get("hotplug", True),
            kexec=kexec,
            offers=offers_of(offered, {**params, own.NAME: kexec}),
        )


def run(request: Request, *, host: Host, runner: CommandRunner, check_mode: bool) -> dict[str, t.Any]:
    """Bring the host to what was asked for and say what it took."""
    places = places_of(request, host=host, runner=runner)
    target = None if places else target_of(request, host=host, runner=runner)
    desired = desired_of(request, target, host=host, machine=os.uname().machine, places=places)
    before = current = read_current(host, runner)
    coming = differing(request.offers, host)
    offered = next((offer.signatures for offer in request.offers if offer.name == "kernel"), None)
    plan = make_plan(
        desired, current, host=host, coming={offer.path: offer.bytes for offer in coming},
        offered=image_from_document(offered),
    )  # fmt: skip
    own.check(request.kexec, coming, host=host, machine=os.uname().machine)
    unsent = [offer.name for offer in coming if offer.staged is None]
    if unsent and not check_mode:
        return {"changed": False, "send": unsent}
    aside = _image_diff(coming, host) + _target_diff(request, host) + _partition_diff(places)
    if not check_mode:
        with _guarded(request, plan, current, host=host, runner=runner, coming=coming):
            if coming:
                if request.kexec in [offer.path for offer in coming]:
                    own.note(str(request.kexec), host)
                install(coming, host)
                current = read_current(host, runner)
                plan = make_plan(desired, current, host=host)
            _prepare_places(request, places, host)
            if plan.changes:
                with replacing_rival(plan, runner):
                    apply(plan, host=host, runner=runner)
                    current = verify(desired, host, runner)
    diff = aside + diff_of(desired, before, plan, digest_of=_digest_of(request, host))
    return {
        "changed": bool(aside) or plan.changes,
        "diff": diff,
        **_state(current),
        "armed": is_armed(desired, current) and not (check_mode and (aside or plan.changes)),
        "release": os.uname().release,
        "image_bytes": _image_bytes(request, desired, host),
        "command_line": desired.recipe.command_line if desired.recipe else None,
        "kexec": request.kexec or host.tool(own.NAME),
        "makedumpfile": host.tool("makedumpfile"),
        "target": {"source": target.source, "uuid": target.uuid, "fstype": target.fstype} if target else None,
        "targets": places.document() if places else [],
        "target_kinds": list(places.kinds) if places else [],
    }


def _state(current: Current) -> dict[str, t.Any]:
    return {
        "loaded": bool(current.crash.loaded),
        "load_current": current.current,
        "load_disabled": bool(current.crash.load_disabled),
        "reserved_bytes": current.crash.reserved_bytes,
        "load": current.record.document() if current.record else None,
    }


def _image_bytes(request: Request, desired: Desired, host: Host) -> int | None:
    if desired.recipe is None:
        return None
    offered = {offer.path: offer.bytes for offer in request.offers}
    return sum(image_sizes(desired.recipe, host=host, coming=offered).values())


@contextlib.contextmanager
def _guarded(
    request: Request, plan: Plan, current: Current, *, host: Host, runner: CommandRunner, coming: Sequence[Offer]
) -> Iterator[None]:  # fmt: skip
    """Whoever is armed stays so: where a new image cannot be loaded, the one that is loaded gets loaded again."""
    former = Former(tuple(filter(None, (request.kernel, request.initramfs, request.kexec))), host)
    if plan.load and current.current:
        former.keep([*(offer.path for offer in coming), *(file.path for file in plan.write), *plan.remove])
    with regained(former, host=host, runner=runner) if plan.load else contextlib.nullcontext():
        yield
    former.forget()
    if plan.changes or coming:
        own.settle(request.kexec if request.state != "unloaded" else None, host)


def _image_diff(coming: Sequence[Offer], host: Host) -> list[dict[str, str]]:
    return [
        {
            "before_header": offer.path,
            "after_header": offer.path,
            "before": f"sha256 {found}\n" if (found := digest(host, offer.path)) else "",
            "after": f"sha256 {offer.sha256}\n",
        }
        for offer in coming
    ]


def _digest_of(request: Request, host: Host) -> Digest:
    """What a file of the image holds once all that is offered is installed."""
    offered = {offer.path: offer.sha256 for offer in request.offers}
    return lambda path: offered.get(path) or digest(host, path)


def _lacks_target(request: Request, host: Host) -> bool:
    """Whether the folder for dumps has to be made: not where the running system does not see it, or need not know."""
    if request.state == "unloaded" or request.target_uuid is not None or request.command_line is not None:
        return False
    # The save environment makes what it needs, and knows better whether it is needed.
    if request.targets:
        return False
    return not os.path.isdir(host.path(os.path.normpath(request.target_path)))


def _target_diff(request: Request, host: Host) -> list[dict[str, str]]:
    if not _lacks_target(request, host):
        return []
    path = os.path.normpath(request.target_path)
    return [{"before_header": path, "after_header": path, "before": "", "after": "folder, mode 0700\n"}]


def _partition_diff(places: Places | None) -> list[dict[str, str]]:
    return [
        {
            "before_header": partition.device,
            "after_header": partition.device,
            "before": "nothing that is known\n",
            "after": "prepared for dumps\n",
        }
        for partition in (places.partitions if places else ())
        if not partition.prepared
    ]


def _prepare_places(request: Request, places: Places | None, host: Host) -> None:
    if _lacks_target(request, host):
        _make_target(request, host)
    for partition in places.partitions if places else ():
        if not partition.prepared:
            raw.prepare(partition, host)


def _make_target(request: Request, host: Host) -> None:
    """The folder for dumps, for root only; one that is there is left as it is, since it may be others' too."""
    path = host.path(os.path.normpath(request.target_path))
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError as error:
        raise TargetError(
            f"Cannot make the folder for dumps {request.target_path}: {error.strerror}. Choose another target.path."
        ) from error


def places_of(request: Request, *, host: Host, runner: CommandRunner) -> Places | None:
    """Where dumps go where several targets were listed; None where they were not, or need not be known."""
    if request.state == "unloaded" or not request.targets:
        return None
    return find_places(request.targets, request.network, host=host, runner=runner)


def target_of(request: Request, *, host: Host, runner: CommandRunner) -> Target | None:
    """Where the save environment finds the folder for dumps; None where it is not told to by this request."""
    if request.state == "unloaded" or request.command_line is not None:
        return None
    path = os.path.normpath(request.target_path)
    if request.target_uuid is not None:
        return Target(path, None, request.target_uuid, request.target_fstype, path, None, None)
    found = find_target(path, host=host, runner=runner)
    if not found.uuid or not found.fstype or not found.fs_path:
        raise TargetError(
            f"Cannot put dumps into {path}: it is on {found.source or 'nothing'} ({found.fstype or 'unknown'}), "
            "which has no UUID to find it by after a crash. Choose a folder on a local disk."
        )
    return found


def desired_of(
    request: Request, target: Target | None, *, host: Host, machine: str, places: Places | None = None
) -> Desired:
    """What the request comes to on this host."""
    if request.state == "unloaded":
        return Desired("unloaded")
    for path in (request.kernel, request.initramfs):
        if not path.startswith("/") or not path.isprintable():
            raise KdumpError(f"Cannot load {path!r}: it is not an absolute path. Give the full path on the host.")
    syscalls = tuple(SYSCALLS) if request.syscall == "auto" else (request.syscall,)
    settings = _list_settings(request, places) if places else _settings(request, target) if target else []
    line = _command_line(request, settings, host=host, machine=machine)
    partitions = tuple(partition.partuuid for partition in places.partitions) if places else ()
    dumps = os.path.normpath(request.target_path)
    recipe = Recipe(
        request.kernel, request.initramfs, line, syscalls, partitions, dumps, request.kexec, hotplug=request.hotplug,
    )  # fmt: skip
    return Desired(request.state, recipe)


def _command_line(request: Request, settings: Sequence[str], *, host: Host, machine: str) -> str:
    if request.command_line is not None:
        given = parse_given(request.command_line, what="the command line")
        return fitting(" ".join(argument.text for argument in given), machine=machine)
    return derive(
        host.line("/proc/cmdline") or "",
        machine=machine,
        append=request.append,
        remove=request.remove,
        settings=settings,
    )


def _settings(request: Request, target: Target) -> list[str]:
    """The save script's own arguments."""
    uuid, fstype, path = target.uuid, target.fstype, target.fs_path
    values = {"target": f"UUID={uuid}", "fstype": fstype, "path": path, "final": request.final_action}
    return [setting(name, value) for name, value in values.items() if value is not None]


def _list_settings(request: Request, places: Places) -> list[str]:
    """The same for several targets."""
    return [*places.words, *([setting("final", request.final_action)] if request.final_action else [])]
