#!/usr/bin/python
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin wiring around module_utils.transfer.decrypt."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vmcore_decrypt
short_description: Decrypt a dump that was encrypted in the capture kernel
version_added: 0.1.0
author:
  - The linux.kdump maintainers (@linux-kdump)
description:
  - Decrypts the files of a dump that end in C(.age), with the secret key of one of the recipients that the save
    environment was made for (O(linux.kdump.capture_initramfs#module:age_recipients)). Each plain file lies beside the
    encrypted one, without the suffix, readable by its owner only, and has its name only when it is whole.
  - Meant for the controller, where the secret key is. It is never copied, shown or logged; only its path is.
  - A plain file that is not older than its encrypted one is left as it is.
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: The files are memory.
  idempotent:
    support: full
  platform:
    support: full
options:
  path:
    description:
      - A dump's folder, or one encrypted file.
      - A folder without any encrypted file is left as it is.
    type: path
    required: true
  identity:
    description:
      - File with the secret key, as C(age-keygen) or C(ssh-keygen) writes it, without a passphrase.
    type: path
    required: true
  age:
    description: The C(age) to run.
    type: str
    default: age
  timeout:
    description: The most seconds that one file may take.
    type: int
    default: 3600
requirements:
  - age
seealso:
  - module: linux.kdump.capture_initramfs
  - module: linux.kdump.vmcore_fetch
  - module: linux.kdump.vmcore_info
"""

EXAMPLES = r"""
- name: Decrypt what was brought
  linux.kdump.vmcore_decrypt:
    path: "{{ fetched.dest }}"
    identity: ~/.config/linux-kdump/age.key
  delegate_to: localhost
"""

RETURN = r"""
files:
  description: The plain files.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Where it is.
      returned: success
      type: str
      sample: artifacts/web1/20261122T101500Z-1c9a33f0/vmcore
    changed:
      description: Whether it was decrypted now.
      returned: success
      type: bool
      sample: true
  sample:
    - {path: artifacts/web1/20261122T101500Z-1c9a33f0/vmcore, changed: true}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.transfer import decrypt
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude

ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "identity": {"type": "path", "required": True},
    "age": {"type": "str", "default": "age"},
    "timeout": {"type": "int", "default": decrypt.DEFAULT_SECONDS},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(
        module,
        lambda: decrypt.decrypt(decrypt.request(module.params), ModuleRunner(module), check_mode=module.check_mode),
    )


if __name__ == "__main__":
    main()
