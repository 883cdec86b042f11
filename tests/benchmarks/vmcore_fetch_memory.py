# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory the controller needs to bring a big file, over what it needs to bring a small one.

    python tests/benchmarks/vmcore_fetch_memory.py [--gib 1] [--limit 100] [-- inventory options of ansible-playbook]

Runs ansible-playbook twice and watches the memory of all its processes. Without options the host is this machine
through the local connection, so that the module's own memory counts as well. Prints JSON; the status is 1 where the
difference is above the limit.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

#: Seconds between two looks at the processes.
_EVERY = 0.02
_LOCAL = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
_PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - linux.kdump.vmcore_fetch: {path: "{{ source }}", dest: "{{ dest }}", chunk_bytes: 67108864}
"""
_PREPARE = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.tempfile: {state: directory}
      register: folder
    - ansible.builtin.command: {argv: [truncate, -s, "{{ size }}", "{{ folder.path }}/vmcore"]}
    - ansible.builtin.copy: {content: "{{ folder.path }}", dest: "{{ answer }}", mode: "0600"}
      delegate_to: localhost
      connection: local
"""
_REMOVE = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.file: {path: "{{ source }}", state: absent}
"""


def resident(root: int) -> int:
    """Bytes that a process and all that it started hold in memory now; pages that they share count once for each."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
        sizes[int(stat.parent.name)] = int(fields[21]) * 4096
    family = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        if not more:
            return sum(sizes.get(pid, 0) for pid in family)
        family |= more


def _ansible_playbook() -> str:
    """The one of this interpreter's environment; under ansible-test it is elsewhere on the path."""
    beside = pathlib.Path(sys.executable).with_name("ansible-playbook")
    return str(beside) if beside.exists() else "ansible-playbook"


class Bench:
    """Runs playbooks against one host."""

    def __init__(self, folder: pathlib.Path, options: list[str]) -> None:
        self._folder = folder
        self._options = options

    def play(self, text: str, **variables: object) -> tuple[int, float]:
        """Run a playbook; the peak memory and the seconds it took."""
        playbook = self._folder / "play.yml"
        playbook.write_text(text)
        extra = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
        argv = [_ansible_playbook(), *self._options, *extra, str(playbook)]
        started, peak = time.monotonic(), 0
        with (self._folder / "log").open("w+") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
            while process.poll() is None:
                peak = max(peak, resident(process.pid))
                time.sleep(_EVERY)
            log.seek(0)
            if process.returncode:
                sys.exit(log.read())
        return peak, time.monotonic() - started

    def bring(self, size: int) -> tuple[int, float]:
        """Bring a file of this size, and remove it on both sides."""
        answer = self._folder / "answer"
        self.play(_PREPARE, size=size, answer=answer)
        source, dest = answer.read_text(), self._folder / f"dest-{size}"
        try:
            return self.play(_PLAYBOOK, source=source, dest=dest)
        finally:
            self.play(_REMOVE, source=source)
            (dest / "vmcore").unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=1, help="size of the big file")
    parser.add_argument("--limit", type=float, default=100, help="MiB that it may take over the small one")
    parser.add_argument("options", nargs="*", default=_LOCAL, help="inventory options of ansible-playbook")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(pathlib.Path(folder), options.options)
        idle, _seconds = bench.bring(1)
        peak, seconds = bench.bring(int(options.gib * (1 << 30)))
    over = (peak - idle) / (1 << 20)
    result: dict[str, t.Any] = {
        "gib": options.gib, "seconds": round(seconds, 1), "idle_mib": idle >> 20, "peak_mib": peak >> 20,
        "over_idle_mib": round(over, 1), "limit_mib": options.limit,
    }  # fmt: skip
    print(json.dumps(result))
    return int(over > options.limit)


if __name__ == "__main__":
    sys.exit(main())
