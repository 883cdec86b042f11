# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of the Kconfig language: ``depends on PCI && (X86 || !ARM)``.

Read into a small tree, evaluated against a configuration, and taken apart into the terms that are not met.
Kconfig knows three values, n < m < y: ``&&`` is the smaller, ``||`` the larger, ``!`` the opposite.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: n, m, y as numbers.
NO, MODULE, YES = 0, 1, 2
_TRISTATE: t.Final = {"n": NO, "m": MODULE, "y": YES}
_TOKEN = re.compile(
    r"""\s*(?:(?P<macro>\$\()|(?P<op>&&|\|\||!=|<=|>=|[!=<>()])|"(?P<dq>[^"]*)"|'(?P<sq>[^']*)'|(?P<word>[\w./-]+))""",
    re.ASCII,
)
_COMPARE: t.Final[Mapping[str, Callable[[str, str], bool]]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: _number(left) < _number(right),
    ">": lambda left, right: _number(left) > _number(right),
    "<=": lambda left, right: _number(left) <= _number(right),
    ">=": lambda left, right: _number(left) >= _number(right),
}
#: Deeper nesting than any Kconfig file has; stops a hostile one from exhausting the stack.
_MAX_DEPTH = 50


@dataclass(frozen=True)
class Word:
    """A symbol, or a constant where it is quoted or is y, m, n or a number."""

    text: str
    quoted: bool = False

    def value(self, config: Mapping[str, str]) -> str:
        """The value as text; a symbol that is off is ``n``."""
        if self.quoted or self.text in _TRISTATE or re.fullmatch(r"-?\d+|0[xX][0-9a-fA-F]+", self.text):
            return self.text
        return config.get(self.text, "n").strip('"')

    def __str__(self) -> str:
        return f'"{self.text}"' if self.quoted else self.text


@dataclass(frozen=True)
class Macro:
    """``$(cc-option,...)``: a question to the toolchain, which only kconfig itself can answer; taken as met."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Not:
    """``!X``"""

    term: Expression

    def __str__(self) -> str:
        return f"!({self.term})" if isinstance(self.term, Join) else f"!{self.term}"


@dataclass(frozen=True)
class Compare:
    """``X = value`` and its kin."""

    left: Word
    operator: str
    right: Word

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True)
class Join:
    """``X && Y && ...`` or ``X || Y || ...``"""

    operator: str
    terms: tuple[Expression, ...]

    def __str__(self) -> str:
        parts = (f"({term})" if isinstance(term, Join) else str(term) for term in self.terms)
        return f" {self.operator} ".join(parts)


Expression = t.Union[Word, Macro, Not, Compare, Join]


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return 0


class _Parser:
    """Recursive descent over the tokens; ValueError for what is not an expression."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.depth = 0

    def peek(self) -> str:
        return self.tokens[0][1] if self.tokens and self.tokens[0][0] == "op" else ""

    def take(self) -> tuple[str, str]:
        if not self.tokens:
            raise ValueError("the expression ends too early")
        return self.tokens.pop(0)

    def join(self, operator: str, part: Callable[[], Expression]) -> Expression:
        terms = [part()]
        while self.peek() == operator:
            self.take()
            terms.append(part())
        return terms[0] if len(terms) == 1 else Join(operator, tuple(terms))

    def either(self) -> Expression:
        return self.join("||", self.both)

    def both(self) -> Expression:
        return self.join("&&", self.term)

    def term(self) -> Expression:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ValueError("the expression is nested too deep")
        try:
            return self.factor()
        finally:
            self.depth -= 1

    def factor(self) -> Expression:
        kind, text = self.take()
        if kind == "op":
            if text == "!":
                return Not(self.term())
            if text != "(":
                raise ValueError(f"{text} is out of place")
            inner = self.either()
            if self.take() != ("op", ")"):
                raise ValueError("a parenthesis is not closed")
            return inner
        if kind == "macro":
            return Macro(text)
        return self.comparison(Word(text, quoted=kind == "string"))

    def comparison(self, left: Word) -> Expression:
        if self.peek() not in _COMPARE:
            return left
        operator = self.take()[1]
        kind, text = self.take()
        if kind not in ("word", "string"):
            raise ValueError(f"nothing to compare {left} with")
        return Compare(left, operator, Word(text, quoted=kind == "string"))


def _tokens(text: str) -> t.Iterator[tuple[str, str]]:
    position, text = 0, text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise ValueError(f"{text[position:]} is no part of an expression")
        position = match.end()
        if match["macro"]:
            end = _macro_end(text, position)
            yield "macro", text[position - 2 : end]
            position = end
        elif match["op"]:
            yield "op", match["op"]
        elif match["word"]:
            yield "word", match["word"]
        else:
            yield "string", match["dq"] if match["dq"] is not None else match["sq"]


def _macro_end(text: str, position: int) -> int:
    """The index after the parenthesis that closes a macro opened just before ``position``."""
    depth = 1
    for index in range(position, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index + 1
    raise ValueError("a macro is not closed")


def parse(text: str) -> Expression:
    """Read one expression; ValueError where it is none."""
    parser = _Parser(text)
    expression = parser.either()
    if parser.tokens:
        raise ValueError(f"{parser.tokens[0][1]} is out of place")
    return expression


def evaluate(expression: Expression, config: Mapping[str, str]) -> int:
    """NO, MODULE or YES under ``config`` ({symbol: value}; what is off is not in it)."""
    if isinstance(expression, Word):
        return _TRISTATE.get(expression.value(config), NO)
    if isinstance(expression, Macro):
        return YES
    if isinstance(expression, Not):
        return YES - evaluate(expression.term, config)
    if isinstance(expression, Compare):
        met = _COMPARE[expression.operator](expression.left.value(config), expression.right.value(config))
        return YES if met else NO
    values = [evaluate(term, config) for term in expression.terms]
    return min(values) if expression.operator == "&&" else max(values)


def unmet(expression: Expression, config: Mapping[str, str]) -> list[str]:
    """The terms that keep ``expression`` off, each as text; empty where it is met."""
    if evaluate(expression, config) != NO:
        return []
    if isinstance(expression, Join) and expression.operator == "&&":
        return [text for term in expression.terms for text in unmet(term, config)]
    return [str(expression)]
