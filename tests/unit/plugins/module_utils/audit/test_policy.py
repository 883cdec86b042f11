# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies: what they come to for each host, and everything that is wrong with one in a single error."""

from __future__ import annotations

import typing as t
from datetime import date

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.audit.policy import PolicyError, read_policy

TODAY = date(2026, 3, 1)
FLEET = {"db1": ["databases", "site"], "web1": ["web", "site"], "old1": []}
EXCEPTION = {
    "id": "EX-1", "controls": ["KD-105"], "hosts": ["db1"], "owner": "storage",
    "justification": "Firmware takes more.", "expires": date(2026, 3, 1),
}  # fmt: skip


def read(document: t.Any, **options: t.Any) -> t.Any:
    return read_policy(document, FLEET, today=TODAY, **options)


def test_nothing_said_is_required_and_undeclared() -> None:
    nothing: t.Any
    for nothing in (None, {}):
        policy = read(nothing)
        assert (policy.name, sorted(policy.hosts)) == ("unnamed", sorted(FLEET))
        assert {(host.posture, host.declared) for host in policy.hosts.values()} == {("required", False)}


def test_the_nearest_word_counts() -> None:
    policy = read({
        "name": "fleet", "posture": "optional", "thresholds": {"proof_days": 30, "dump_count": 5},
        "groups": {"site": {"thresholds": {"proof_days": 60}}, "databases": {"posture": "required"}},
        "hosts": {
            "db1": {"thresholds": {"proof_days": 7, "panic_on": ["hung_task_panic"]}}, "web1": {"posture": "forbidden"},
        },
    })  # fmt: skip
    postures = {name: (host.posture, host.declared, host.thresholds.proof_days) for name, host in policy.hosts.items()}
    assert postures == {
        "db1": ("required", True, 7), "web1": ("forbidden", True, 60), "old1": ("optional", True, 30),
    }  # fmt: skip
    assert policy.hosts["db1"].thresholds.panic_on == ("hung_task_panic",)
    assert policy.hosts["db1"].thresholds.dump_count == 5


def test_every_host_is_in_the_group_all_which_counts_less_than_the_others() -> None:
    groups: dict[str, t.Any] = {"all": {"posture": "optional", "thresholds": {"proof_days": 60, "dump_count": 5}}}
    policy = read({"posture": "required", "thresholds": {"proof_days": 30, "dump_days": 7}, "groups": groups})
    seen = {(host.posture, host.declared, host.thresholds.proof_days) for host in policy.hosts.values()}
    assert seen == {("optional", True, 60)}
    groups["web"] = {"posture": "forbidden", "thresholds": {"proof_days": 90}}
    policy = read({"thresholds": {"dump_days": 7}, "groups": groups, "hosts": {"old1": {"posture": "required"}}})
    found = {name: (host.posture, host.thresholds.proof_days) for name, host in policy.hosts.items()}
    assert found == {"db1": ("optional", 60), "web1": ("forbidden", 90), "old1": ("required", 60)}
    assert {(host.thresholds.dump_count, host.thresholds.dump_days) for host in policy.hosts.values()} == {(5, 7)}


def test_exceptions_are_for_their_hosts_until_their_day() -> None:
    policy = read(
        {
            "exceptions": [
                EXCEPTION,
                {**EXCEPTION, "id": "EX-2", "controls": ["KD-104"], "hosts": [], "groups": ["site"]},
            ]
        }
    )
    assert policy.hosts["db1"].exceptions["KD-105"]["expires"] == "2026-03-01"
    assert policy.hosts["db1"].exceptions["KD-104"]["id"] == "EX-2"
    assert set(policy.hosts["web1"].exceptions) == {"KD-104"}
    assert policy.hosts["old1"].exceptions == {}


