# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's templates: nothing reaches the page unescaped."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

TEMPLATES = Path(__file__).resolve().parents[3] / "roles" / "crash_test" / "templates"
#: Filters whose result is safe on a page.
SAFE_FILTERS = {"linux.kdump.html_text", "linux.kdump.human_size", "linux.kdump.human_duration", "int"}
#: Macros of the report; what they write is checked where they are written.
MACROS = {"moment", "sign", "swatch", "timeline", "memory"}
#: Variables that hold the layout made of numbers, or a literal of the template itself.
LAYOUT = {"chart", "row", "tick", "mark", "part", "id", "class"}


def is_safe(node: nodes.Node) -> bool:
    if isinstance(node, (nodes.TemplateData, nodes.Const)):
        return True
    if isinstance(node, nodes.Filter):
        return node.name in SAFE_FILTERS
    if isinstance(node, nodes.CondExpr):
        return is_safe(node.expr1) and (node.expr2 is None or is_safe(node.expr2))
    if isinstance(node, nodes.Call):
        return getattr(node.node, "name", None) in MACROS or getattr(node.node, "attr", None) in MACROS
    if isinstance(node, (nodes.Add, nodes.Sub, nodes.Div)):
        return is_safe(node.left) and is_safe(node.right)
    if isinstance(node, nodes.Getattr):
        return is_safe(node.node)
    return isinstance(node, nodes.Name) and node.name in LAYOUT


def unsafe_outputs(source: str) -> list[int]:
    """The lines of the outputs that are not known to be safe."""
    environment = jinja2.Environment()
    environment.filters = dict.fromkeys(
        [*environment.filters, *SAFE_FILTERS, "linux.kdump.timeline", "linux.kdump.memory_bar"], str
    )
    tree = environment.parse(source)
    return [node.lineno for out in tree.find_all(nodes.Output) for node in out.nodes if not is_safe(node)]


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.j2")), ids=lambda path: path.name)
def test_every_output_is_escaped(path: Path) -> None:
    assert unsafe_outputs(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "{{ proof.host.name }}",
        "{{ proof.host.name | upper }}",
        "{{ proof.host.name | linux.kdump.html_text | safe }}",
        "{{ 'a' if proof.ok else proof.headline }}",
        "{% for line in proof.console %}{{ line }}{% endfor %}",
        "{{ lookup('file', 'x') }}",
    ],
)
def test_what_is_not_escaped_is_seen(source: str) -> None:
    assert unsafe_outputs(source) == [1]
