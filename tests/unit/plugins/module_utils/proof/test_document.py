# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof document."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.linux.kdump.plugins.module_utils.drill_outcome import ADVICE
from ansible_collections.linux.kdump.plugins.module_utils.proof.document import ProofError, build_proof
from ansible_collections.linux.kdump.plugins.module_utils.proof.judgement import OUTCOMES, VERDICTS
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.findings import VERDICTS as ALL_VERDICTS
from ansible_collections.linux.kdump.tests.unit.proof_samples import DRILLS, captured, hostile

SCHEMA_FILE = Path(__file__).resolve().parents[5] / "docs" / "schemas" / "proof.schema.json"
SCHEMA = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))
Document = dict[str, t.Any]


def prove(drill: Document) -> Document:
    drill = dict(drill)
    return build_proof(drill.pop("panic"), **drill)


def error_ids(proof: Document) -> list[str]:
    return [reason["id"] for reason in proof["reasons"] if reason["severity"] == "error"]


@pytest.mark.parametrize("name", DRILLS)
def test_every_proof_follows_the_schema(name: str) -> None:
    SCHEMA.validate(prove(DRILLS[name]()))


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("captured", []),
        ("save_failed", ["save_failed", "drill-message", "not-verified", "save-recorded-failed"]),
        ("out_of_memory", ["capture_out_of_memory", "drill-message", "not-verified"]),
        ("incomplete", ["dump-incomplete", "truncated", "nonce-missing"]),
        ("unseen", ["not-verified"]),
        ("gone", ["never_came_back", "drill-message", "not-verified"]),
    ],
)
def test_what_is_proven(name: str, errors: list[str]) -> None:
    proof = prove(DRILLS[name]())
    assert error_ids(proof) == errors
    assert proof["ok"] is (not errors)


def test_a_good_drill_holds_what_was_seen() -> None:
    proof = prove(captured())
    assert proof["reasons"] == []
    assert proof["nonce"] == {"value": "9f2c4b7a1de84c0fb36a5d20c9e871f4", "found": True}
    assert proof["when"] == {"started": "2026-11-22T21:42:09Z", "ended": "2026-11-22T21:42:29Z"}
    assert proof["memory"] == {"reserved_bytes": 67108864, "usable_bytes": 46297088, "peak_bytes": 23019520}
    assert [item["name"] for item in proof["dump"]["files"]] == ["vmcore", "dmesg.txt", "kdump.json"]
    assert proof["kernels"] == {"crashed": "6.1.0-41-cloud-amd64", "capture": "6.1.158-kdump"}
    assert proof["record"]["steps"][2] == {"name": "core", "rc": 0, "seconds": 2.21}
    assert proof["tools"]["ansible-core"] == "2.19.14"


def test_the_drivers_on_the_way_to_the_dump_are_remembered() -> None:
    drill = captured()
    assert prove(drill)["host"]["drivers"] is None
    steps = [{"device": "vda1", "driver": "ext4", "module": None}, {"driver": "virtio-blk", "module": "virtio_blk"}]
    drill["panic"]["before"]["target"] = {"path_modules": [*steps, {"device": "x"}, 7]}
    proof = prove(drill)
    SCHEMA.validate(proof)
    assert proof["host"]["drivers"] == ["ext4", "virtio_blk"]


@pytest.mark.parametrize(
    ("line", "drivers"),
    [
        ("quiet kdump.net=52:54:00:AA:00:01,dhcp x", ["pcieport", "tg3"]),
        ("kdump.net=52:54:00:aa:00:01", ["pcieport", "tg3"]),
        ("kdump.net=52:54:00:aa:00:02,dhcp", None),
        ("kdump.net=52:54:00:aa:00:03,dhcp", None),
        ("kdump.net=52:54:00:aa:00:017,dhcp", None),
        ("xkdump.net=52:54:00:aa:00:01,dhcp", None),
        ("quiet", None),
        (7, None),
    ],
)
def test_the_drivers_of_the_interface_that_the_dump_left_by_are_remembered(
    line: object, drivers: t.Optional[list[str]]
) -> None:
    drill = captured()
    steps = [{"driver": "tg3", "module": "tg3"}, {"driver": "pcieport", "module": None}]
    cards = [{"mac": "52:54:00:aa:00:01", "path_modules": steps}, {"mac": "52:54:00:aa:00:02"}, 7]
    drill["panic"]["before"].update(interfaces=cards)
    drill["panic"]["before"]["load"]["command_line"] = line
    proof = prove(drill)
    SCHEMA.validate(proof)
    assert proof["host"]["network_drivers"] == drivers


def test_a_dump_of_another_kdump_needs_no_record() -> None:
    drill = captured()
    panic = drill["panic"]
    panic["dump"] = {**panic["dump"], "record": None, "engine": "kdump-tools"}
    drill["record"] = None
    proof = prove(drill)
    SCHEMA.validate(proof)
    assert proof["ok"]
    assert ("other-engine", "info") in [(reason["id"], reason["severity"]) for reason in proof["reasons"]]
    panic["dump"]["engine"] = "collection"
    assert ("no-record", "warning") in [(reason["id"], reason["severity"]) for reason in prove(drill)["reasons"]]