def test_its_digest_is_that_of_what_is_written() -> None:
    one = {"name": "a", "exceptions": [EXCEPTION]}
    assert read(one).sha256 == read({"exceptions": [{**EXCEPTION, "expires": "2026-03-01"}], "name": "a"}).sha256
    assert read(one).sha256 != read({"name": "b"}).sha256


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ([], "the policy is no dictionary"),
        ({"posturs": "required"}, "unknown key posturs"),
        ({"posture": "on"}, "posture 'on'"),
        ({"thresholds": {"proof_day": 1}}, "unknown key proof_day"),
        ({"thresholds": {"proof_days": True}}, "whole number"),
        ({"thresholds": {"proof_days": -1}}, "whole number"),
        ({"thresholds": {"encryption": "yes"}}, "true or false"),
        ({"thresholds": {"panic_on": ["oops"]}}, "a list of"),
        ({"groups": []}, "groups is no dictionary"),
        ({"groups": {"all": {"posture": "on"}}}, "group all has the posture 'on'"),
        ({"groups": {"nowhere": {}}}, "unknown group nowhere"),
        ({"hosts": {"db2": {}}}, "unknown host db2"),
        ({"hosts": {"db1": 1}}, "host db1 is no dictionary"),
        ({"groups": {"site": {"posture": "required"}, "web": {"posture": "forbidden"}}}, "forbidden by the group web"),
        ({"groups": {"site": {"thresholds": {"dump_days": 1}}, "web": {"thresholds": {"dump_days": 2}}}}, "dump_days"),
        ({"exceptions": {}}, "exceptions is no list"),
        ({"exceptions": [1]}, "exception 1 is no dictionary"),
        ({"exceptions": [{**EXCEPTION, "controls": ["KD-999"]}]}, "unknown control KD-999"),
        ({"exceptions": [{**EXCEPTION, "controls": []}]}, "names no controls"),
        ({"exceptions": [{**EXCEPTION, "controls": "KD-105"}]}, "no list of names"),
        ({"exceptions": [{**EXCEPTION, "hosts": []}]}, "neither hosts nor groups"),
        ({"exceptions": [{**EXCEPTION, "hosts": ["db9"]}]}, "unknown host db9"),
        ({"exceptions": [{**EXCEPTION, "groups": ["x"]}]}, "unknown group x"),
        ({"exceptions": [{**EXCEPTION, "expires": "2026-02-28"}]}, "expired on 2026-02-28"),
        ({"exceptions": [{**EXCEPTION, "expires": "soon"}]}, "when it expires"),
        ({"exceptions": [{**EXCEPTION, "justification": "because"}]}, "no justification"),
        ({"exceptions": [{**EXCEPTION, "owner": " "}]}, "no owner"),
        ({"exceptions": [{**EXCEPTION, "until": "x"}]}, "unknown key until"),
        ({"exceptions": [EXCEPTION, EXCEPTION]}, "two exceptions EX-1"),
        ({"exceptions": [EXCEPTION, {**EXCEPTION, "id": "EX-2"}]}, "under EX-1 and EX-2"),
        ({"exceptions": [{**EXCEPTION, "controls": ["KD-002"]}]}, "applies to none of its hosts"),
        ({"posture": "forbidden", "exceptions": [EXCEPTION]}, "applies to none of its hosts"),
    ],
)
def test_what_is_wrong_is_told(policy: t.Any, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read(policy)
    assert words in caught.value.message
    assert caught.value.message.endswith("No host was touched.")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(PolicyError, match=r"4 problems: .*posture 'x'.*unknown group b.*unknown host a.*expired"):
        read(
            {
                "posture": "x",
                "hosts": {"a": {}},
                "groups": {"b": {}},
                "exceptions": [{**EXCEPTION, "expires": "2020-01-01"}],
            }
        )


def test_a_part_of_a_fleet_does_not_know_all_of_it() -> None:
    policy = {
        "hosts": {"elsewhere": {"posture": "required"}},
        "groups": {"other": {}},
        "exceptions": [{**EXCEPTION, "hosts": ["far"]}],
    }
    assert read(policy, partial=True).hosts["db1"].exceptions == {}
    assert read({"groups": {"other": {}}}, groups=["other"])
    with pytest.raises(PolicyError, match="3 problems"):
        read(policy)


def test_a_huge_value_makes_no_huge_error() -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy({"posture": "x" * 100_000}, {"db1": []}, today=date(2026, 1, 1))
    assert len(caught.value.message) < 500
