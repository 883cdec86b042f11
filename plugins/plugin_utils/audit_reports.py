# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every form of an audit: those that are made of text alone, and the page, whose parts are files of the collection."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import AuditDocument
from ansible_collections.linux.kdump.plugins.module_utils.audit.report import forms, html

_ROLES: t.Final = Path(__file__).resolve().parents[2] / "roles"
_PARTS: t.Final = _ROLES / "audit" / "files" / "page"
#: The page looks like the report of a drill, to the last colour; there is no expression in this template.
_STYLE: t.Final = _ROLES / "crash_test" / "templates" / "report" / "style.css.j2"


def read_page() -> html.Page:
    """The page's parts."""
    style = _STYLE.read_text(encoding="utf-8") + (_PARTS / "page.css").read_text(encoding="utf-8")
    # One script, in the order of the names' first digits.
    script = "".join(path.read_text(encoding="utf-8") for path in sorted(_PARTS.glob("*.js")))
    return html.Page((_PARTS / "page.html").read_text(encoding="utf-8"), style, script)


def render_html(document: AuditDocument) -> str:
    """The page for the fleet."""
    return html.render(document, read_page())


REPORTS: t.Final[dict[str, forms.Form]] = {**forms.REPORTS, "html": forms.Form("audit.html", forms.whole(render_html))}
