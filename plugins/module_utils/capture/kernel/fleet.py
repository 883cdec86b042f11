# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One capture kernel for many hosts: the kconfig symbols of every driver between their dump targets and their buses.

Everything is built in: one image, no modules to choose, no order to load them in.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...errors import KdumpError
from .. import drivers
from ..hosts import HostPath
from .fragments.network import PROTOCOLS
from .kconfig.needs import Needs
from .kconfig.tree import Tree
from .makefiles import Builders

#: A comment names the hosts that need a symbol; of many, the first are enough.
_NAMED: t.Final = 3


class FleetError(KdumpError):
    """No kernel can be put together for these hosts."""


@dataclass(frozen=True)
class Library:
    """What a kernel source can build for one architecture."""

    modules: Builders
    tree: Tree
    #: What every capture kernel of this architecture has set.
    fixed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """The symbols for one module: those that build it, and before them what these depend on."""

    module: str
    symbols: tuple[str, ...]
    hosts: tuple[str, ...]


def choose(hosts: Iterable[HostPath], library: Library) -> list[Choice]:
    """What all hosts need, in an order that does not depend on theirs."""
    users: dict[str, dict[str, drivers.Driver]] = {}
    for host in hosts:
        for driver in drivers.needed(host.drivers):
            users.setdefault(_module(host.name, driver, library), {})[host.name] = driver
    needs = Needs(library.tree, library.fixed)
    return [_choice(module, users[module], needs, library) for module in sorted(users)]


def _module(host: str, driver: drivers.Driver, library: Library) -> str:
    for name in driver.names:
        if name in library.modules:
            return name
    raise FleetError(
        f"Cannot build a kernel for {host}: on the way to its dump target is {driver}, and this kernel source builds "
        f"no module {' or '.join(driver.names)}. Leave the host out, or take a source that has it"
    )


def _choice(module: str, users: Mapping[str, drivers.Driver], needs: Needs, library: Library) -> Choice:
    """Of several ways to build a module, the first whose dependencies can be met."""
    unmet: list[str] = []
    for symbols in library.modules[module]:
        before = set(needs.chosen)
        unmet = [term for symbol in symbols for term in needs.want(symbol)]
        if not unmet:
            for symbol in drivers.COMPANION_SYMBOLS.get(module, ()):
                needs.want(symbol)  # another version of the kernel may not have it
            fresh = [name for name in needs.chosen if name not in before]
            return Choice(module, tuple(fresh), tuple(sorted(users)))
    host = min(users)
    raise FleetError(
        f"Cannot build a kernel for {host}: on the way to its dump target is {users[host]}, and "
        f"CONFIG_{library.modules[module][-1][-1]} needs {' and '.join(dict.fromkeys(unmet))}, which a capture kernel "
        "of this architecture does not have"
    )


def fragment(choices: Sequence[Choice], *, network: bool) -> str:
    """The kconfig lines, with who needs them; a symbol is set once."""
    start = PROTOCOLS if network else ""
    done = set(start.splitlines())
    blocks = [start]
    for choice in choices:
        lines = [line for line in (f"CONFIG_{name}=y" for name in choice.symbols) if line not in done]
        done.update(lines)
        blocks.append(f"# {choice.module}: {_named(choice.hosts)}\n" + "".join(f"{line}\n" for line in lines))
    return "".join(blocks)


def _named(hosts: tuple[str, ...]) -> str:
    more = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
    return ", ".join(hosts[:_NAMED]) + more
