# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Did kconfig do what the fragments asked, and if not, why not: a driver lost here is a dump lost later."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from . import expression as expr
from .fragment import ConfigError, Setting, lost
from .tree import Definition, Tree

#: More lost settings than this are only counted in the message; all of them are in the result.
_SHOWN = 4


def check(
    settings: Mapping[str, Setting], config_text: str, config: Mapping[str, str], tree: Callable[[], Tree]
) -> None:
    """Raise ConfigError unless ``config`` holds every setting. ``tree`` is read only where something is amiss."""
    missing = lost(settings, config)
    unmentioned = [s for s in settings.values() if s.name not in config and f"CONFIG_{s.name} " not in config_text]
    if not missing and not unmentioned:
        return
    known = tree()
    unknown = [s for s in settings.values() if s.name not in known.symbols]
    reasons = [_unknown(setting, known) for setting in unknown]
    reasons += [explain(setting, got, config, known) for setting, got in missing if setting not in unknown]
    if reasons:
        more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
        raise ConfigError(
            f"Cannot configure the kernel: {'; '.join(reasons[:_SHOWN])}{more}. Correct the fragments",
            lost=reasons,
        )


def _unknown(setting: Setting, tree: Tree) -> str:
    near = difflib.get_close_matches(setting.name, tree.symbols, n=1, cutoff=0.8)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{setting.name} ({setting.origin}) is no symbol of this kernel{hint}"


def explain(setting: Setting, got: str, config: Mapping[str, str], tree: Tree) -> str:
    """One sentence on why ``setting`` became ``got``."""
    start = f"{setting.line} ({setting.origin}) became {got}"
    definitions = tree.symbols.get(setting.name, [])
    if setting.value == "n":
        return start + _selected_by(setting.name, config, tree)
    causes = [_cause(definition, setting, got, config) for definition in definitions]
    return start + min(causes, key=len, default="")


def _cause(definition: Definition, setting: Setting, got: str, config: Mapping[str, str]) -> str:
    missing = [term for text in definition.conditions() for term in _unmet(text, config)]
    if missing:
        return f": it depends on {' and '.join(dict.fromkeys(missing))}, which is not met ({definition.where})"
    if definition.prompt is None:
        return f": it cannot be set by hand, only other symbols can turn it on ({definition.where})"
    hidden = _unmet(definition.prompt, config)
    if hidden:
        return f": it can be set only with {' and '.join(hidden)} ({definition.where})"
    chosen = [name for name in definition.siblings() if config.get(name) == "y"]
    if chosen:
        return f": {chosen[0]} of the same choice is set instead ({definition.where})"
    if setting.value == "m" and got == "y" and config.get("MODULES") != "y":
        return ": without MODULES everything is built in"
    return f": kconfig does not take this value ({definition.where})"


def _unmet(text: str, config: Mapping[str, str]) -> list[str]:
    """The unmet terms of a dependency; none where it is beyond this reader, since a wrong reason misleads."""
    try:
        return expr.unmet(expr.parse(text), config)
    except ValueError:
        return []


def _selected_by(name: str, config: Mapping[str, str], tree: Tree) -> str:
    selectors = [
        selector
        for selector, condition in tree.selectors(name)
        if config.get(selector) in ("y", "m") and not (condition and _unmet(condition, config))
    ]
    return f": {selectors[0]} selects it" if selectors else ": it has no choice but to be on here"
