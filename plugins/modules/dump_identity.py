# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ssh key of a host's save environment, and the pinned key of its dump server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dump_identity
short_description: Have an ssh key for sending dumps, and pin the server's key
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Makes the ssh key by which a host's save environment sends dumps to a dump server, unless it is there.
  - Pins the server's own keys in a C(known_hosts) file beside it. They come from the server by way of Ansible, as
    M(linux.kdump.dump_client) returns them, and are never asked for over the network.
  - A server whose key differs from the pinned one is an error that names both fingerprints.
options:
  path:
    description: The file of the private key. Its public half has the same name and C(.pub).
    type: path
    required: true
  comment:
    description: The comment in a key that is made.
    type: str
    default: linux.kdump
  host_names:
    description: The names and addresses that the server is called by. Goes together with O(host_keys).
    type: list
    elements: str
    default: []
  port:
    description: The port of the server's ssh.
    type: int
    default: 22
  host_keys:
    description: The server's public keys, as the lines of its C(.pub) files.
    type: list
    elements: str
    default: []
  known_hosts:
    description: The file to pin them in. By default O(path) with C(.known_hosts) behind it.
    type: path
  accept_changed:
    description: Pin the server's key even where another one was pinned before.
    type: bool
    default: false
notes:
  - Runs on the build host, with C(ansible_python_interpreter) set to C(ansible_playbook_python).
  - The private key never leaves its file, and no result holds it. It goes into the capture kernel's image, so that
    whoever can read that image, or the reserved memory, can send dumps in the host's name, and nothing else.
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
    details: A key that is not there has no public half yet.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: Debian
    support: full
seealso:
  - module: linux.kdump.dump_client
"""

EXAMPLES = r"""
- name: Have a key for this host's dumps
  linux.kdump.dump_identity:
    path: /home/operator/.cache/linux-kdump/ssh/web1/id_ed25519
  delegate_to: localhost
  register: identity

- name: Let it in at the dump server
  linux.kdump.dump_client:
    name: web1
    public_key: "{{ identity.public_key }}"
  delegate_to: dumps.example.com
  register: client

- name: Pin the server's key
  linux.kdump.dump_identity:
    path: "{{ identity.path }}"
    host_names: [192.0.2.7]
    host_keys: "{{ client.host_keys }}"
  delegate_to: localhost
"""

RETURN = r"""
path:
  description: The file of the private key.
  returned: success
  type: str
  sample: /home/operator/.cache/linux-kdump/ssh/web1/id_ed25519
public_key:
  description: The public half, null in check mode where there is no key yet.
  returned: success
  type: str
  sample: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGnmVnL0lVLGqJn5zYk1uUqSBBl2CjAgO0jYfW7vaHOM
fingerprint:
  description: Its fingerprint, null in check mode where there is no key yet.
  returned: success
  type: str
  sample: SHA256:E3mIxFu3Mr4o4Ekfb21nYrrXr2Bw3j0wdbYVQn6ylOE
known_hosts:
  description: The file that pins the server's keys, null where none were given.
  returned: success
  type: str
  sample: /home/operator/.cache/linux-kdump/ssh/web1/id_ed25519.known_hosts
host_fingerprints:
  description: The fingerprints of the server's keys, in the order of O(host_keys).
  returned: success
  type: list
  elements: str
  sample: ["SHA256:b2hM1u3Ik9v0bcJxA9Vp2ZCcQwqhtpEq1Pn5rLw1yUM"]
pinned:
  description: The fingerprint that was pinned, where the server has another key now.
  returned: when the server's key has changed
  type: str
  sample: SHA256:b2hM1u3Ik9v0bcJxA9Vp2ZCcQwqhtpEq1Pn5rLw1yUM
found:
  description: The fingerprint that the server has now.
  returned: when the server's key has changed
  type: str
  sample: SHA256:u5nJx1m1R2qkO5yL0nqVYw9T2Xh7h0qB8e1gXoqQf9Y
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.dump_server.identity import produce
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "comment": {"type": "str", "default": "linux.kdump"},
            "host_names": {"type": "list", "elements": "str", "default": []},
            "port": {"type": "int", "default": 22},
            "host_keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
            "known_hosts": {"type": "path"},
            "accept_changed": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: produce(module.params, runner=ModuleRunner(module), check=module.check_mode))


if __name__ == "__main__":
    main()
