# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump whose names and log attack whoever shows them: documents and summaries stay harmless."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.vmcore.summary import summarise
from ansible_collections.linux.kdump.tests.unit.vmcore_files import write_elf, write_kdump
from ansible_collections.linux.kdump.tests.unit.vmcore_hostile import CONTROL, crashed
from ansible_collections.linux.kdump.tests.unit.vmcores import Machine

Look = t.Callable[..., dict[str, t.Any]]


def texts(value: object) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


@pytest.fixture(scope="module", params=[write_elf, write_kdump])
def document(
    look: Look, valid: t.Callable[[dict[str, t.Any]], None], request: pytest.FixtureRequest
) -> dict[str, t.Any]:
    found = look(request.param(crashed()), log=True, depth="full", expect={"release": "x", "nodename": "y"})
    valid(found)
    return found


def test_the_attack_was_read(document: dict[str, t.Any]) -> None:
    assert document["release"].startswith("../../x{{ 7*7 }}") and document["nodename"].startswith("../../x")
    assert document["panic"]["reason"].startswith("../../x") and document["panic"]["comm"].startswith("../../x")
    assert document["command_line"].startswith("../../x") and document["nonce"] is None
    assert document["modules"] is None or ".." not in "".join(document["modules"])


def test_no_text_of_a_document_moves_a_terminal(document: dict[str, t.Any]) -> None:
    assert [text for text in texts(document) if CONTROL.search(text)] == []
    json.dumps(document).encode("ascii")


def test_a_machine_that_is_none(look: Look) -> None:
    machine = Machine(machine="\x1b[31m")
    document = look(write_kdump(machine))
    assert document["machine"] != "\x1b[31m"
    assert [text for text in texts(document) if CONTROL.search(text)] == []


def test_the_summary_is_as_long_as_it_should_be(document: dict[str, t.Any]) -> None:
    lines = summarise(document).split("\n")
    assert len(lines) <= 6 and max(map(len, lines)) < 800
    assert not CONTROL.search("".join(lines))
