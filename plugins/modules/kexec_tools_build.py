#!/usr/bin/python
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation, argument spec and wiring; the work is in module_utils/capture/kexec_tools."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kexec_tools_build
short_description: Build kexec-tools from source
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Builds kexec-tools of a version, with patches, for hosts whose own is too old for their kernel, or has a bug.
  - The programs are linked statically. They need no library of the host, so that an older host runs them too.
  - They are built for a prefix of their own. M(linux.kdump.kexec_crash) installs C(kexec) there
    (O(linux.kdump.kexec_crash#module:install.kexec)), and the host's own stays as it is.
  - The build happens in a private folder inside O(cache_dir), and the finished programs are moved from there into the
    cache as a whole. What was interrupted leaves nothing behind.
  - They are built once for each set of inputs, which are the content of the source and the patches, the architecture,
    the prefix, the libraries that were found and the versions of the tools. The same inputs give the same bytes.
notes:
  - Runs on the build host, usually the controller (C(hosts) set to V(localhost)). No privileges are needed.
  - For another architecture than the build host's own it takes Debian's cross compiler and C library, such as the
    packages C(gcc-aarch64-linux-gnu) and C(libc6-dev-arm64-cross). A missing one is an error that names the package.
  - zlib, lzma and zstd, with which C(kexec) reads compressed kernels, are used where the compiler has them as static
    libraries for the architecture. A capture kernel of M(linux.kdump.kernel_build) needs none of them.
extends_documentation_fragment:
  - linux.kdump.attributes
  - linux.kdump.attributes.action
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: Linux
    support: full
  action:
    support: partial
    details: The action plugin shows the progress and stops an interrupted build; the build itself is the module's.
  async:
    support: none
  bypass_host_loop:
    support: none
options:
  architecture:
    description:
      - The architecture to build for, which is V(x86_64), V(i386), V(ppc64le), V(arm64) or V(s390x).
        What C(uname -m) says is understood as well.
      - Without it, that of the build host.
    type: str
  version:
    description:
      - The version that is wanted, such as V(2.0.25), or one of Debian's, such as V(1:2.0.25-3+deb12u3).
        A source that holds another one is an error.
      - Without it, whatever the source holds.
    type: str
  source:
    description:
      - Where the source is. An address to download it from, which needs O(sha256), or on the build host an archive, a
        Debian source package (C(.dsc)) or a folder. A folder is copied, and may be a checkout of the version control.
      - Without it, the source package of the distribution, from the package sources that the build host has itself. It
        is kept in the cache, so that only the first build downloads it.
    type: str
  sha256:
    description: The sha256 of the file that O(source) names, or of the source package's C(.dsc) file.
    type: str
  patches:
    description:
      - Patches on the build host, which are applied in this order, with one leading folder of their paths left out
        (C(patch -p1)).
      - The first that does not fit is an error that names it and the file that it does not fit.
    type: list
    elements: path
    default: []
  prefix:
    description:
      - Where the programs will be on a host, an absolute path.
      - Not where the distribution's own may be, such as V(/usr).
    type: str
    default: /opt/linux-kdump/kexec-tools
  suite:
    description:
      - The release of Debian whose source package is taken. Only the release itself is asked, not its updates.
      - Without it, that of the build host.
    type: str
  sources:
    description:
      - Package sources as one-line entries, as in C(sources.list), for a O(suite) that the build host has none of.
      - The default is the entries for O(suite) that the build host has itself.
    type: list
    elements: str
    default: []
  force:
    description: Fetch the source anew even if the cache has it, for instance to have the newest of the distribution.
    type: bool
    default: false
  cache_dir:
    description:
      - Where sources and programs are kept, in the folder C(kexec-tools) below it.
      - Without it, E(KDUMP_CACHE), or else C(linux-kdump) in E(XDG_CACHE_HOME), or else C(~/.cache/linux-kdump).
    type: path
  jobs:
    description: How many compilers run at once. Without it, one for each CPU that the build may use.
    type: int
  timeout:
    description:
      - The most seconds that the build may take. Waiting for another build in the same cache may take as long before.
    type: int
    default: 1800
  progress:
    description:
      - A folder through which module and action plugin talk while the build runs.
      - Set by the action plugin; there is no reason to set it in a task.
    type: path
seealso:
  - module: linux.kdump.kexec_crash
  - module: linux.kdump.kernel_build
"""

EXAMPLES = r"""
- name: Build what the distribution has, for its own prefix and with no library
  linux.kdump.kexec_tools_build:
  delegate_to: localhost

- name: Build a release with a patch, for hosts of another architecture
  linux.kdump.kexec_tools_build:
    architecture: arm64
    version: 2.0.29
    source: /srv/src/kexec-tools-2.0.29.tar.xz
    sha256: 2b2e1e04a4d3d4a3d5bb0a2d1f0f1f3a8d8a1c1c5f7cf4a6f6e3c4c6b1a0d9e8
    patches: [/srv/kdump/arm64-kernel-text.patch]
  delegate_to: localhost
  register: kexec_tools

- name: Arm a host with it
  linux.kdump.kexec_crash:
    kexec: "{{ kexec_tools.dest }}"
    install:
      kernel: "{{ kdump_capture_kernel.image }}"
      initramfs: "{{ kdump_capture_initramfs.path }}"
      kexec: "{{ kexec_tools.kexec }}"
"""

RETURN = r"""
digest:
  description: The sha256 over all inputs of the build. None in check mode where the source is not fetched yet.
  returned: success
  type: str
  sample: 6c1f0a1e0d8b2f3c4d5e6f708192a3b4c5d6e7f80910c2f5d6c1f0a1e0d8b2f3
reason:
  description: Why it was built, or why not.
  returned: success
  type: str
  sample: the cache holds no kexec-tools of these inputs
path:
  description: >-
    The folder that stands for the root of a host, with all that is installed below the prefix. None in check mode
    where the source is not fetched yet.
  returned: success
  type: str
  sample: /home/jo/.cache/linux-kdump/kexec-tools/6c1f0a1e0d8b2f3c/root
kexec:
  description: >-
    The program, for O(linux.kdump.kexec_crash#module:install.kexec). None in check mode where the source is not
    fetched yet.
  returned: success
  type: str
  sample: /home/jo/.cache/linux-kdump/kexec-tools/6c1f0a1e0d8b2f3c/root/opt/linux-kdump/kexec-tools/sbin/kexec
dest:
  description: Where the program will be on a host, for O(linux.kdump.kexec_crash#module:kexec).
  returned: success
  type: str
  sample: /opt/linux-kdump/kexec-tools/sbin/kexec
prefix:
  description: The prefix.
  returned: success
  type: str
  sample: /opt/linux-kdump/kexec-tools
version:
  description: The version that was built. None in check mode where it is not built yet.
  returned: success
  type: str
  sample: 2.0.25
manifest:
  description:
    - The manifest document (kind C(kexec-tools)), with inputs, tools, and size and sha256 of what came out. None in
      check mode where it is not built yet.
    - Its JSON Schema is C(docs/schemas/manifest.schema.json).
  returned: success
  type: dict
  sample: {"schema": {"name": "linux.kdump/manifest", "version": 1}, "kind": "kexec-tools", "version": "2.0.25"}
log:
  description: The last lines that the failed step printed.
  returned: when a step of the build failed
  type: list
  elements: str
  sample: ["Hunk #1 FAILED at 12."]
log_path:
  description: The file with everything that the failed build printed, where it could be kept.
  returned: when the build fails
  type: str
  sample: /home/user/.cache/linux-kdump/kexec-tools/0a1b2c3d4e5f6071.failed.log
missing:
  description: The packages that are missing.
  returned: when tools are missing
  type: list
  elements: str
  sample: [gcc-aarch64-linux-gnu, binutils-aarch64-linux-gnu]
"""

import contextlib
import os
import platform
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import ConnectionError as UrlError
from ansible.module_utils.urls import open_url

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel import architectures
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.build import default_cache
from ansible_collections.linux.kdump.plugins.module_utils.capture.kexec_tools.build import produce
from ansible_collections.linux.kdump.plugins.module_utils.capture.kexec_tools.request import Request, of_options
from ansible_collections.linux.kdump.plugins.module_utils.capture.kexec_tools.source import SourceError
from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def requested(options: t.Mapping[str, t.Any]) -> Request:
    """The options as one value."""
    names = ("version", "source", "sha256", "patches", "prefix", "suite", "sources", "force", "timeout")
    return of_options(
        architecture=architectures.find(options["architecture"] or platform.machine()),
        cache=options["cache_dir"] or default_cache(os.environ),
        jobs=len(os.sched_getaffinity(0)) if options["jobs"] is None else options["jobs"],
        **{name: options[name] for name in names},
    )


@contextlib.contextmanager
def opened(url: str, timeout: int) -> t.Iterator[t.IO[bytes]]:
    """The content of an address."""
    try:
        with contextlib.closing(open_url(url, timeout=timeout)) as stream:
            yield stream
    except (OSError, UrlError, ValueError) as error:
        raise SourceError(f"Cannot fetch {url}: {error}. Look at the address, or name a file in source") from error


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Desired, current, plan, apply."""
    progress = Progress(module.params["progress"])
    with progress.alive():
        return produce(
            requested(module.params),
            runner=ModuleRunner(module),
            progress=progress,
            opened=opened,
            check=module.check_mode,
        )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "architecture": {"type": "str"},
            "version": {"type": "str"},
            "source": {"type": "str"},
            "sha256": {"type": "str"},
            "patches": {"type": "list", "elements": "path", "default": []},
            "prefix": {"type": "str", "default": "/opt/linux-kdump/kexec-tools"},
            "suite": {"type": "str"},
            "sources": {"type": "list", "elements": "str", "default": []},
            "force": {"type": "bool", "default": False},
            "cache_dir": {"type": "path"},
            "jobs": {"type": "int"},
            "timeout": {"type": "int", "default": 1800},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: work(module))


if __name__ == "__main__":
    main()
