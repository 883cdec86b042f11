# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of an audit and their schemas say the same."""

from __future__ import annotations

import typing as t

import jsonschema
import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit import documents
from ansible_collections.linux.kdump.tests.unit.audit_documents import schema, small_document

HOST: dict[str, t.Any] = {
    "schema": documents.HOST_SCHEMA,
    "run": "20260102T030405Z-0123abcd",
    "host": "db-02",
    "groups": ["databases"],
    "state": "unreachable",
    "reason": "ssh: connect to host db-02 port 22: No route to host",
    "collected_at": None,
    "evidence": None,
}


def test_documents_are_as_their_schemas_say() -> None:
    jsonschema.validate(small_document(), schema("audit"), cls=jsonschema.Draft202012Validator)
    jsonschema.validate(HOST, schema("audit-host"), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", ["audit", "audit-host"])
def test_schemas_are_schemas_and_let_nothing_else_through(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    for wrong in ({}, {**HOST, "state": "asleep"}, {**HOST, "evidence": []}, {**small_document(), "more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema(name))


def test_types_and_schemas_know_the_same_words() -> None:
    audit = schema("audit")
    host = audit["properties"]["hosts"]["items"]["properties"]
    assert set(audit["$defs"]["counts"]["required"]) == set(documents.STATUSES)
    assert tuple(host["posture"]["enum"]) == documents.POSTURES
    assert tuple(audit["$defs"]["state"]["enum"]) == documents.STATES
    assert tuple(audit["properties"]["controls"]["items"]["properties"]["severity"]["enum"]) == documents.SEVERITIES
    for kind, part in (
        (documents.AuditDocument, audit),
        (documents.Control, audit["properties"]["controls"]["items"]),
        (documents.HostResult, audit["properties"]["hosts"]["items"]),
        (documents.Result, host["results"]["items"]),
        (documents.HostDocument, schema("audit-host")),
    ):
        assert sorted(kind.__annotations__) == part["required"], kind


def test_severities_are_in_order() -> None:
    assert documents.severity_at_least("critical", "high")
    assert documents.severity_at_least("high", "high")
    assert not documents.severity_at_least("medium", "high")