def test_the_target_that_has_the_dump_is_told_and_what_was_tried_before_it() -> None:
    drill = captured()
    target = {"kind": "ssh", "server": "192.0.2.7:22", "user": "kdump", "path": "web-01"}
    lost = {"target": "nfs:4,192.0.2.7:2049,/srv,/", "failure": "fail-network", "reason": "gone"}
    attempts = [{**lost, "started": 1.5, "ended": 21.75}, {"target": "ssh:x", "failure": None, "reason": None}]
    drill["record"].update(target=target, targets=attempts)
    dump = prove(drill)["dump"]
    assert {key: value for key, value in dump["target"].items() if value is not None} == target
    assert dump["attempts"][0] == {**lost, "seconds": 20.25}
    assert [attempt["failure"] for attempt in dump["attempts"]] == ["fail-network", None]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_but_captured_is_no_proof(outcome: str) -> None:
    drill = captured()
    drill["panic"]["outcome"] = outcome
    assert prove(drill)["headline"] == OUTCOMES[outcome]


@pytest.mark.parametrize("verdict", [*VERDICTS, "something new"])
def test_every_verdict_but_ok_is_no_proof(verdict: str) -> None:
    drill = captured()
    drill["verdict"]["verdict"] = verdict
    assert prove(drill)["ok"] is False


@pytest.mark.parametrize(
    ("path", "value", "reason", "ok"),
    [
        (("verdict",), {"verdict": "ok"}, "nonce-unchecked", False),
        (("verdict", "nonce_found"), False, "nonce-missing", False),
        (("record", "nonce"), "0" * 32, "record-nonce", False),
        (("record", "status"), "failed", "save-recorded-failed", False),
        (("record", "memory"), {"total_kib": 100, "peak_used_kib": 90}, "reservation-tight", True),
        (("panic", "after", "boot_id"), "7c1f6a52-0b8e-4f0c-9a53-5d2e6f0b9c11", "same-boot", False),
        (("panic", "after", "crash", "loaded"), False, "unprotected", True),
        (("panic", "outcome"), None, "no-outcome", False),
        (("fetch",), None, "not-fetched", True),
    ],
)
def test_reasons(path: tuple[str, ...], value: object, reason: str, ok: bool) -> None:
    drill = captured()
    place = drill
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    proof = prove(drill)
    assert [item["id"] for item in proof["reasons"]] == [reason]
    assert proof["ok"] is ok


@pytest.mark.parametrize(("nonce", "ok"), [("9f2c4b7a1de84c0fb36a5d20c9e871f4", True), ("0" * 32, False)])
def test_a_verdict_made_without_expectations_still_tells_the_nonce(nonce: str, ok: bool) -> None:
    drill = captured()
    drill["verdict"].update(nonce_found=None, nonce=nonce)
    assert prove(drill)["ok"] is ok


def test_one_finding_is_enough_for_a_missing_nonce() -> None:
    drill = captured()
    finding = {"id": "nonce-missing", "severity": "error", "message": "The nonce is not in the kernel log."}
    drill["verdict"].update(verdict="mismatch", nonce_found=False, findings=[finding])
    assert error_ids(prove(drill)) == ["dump-mismatch", "nonce-missing"]


def test_all_outcomes_and_verdicts_have_words() -> None:
    assert set(OUTCOMES) == set(ADVICE) - {"captured"}
    assert set(VERDICTS) == set(ALL_VERDICTS) - {"ok"}


def test_the_record_inside_the_dump_is_used_where_none_is_given() -> None:
    proof: dict[str, t.Any] = build_proof(captured()["panic"])
    assert proof["record"]["status"] == "saved"
    assert [item["sha256"] for item in proof["dump"]["files"]] == [None, None, None]


@pytest.mark.parametrize(
    ("lines", "first", "last"),
    [
        ([*map(str, range(300))], "220", "299"),
        (
            [*map(str, range(300)), "linux.kdump: [3.99] final-action reboot", "Linux version"],
            "221",
            "final-action reboot",
        ),
        (["\x1b[0m", 7, None], "␛[0m", "None"),
    ],
)
def test_the_console_ends_with_the_capture(lines: list[object], first: str, last: str) -> None:
    proof: dict[str, t.Any] = build_proof({**captured()["panic"], "console": lines})
    console = proof["console"]
    assert (console[0], console[-1][-len(last) :]) == (first, last)


@pytest.mark.parametrize("panic", [None, {}, [], "captured", {"msg": "Unreachable"}])
def test_what_is_no_drill_is_refused(panic: object) -> None:
    with pytest.raises(ProofError, match=r"Cannot make the proof: .* Register the result of the panic task"):
        build_proof(panic)


def test_hostile_text_is_cut_and_made_printable() -> None:
    text = json.dumps(prove(hostile()), ensure_ascii=False)
    assert len(text) < 60_000
    assert not set("\x1b\x00\x07\u202e\u2028\ud800") & set(text)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_no_document_is_too_broken(data: st.DataObject) -> None:
    drill = captured()
    for name in drill:
        if data.draw(st.booleans()):
            keys = data.draw(st.lists(st.sampled_from([*drill[name]]), max_size=4)) if name != "host" else []
            drill[name] = {**drill[name], **{key: data.draw(anything) for key in keys}} if keys else data.draw(anything)
    if not isinstance(drill["panic"], dict) or not drill["panic"].get("outcome"):
        drill["panic"] = {"outcome": "captured"}
    try:
        proof = prove(drill)
    except ProofError:
        return
    SCHEMA.validate(proof)
    json.dumps(proof, allow_nan=False)
