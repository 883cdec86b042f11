# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms that an audit can be told in, and the files they go to.

Each is a function of the result document alone: the same document, the same bytes. The page for a browser is among
those of plugin_utils/audit_reports.py, for it is put together from files beside the role.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import AuditDocument
from ansible_collections.linux.kdump.plugins.module_utils.audit.report import csv, junit, markdown, oscal, xccdf


class Form(t.NamedTuple):
    """A file of its own."""

    file: str
    #: Its text in pieces, in order.
    render: t.Callable[[AuditDocument], t.Iterator[str]]


def render_json(document: AuditDocument) -> str:
    """The document itself."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"


def whole(render: t.Callable[[AuditDocument], str]) -> t.Callable[[AuditDocument], t.Iterator[str]]:
    """A form of one piece."""
    return lambda document: iter((render(document),))


REPORTS: t.Final[dict[str, Form]] = {
    "json": Form("audit.json", whole(render_json)),
    "junit": Form("audit.junit.xml", junit.render),
    "xccdf": Form("audit.xccdf.xml", xccdf.render),
    "oscal": Form("audit.oscal.json", whole(oscal.render)),
    "csv": Form("audit.csv", csv.render),
    "markdown": Form("audit.md", whole(markdown.render)),
}
