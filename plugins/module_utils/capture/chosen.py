# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the module capture_drivers: a kconfig fragment for a fleet, or the modules of each host's image."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import read_text, write_atomic
from . import drivers, hosts
from .initramfs import modules
from .kernel import fleet, makefiles
from .kernel.architectures import Architecture
from .kernel.fragments.base import BASE
from .kernel.kconfig import fragment as kconfig
from .kernel.kconfig.tree import Tree
from .kernel.outline import outline
from .kernel.source import locate


class ChoiceError(KdumpError):
    """No module of a kernel drives what a host has."""


@dataclass(frozen=True)
class FleetRequest:
    """A fragment is asked for."""

    path: str
    hosts: Sequence[hosts.HostPath]
    source: str | None
    architecture: Architecture
    cache: str


@dataclass(frozen=True)
class Desired:
    """The fragment's text, and what it was chosen by."""

    text: str
    choices: Sequence[fleet.Choice]


def desired(request: FleetRequest, runner: CommandRunner) -> Desired:
    """The fragment for these hosts."""
    source = locate(request.source, request.architecture)
    root = outline(source, request.cache, runner)
    folder = request.architecture.source_name
    texts = (("base", BASE), (request.architecture.name, request.architecture.fragment))
    fixed = kconfig.merge(kconfig.parse_fragment(text, name) for name, text in texts)
    library = fleet.Library(
        makefiles.module_symbols(root, folder),
        Tree(root, {"SRCARCH": folder}),
        {setting.name: setting.value for setting in fixed.values()},
    )
    choices = fleet.choose(request.hosts, library)
    return Desired(fleet.fragment(choices, network=any(host.network for host in request.hosts)), choices)


def current(path: str) -> str | None:
    """The fragment that is there."""
    return read_text(path)


def plan(wanted: Desired, found: str | None) -> bool:
    """True where the file has to be written."""
    return wanted.text != found


def apply(path: str, wanted: Desired) -> None:
    """Write the fragment."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    write_atomic(path, wanted.text)


def write_fragment(request: FleetRequest, runner: CommandRunner, *, check_mode: bool) -> dict[str, t.Any]:
    """All steps; what the module returns."""
    wanted, found = desired(request, runner), current(request.path)
    changed = plan(wanted, found)
    if changed and not check_mode:
        apply(request.path, wanted)
    return {
        "changed": changed,
        "path": request.path,
        "symbols": [
            {"module": choice.module, "symbols": list(choice.symbols), "hosts": list(choice.hosts)}
            for choice in wanted.choices
        ],
        "diff": {
            "before": found or "",
            "after": wanted.text,
            "before_header": request.path,
            "after_header": request.path,
        },
    }


def choose_modules(paths: Iterable[hosts.HostPath], module_tree: str) -> dict[str, t.Any]:
    """For each host the modules of its image, and the few images that all hosts need between them."""
    tree = modules.read_tree(module_tree)
    chosen = {host.name: _modules(host, tree) for host in paths}
    images: dict[tuple[str, ...], list[str]] = {}
    for name, names in chosen.items():
        images.setdefault(names, []).append(name)
    return {
        "changed": False,
        "modules": {name: list(names) for name, names in chosen.items()},
        "images": [{"modules": list(names), "hosts": sorted(users)} for names, users in sorted(images.items())],
    }


def _modules(host: hosts.HostPath, tree: modules.ModuleTree) -> tuple[str, ...]:
    """Sorted, so that hosts of one kind share an image; the order of loading is the module tree's."""
    names = {_name(host.name, driver, tree) for driver in drivers.needed(host.drivers)}
    names |= {companion for name in names for companion in drivers.COMPANIONS.get(name, ())}
    return tuple(sorted(name for name in names if name in tree.files))


def _name(host: str, driver: drivers.Driver, tree: modules.ModuleTree) -> str:
    for name in driver.names:
        if name in tree.files or name in tree.builtin:
            return name
    raise ChoiceError(
        f"Cannot choose modules for {host}: on the way to its dump target is {driver}, and kernel {tree.release} has "
        f"no module {' or '.join(driver.names)}, built in or not. Add a kconfig fragment that turns it on, or use the "
        "fragment fleet"
    )
