# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else has to be on for a symbol to be on: menus, buses, protocols, as Kconfig's ``depends on`` asks for them.

A driver's symbol alone is lost in a kernel where everything is off. This turns on the least that its dependencies ask
for. It is no solver: kconfig itself decides in the end, and `check` tells what it did not take.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from . import expression as expr
from .tree import Definition, Tree

#: Never turned on to meet a dependency: they let drivers be built that cannot work.
NEVER: t.Final = frozenset({"COMPILE_TEST", "BROKEN", "UML", "STAGING"})
#: What a capture kernel has off unless a driver needs it.
OVERRULED: t.Final = frozenset({"NET"})


class Needs:
    """Symbols to set, beyond those that ``fixed`` has set already ({symbol: value})."""

    def __init__(self, tree: Tree, fixed: Mapping[str, str]) -> None:
        self._tree = tree
        self._fixed = fixed
        #: What is to be on: True where it has to be set, False where it comes by itself, having no prompt.
        self._on: dict[str, bool] = {}

    @property
    def chosen(self) -> list[str]:
        """What has to be set, each before what it needs."""
        return [name for name, is_set in self._on.items() if is_set]

    def want(self, name: str) -> list[str]:
        """Have ``name`` turned on and all it depends on; what cannot be met is returned, and then nothing is chosen."""
        if name in self._on or self._fixed.get(name, "n") != "n":
            return []
        off = self._fixed.get(name) == "n" and name not in OVERRULED
        if off or name in NEVER or name not in self._tree.symbols:
            return [name]
        definitions = self._tree.symbols[name]
        settable = [definition for definition in definitions if definition.prompt]
        before = dict(self._on)
        # Only kconfig knows what a symbol without a prompt comes to; its dependencies are what can be met here.
        self._on[name] = bool(settable)
        unmet = self._any(settable or definitions)
        if unmet:
            self._on = before
        return unmet

    def _any(self, definitions: Iterable[Definition]) -> list[str]:
        unmet: list[str] = []
        for definition in definitions:
            before = dict(self._on)
            texts = [*definition.conditions(), definition.prompt or "y"]
            unmet = [term for text in texts for term in self._meet_text(text)]
            if not unmet:
                return []
            self._on = before
        return unmet

    def _meet_text(self, text: str) -> list[str]:
        try:
            return self._meet(expr.parse(text))
        except ValueError:  # beyond this reader; kconfig will tell
            return []

    def _meet(self, expression: expr.Expression) -> list[str]:
        if isinstance(expression, expr.Join):
            return self._all(expression.terms) if expression.operator == "&&" else self._either(expression)
        name = _wanted(expression)
        if name is not None:
            return self.want(name)
        return [] if self._is_met(expression) else [str(expression)]

    def _all(self, terms: Iterable[expr.Expression]) -> list[str]:
        return [unmet for term in terms for unmet in self._meet(term)]

    def _either(self, expression: expr.Join) -> list[str]:
        """The alternative that needs the least."""
        if self._is_met(expression):
            return []
        before, best = dict(self._on), None
        for term in expression.terms:
            self._on = dict(before)
            if not self._meet(term) and (best is None or len(self._on) < len(best)):
                best = self._on
        self._on = before if best is None else best
        return [str(expression)] if best is None else []

    def _is_met(self, expression: expr.Expression) -> bool:
        return expr.evaluate(expression, {**self._fixed, **dict.fromkeys(self._on, "y")}) == expr.YES


def _wanted(expression: expr.Expression) -> str | None:
    """The symbol that has to be on for ``X``, ``X = y`` and ``X != n``; None for everything else."""
    if isinstance(expression, expr.Compare) and (expression.operator, expression.right.text) in (
        ("=", "y"),
        ("!=", "n"),
    ):
        expression = expression.left
    if not isinstance(expression, expr.Word) or expression.quoted or expression.text in ("y", "m", "n"):
        return None
    return expression.text
