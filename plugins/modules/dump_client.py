# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One client of a dump server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dump_client
short_description: Let a host send its dumps to this dump server
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Registers a client at a dump server that the role P(linux.kdump.dump_server#role) has made. A client gets a folder
    of its own, and by ssh key, by NFS, or by both, a way into it.
  - By ssh a client can only add files to its folder. It can read nothing, and change nothing that is complete.
  - By NFS a client has its whole folder, as any NFS client has. Only its addresses stand between it and others.
  - No two clients may have the same key, or folders one inside the other.
  - A client's folder is O(owner)'s, with mode C(0700). Dumps in it that are somebody else's, as the role leaves them
    when it is undone, become O(owner)'s again.
options:
  name:
    description: The client's name, for instance its inventory name.
    type: str
    required: true
  state:
    description: Whether the client may send dumps. With V(absent) its dumps stay.
    type: str
    choices: [present, absent]
    default: present
  public_key:
    description: The key it comes with, as the line of a C(.pub) file. Without one it has no way in by ssh.
    type: str
  addresses:
    description:
      - The addresses or networks it comes from. Without any, its key is taken from everywhere.
      - Required if O(nfs=true).
    type: list
    elements: str
    default: []
  nfs:
    description: Whether its folder is exported to its addresses.
    type: bool
    default: false
  folder:
    description: Its folder in O(root), by default its name.
    type: str
  largest:
    description: The size of the largest file that it may send by ssh.
    type: str
    default: 64G
  quota:
    description: How much it may have in its folder, when it sends by ssh.
    type: str
    default: 256G
  floor:
    description: How much of the disk stays free whatever it sends by ssh. The log and the record may use half of that.
    type: str
    default: 1G
  root:
    description: The folder for all dumps.
    type: path
    default: /srv/kdump
  owner:
    description: The account that owns dumps.
    type: str
    default: kdump
  authorized_keys:
    description: The file with the keys of all clients.
    type: path
    default: /etc/linux-kdump-server/authorized_keys
  exports:
    description: The folder for NFS exports, a file for each client.
    type: path
    default: /etc/exports.d
  host_keys:
    description:
      - The files with the server's own public keys, as a shell pattern. Where it ends in C(.pub) and there is a file
        without that and none with it, the public key is taken out of that one, which is the private key's.
    type: path
    default: /etc/ssh/ssh_host_*_key.pub
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
seealso:
  - module: linux.kdump.dump_identity
"""

EXAMPLES = r"""
- name: Let a host send its dumps by ssh
  linux.kdump.dump_client:
    name: web1
    public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGnmVnL0lVLGqJn5zYk1uUqSBBl2CjAgO0jYfW7vaHOM
    addresses: [192.0.2.21]

- name: Let another one write them by NFS
  linux.kdump.dump_client:
    name: web2
    nfs: true
    addresses: [192.0.2.22]

- name: Let neither in any longer
  linux.kdump.dump_client:
    name: "{{ item }}"
    state: absent
  loop: [web1, web2]
"""

RETURN = r"""
path:
  description: The client's folder.
  returned: success
  type: str
  sample: /srv/kdump/web1
folder:
  description: The same below O(root), which is what the client has to name.
  returned: success
  type: str
  sample: web1
fingerprint:
  description: The fingerprint of its key, null where it has none.
  returned: success
  type: str
  sample: SHA256:E3mIxFu3Mr4o4Ekfb21nYrrXr2Bw3j0wdbYVQn6ylOE
exports_changed:
  description: Whether C(exportfs -ra) has to be run.
  returned: success
  type: bool
  sample: false
host_keys:
  description:
    - The server's own public keys, for the client to pin. An Ed25519 key comes first, keys of type DSA are left out.
    - Empty with O(state=absent).
  returned: success
  type: list
  elements: str
  sample: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVkHmhBvjIrB8WvS4N0yqW8oZqP9CsvmTCAcq1m2pXK"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.dump_server.client import produce
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "public_key": {"type": "str", "no_log": False},
            "addresses": {"type": "list", "elements": "str", "default": []},
            "nfs": {"type": "bool", "default": False},
            "folder": {"type": "str"},
            "largest": {"type": "str", "default": "64G"},
            "quota": {"type": "str", "default": "256G"},
            "floor": {"type": "str", "default": "1G"},
            "root": {"type": "path", "default": "/srv/kdump"},
            "owner": {"type": "str", "default": "kdump"},
            "authorized_keys": {"type": "path", "default": "/etc/linux-kdump-server/authorized_keys", "no_log": False},
            "exports": {"type": "path", "default": "/etc/exports.d"},
            "host_keys": {"type": "path", "default": "/etc/ssh/ssh_host_*_key.pub", "no_log": False},
        },
        required_if=[("nfs", True, ["addresses"])],
        supports_check_mode=True,
    )
    conclude(module, lambda: produce(module.params, check=module.check_mode))


if __name__ == "__main__":
    main()
