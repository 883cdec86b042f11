# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a host for its evidence: documentation; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_evidence
short_description: Ask a host for its evidence and keep it on the controller
version_added: 0.1.0
description:
  - Runs M(linux.kdump.kdump_info) on the host and writes what it returns into a file of its own on the controller, for
    M(linux.kdump.audit) to judge, there or elsewhere, now or later.
  - A host that cannot be reached, or on which the module fails or cannot be run, as with a wrong password for
    C(become), is no error. It gets a file that says so, so that it is in the result of the audit.
  - The evidence is not part of the task's result, which stays small however many hosts there are.
  - Files are written whole or not at all and named after host and run, so any number of workers may write into one
    folder, and folders may be copied together in any order.
  - Without C(become) the host tells less, and what it does not tell is unknown.
options:
  dest:
    description: The folder on the controller that the file goes to. It is made where it is missing.
    type: path
    required: true
  run:
    description:
      - The name of this run. Of two files of one host from the same second, that of the run whose name sorts last
        counts. M(linux.kdump.audit) returns one with O(linux.kdump.audit#module:check_only).
    type: str
    required: true
  name:
    description:
      - The name of the host in the document. By default the name that the inventory has for it.
      - A host that audits itself is V(localhost) for every one of them, and needs one of its own.
    type: str
  dump_path:
    description: Where the host keeps its dumps.
    type: str
    default: /var/crash
  estimate:
    description: See O(linux.kdump.kdump_info#module:estimate).
    type: dict
extends_documentation_fragment:
  - linux.kdump.attributes
  - linux.kdump.attributes.action
attributes:
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
  check_mode:
    support: full
    details: It changes nothing on the host. The file on the controller is written in check mode too.
  diff_mode:
    support: N/A
    details: It changes nothing on the host.
  idempotent:
    support: full
  platform:
    support: full
    platforms: Linux
seealso:
  - module: linux.kdump.audit
  - module: linux.kdump.kdump_info
author:
  - The linux.kdump maintainers (@linux-kdump)
"""

EXAMPLES = r"""
- name: Ask the host
  linux.kdump.audit_evidence:
    dest: "{{ playbook_dir }}/artifacts/audit/hosts"
    run: 20260102T030405Z
  become: true
"""

RETURN = r"""
state:
  description: V(judged) where there is evidence to judge, V(unreachable), or V(failed).
  returned: success
  type: str
  sample: judged
reason:
  description: Why there is none.
  returned: success
  type: str
  sample: null
path:
  description: The file on the controller. Its JSON Schema is C(docs/schemas/audit-host.schema.json).
  returned: success
  type: str
  sample: artifacts/audit/hosts/db1.20260102T030405Z.json
"""
