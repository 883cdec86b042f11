# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a fleet: documentation; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: audit
short_description: Judge what hosts have told against a policy and write the reports
version_added: 0.1.0
description:
  - Reads the documents that M(linux.kdump.audit_evidence) has written, judges each host by every control of the
    catalogue (C(docs/controls.md)) and writes the result in the forms that are asked for. Asks no host.
  - A control is V(pass), V(fail), V(not_applicable), V(excepted) where the policy has an exception for it, or
    V(unknown). Evidence that is missing is never a pass.
  - Of several documents of a host the newest counts. The same documents, policy and moment give the same bytes, in
    whatever order and however often they were collected and merged.
  - Runs once for a play, on the controller, whatever the play's hosts are. The role P(linux.kdump.audit#role) does all
    of it.
options:
  policy:
    description:
      - What is wanted of which host. It is checked as a whole, and everything that is wrong with it is told in one
        error, before anything else is done. Wrong is also an exception that has expired or is not justified, a host or
        group that the inventory does not have, and what contradicts itself.
      - C(name) is its name. C(posture) is V(required), V(optional) or V(forbidden) for hosts of which nothing else is
        said, and C(thresholds) says what is enough.
      - C(groups) and C(hosts) hold both for some. A host's own word counts before its groups', which must not disagree,
        and these before the policy's. Every host is in the group C(all), which counts less than any other group.
      - The groups of a host are those of the inventory. Only of a host that the inventory does not have they are taken
        from its document.
      - C(exceptions) is a list with the keys C(id), C(controls), C(hosts) or C(groups), C(justification), C(owner) and
        C(expires), the last day on which it counts.
      - Thresholds are C(evidence_days), C(proof_days), C(memory_margin_percent), C(reserved_percent), C(dump_percent),
        C(free_percent), C(dump_count), C(dump_gib), C(dump_days), C(dump_level), C(back_seconds), C(encryption),
        C(nmi_panics), C(fence_kdump) and C(panic_on), as C(docs/audit.md) tells.
      - Evidence that is more than C(evidence_days) old (30, V(0) for any age) at O(judged_at) says nothing, and every
        control that applies to the host is V(unknown).
      - A host of which nothing is said is judged as if kdump were required, and fails KD-001.
    type: dict
    default: {}
  partial:
    description:
      - The inventory is a part of the fleet that the policy is for, as in a slice of a job. Hosts and groups that it
        does not have are no error then.
    type: bool
    default: false
  check_only:
    description: Only check the policy against the inventory; nothing is judged or written.
    type: bool
    default: false
  evidence:
    description: The folder of the hosts' documents, on the controller; folders below it are read too.
    type: path
  hosts:
    description:
      - The hosts to judge. One without a document is a result as well.
      - By default all that have a document in O(evidence).
    type: list
    elements: str
  expected:
    description:
      - Hosts that must have a result beside O(hosts), or beside those that have a document. One that left none is
        C(failed), and all of its controls are unknown.
    type: list
    elements: str
    default: []
  since:
    description:
      - The first run that counts, as O(check_only) returns it in RV(run). A host whose newest document is of an earlier
        one was not asked this time, and is judged as such, whatever it told then.
      - By default every document counts.
    type: str
  artifacts:
    description:
      - The folder on the controller that the roles P(linux.kdump.crash_test#role) and P(linux.kdump.collect#role) write
        to. What drills have proven and which dumps have been collected is read there.
    type: path
  dest:
    description: The folder on the controller for the reports. Without it none is written.
    type: path
  reports:
    description:
      - The forms to write. There are V(json), V(junit), V(xccdf), V(oscal), V(csv), V(markdown) and V(html).
      - V(html) is one page for the whole fleet, which needs no server.
    type: list
    elements: str
    default: [json]
  baseline:
    description: The result of an earlier audit, as V(json). What has changed since is returned and written to O(dest).
    type: path
  judged_at:
    description: The moment as of which is judged, as V(2026-01-02T03:04:05Z). By default now.
    type: str
  keep:
    description:
      - How many documents of each judged host to keep in O(evidence), counted from the newest. V(0) keeps all.
      - The newest one that has evidence is kept beyond that, so that a host that is away for long has its last word.
      - Only what M(linux.kdump.audit_evidence) has written into that folder is ever removed, by name and content; what
        is in folders below it stays. Nothing is removed where judging was not possible.
    type: int
    default: 0
  fail_on:
    description: The task fails where a control of this severity or above has failed on any host.
    type: str
    choices: [low, medium, high, critical, never]
    default: high
  fail_on_unknown:
    description: What is unknown counts as failed for O(fail_on), hosts that could not be asked among it.
    type: bool
    default: true
  fail_on_drift:
    description: The task fails where a result is worse than in O(baseline).
    type: bool
    default: false
extends_documentation_fragment:
  - linux.kdump.attributes
  - linux.kdump.attributes.action
attributes:
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: full
  check_mode:
    support: full
    details: >-
      It changes no host. Reports on the controller are written in check mode too; documents are not removed, and
      RV(pruned) says which would be.
  diff_mode:
    support: N/A
    details: It changes no host.
  idempotent:
    support: full
  platform:
    support: full
    platforms: Linux
seealso:
  - module: linux.kdump.audit_evidence
author:
  - The linux.kdump maintainers (@linux-kdump)
"""

EXAMPLES = r"""
- name: Judge what was collected, and fail only for what is critical
  linux.kdump.audit:
    evidence: artifacts/audit/hosts
    artifacts: artifacts
    dest: artifacts/audit
    reports: [json, junit, markdown]
    fail_on: critical
    policy:
      name: production
      posture: required
      groups:
        dmz:
          posture: forbidden
      exceptions:
        - id: EX-7
          controls: [KD-105]
          groups: [databases]
          owner: storage team
          justification: The HBA's driver takes 350 MB in the capture kernel.
          expires: "2027-06-30"

- name: See whether a policy can be used, before any host is touched
  linux.kdump.audit:
    check_only: true
    policy: "{{ lookup('ansible.builtin.file', 'policy.yml') | from_yaml }}"
"""

RETURN = r"""
summary:
  description: >-
    Counts of C(hosts) by state, and of C(results) by status, also C(by_severity). Also where the task has failed.
  returned: when it judges
  type: dict
  sample:
    hosts: {judged: 2, unreachable: 0, failed: 0}
    results: {pass: 60, fail: 2, unknown: 1, excepted: 1, not_applicable: 4}
    by_severity: {high: {pass: 30, fail: 0, unknown: 1, excepted: 1, not_applicable: 2}}
drift:
  description: >-
    What has changed since O(baseline), by C(from) and C(to), C(policy_changed), C(hosts_added), C(hosts_removed) and
    C(changes), each with C(host), C(control), C(before), C(after), C(worse) and C(message). Null without a baseline.
  returned: when it judges
  type: dict
  sample: null
reports:
  description: The files that were written, by form. The JSON Schema of V(json) is C(docs/schemas/audit.schema.json).
  returned: when it judges
  type: dict
  sample: {json: artifacts/audit/audit.json}
skipped:
  description: Files in O(artifacts) that are called a proof and are none.
  returned: when it judges
  type: list
  elements: str
  sample: []
pruned:
  description: The documents that were removed because of O(keep), or would be in check mode.
  returned: when it judges
  type: list
  elements: str
  sample: [artifacts/audit/hosts/db1.20250102T030405.000000Z.json]
policy:
  description: The C(name) of the policy, and the C(sha256) of what it says.
  returned: with O(check_only)
  type: dict
  sample: {name: production, sha256: 0f0e0d0c0b0a09080706050403020100ffeeddccbbaa99887766554433221100}
run:
  description: A name for this run, for M(linux.kdump.audit_evidence).
  returned: with O(check_only)
  type: str
  sample: 20260102T030405.000000Z
documents:
  description: The folder for the documents of the hosts, which is C(hosts) in O(dest). Null without O(dest).
  returned: with O(check_only)
  type: str
  sample: artifacts/audit/hosts
"""
