# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof document of a drill."""

from __future__ import annotations

DOCUMENTATION = r"""
name: proof
short_description: Make the proof document of a crash drill
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Puts together what the parts of a drill returned, weighs it, and says in one document whether the host was proven
    to save its crashes, and if not, why.
  - The document follows the JSON Schema C(docs/schemas/proof.schema.json).
  - Text that came out of a dump or from a console is bounded in length and made printable; it is not escaped for HTML.
    Use P(linux.kdump.html_text#filter) for that.
positional: _input
options:
  _input:
    description:
      - The registered result of P(linux.kdump.panic#module), also of a task that failed.
    type: dict
    required: true
  record:
    description:
      - The C(kdump.json) of the dump. Without it the record inside RV(linux.kdump.panic#module:dump) is used, if any.
    type: dict
  verdict:
    description:
      - The value RV(linux.kdump.vmcore_info#module:vmcore). Without it nothing is proven.
    type: dict
  fetch:
    description:
      - The registered result of P(linux.kdump.vmcore_fetch#module), for the names and digests of the files.
    type: dict
  host:
    description:
      - The host's name in the inventory. Without it the host's own name is used.
    type: str
  kernel:
    description:
      - The manifest of the capture kernel, for the digest of its configuration.
    type: dict
  versions:
    description:
      - Further tools and their versions, by name.
    type: dict
notes:
  - The document is about this drill alone; it holds no secrets besides the host's names, boot ids and command line.
seealso:
  - plugin: linux.kdump.timeline
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Crash the host
  linux.kdump.panic:
    confirm: "{{ inventory_hostname }}"
  register: drill
  ignore_errors: true

- name: Write down what the drill proved
  ansible.builtin.copy:
    content: "{{ drill | linux.kdump.proof(verdict=checked.vmcore, fetch=fetched) | to_nice_json }}"
    dest: "artifacts/{{ inventory_hostname }}/proof.json"
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description:
    - The proof document. V(ok) is true only if the crash was captured, the dump was verified and found complete, and
      it holds the nonce of this drill. V(headline) is the result in one sentence, V(reasons) all findings.
  type: dict
  sample:
    schema: {name: linux.kdump/proof, version: 1}
    ok: true
    headline: The crash was captured, and the dump is complete and from this very crash.
    reasons: []
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.proof.document import build_proof


def proof_filter(
    panic: object,
    *,
    record: object = None,
    verdict: object = None,
    fetch: object = None,
    host: object = None,
    kernel: object = None,
    versions: object = None,
) -> dict[str, object]:
    """The proof document, or a filter error."""
    try:
        return build_proof(
            panic, record=record, verdict=verdict, fetch=fetch, host=host, kernel=kernel, versions=versions
        )
    except KdumpError as error:
        raise AnsibleFilterError(error.message) from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., object]]:
        return {"proof": proof_filter}
