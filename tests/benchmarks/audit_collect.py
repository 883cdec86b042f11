# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What asking a fleet costs the controller, by the size of the fleet, beside what Ansible costs by itself.

    python tests/benchmarks/audit_collect.py [--hosts 100 1000] [--peers 100] [--write docs/benchmarks-audit-collect.md]

The hosts are a connection plugin, which answers every module with what kdump_info has told of this machine; nothing is
run on them. What is counted is the controller alone: ansible-playbook, its forks and what it keeps of every host.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from dataclasses import dataclass

ROOT: t.Final = pathlib.Path(__file__).resolve().parents[2]
PLUGINS: t.Final = ROOT / "tests/benchmarks/fleet/connection_plugins"
COMMAND: t.Final = "tests/benchmarks/audit_collect.py"
ANSIBLE: t.Final = pathlib.Path(sys.executable).parent
LIMIT: t.Final = 7200
GROUPS: t.Final = ("web", "database", "edge", "build")

LOCAL: t.Final = {
    "ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable,
}  # fmt: skip
#: What every run of one task on each host costs.
FLOOR: t.Final = {"name": "Ask for nothing", "ansible.builtin.ping": {}}
#: The same evidence as one has it without the role: registered, and written by a task of its own.
TASKS: t.Final = [
    {"name": "Ask for evidence", "linux.kdump.kdump_info": {}, "register": "told"},
    {
        "name": "Keep it",
        "ansible.builtin.copy": {
            "content": "{{ told.evidence | to_json }}", "dest": "{{ kept }}/{{ inventory_hostname }}.json",
            "mode": "0600",
        },
        "delegate_to": "localhost",
    },
]  # fmt: skip
#: By name: the playbook that is run, and how often a host is in it.
WAYS: t.Final = {
    "one `ping` on each host": "floor.yml",
    "`linux.kdump.audit`": "linux.kdump.audit",
    "`kdump_info`, `register`, `copy`": "tasks.yml",
}
FLOOR_NAME, _OURS_NAME, TASKS_NAME = WAYS
ABOUT: t.Final = """\
The playbook `linux.kdump.audit` with its defaults (it asks every host, judges, writes four reports), beside a play of
one `ping`, which is what Ansible itself costs where each host has one task, and beside the same evidence collected by
two tasks without our role (the module with `register`, `copy` to the controller), which nobody judges. The hosts are a
connection plugin that answers at once; the evidence is a real machine's,"""


@dataclass(frozen=True)
class Cost:
    """One run: seconds by the clock and of the processors, and the most memory that a process of it held."""

    wall: float
    cpu: float
    memory: int


def record(folder: pathlib.Path) -> int:
    """What kdump_info tells of this machine, as it would come over a connection; its size."""
    (folder / "told").mkdir()
    (folder / "record.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": TASKS}]))
    variables = json.dumps({**LOCAL, "kept": str(folder / "told")})
    done = subprocess.run(
        [str(ANSIBLE / "ansible-playbook"), "-i", "localhost,", "-e", variables, str(folder / "record.yml")],
        env={**os.environ, **settings(folder)}, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"Cannot record evidence: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    evidence = json.loads((folder / "told/localhost.json").read_text())
    (folder / "evidence.json").write_text(json.dumps({"changed": False, "evidence": evidence}))
    (folder / "pong.json").write_text(json.dumps({"changed": False, "ping": "pong"}))
    return len(json.dumps(evidence))


def settings(folder: pathlib.Path) -> dict[str, str]:
    """Nothing of the user's own."""
    return {
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".tree"),
        "ANSIBLE_CONNECTION_PLUGINS": str(PLUGINS), "ANSIBLE_PIPELINING": "1", "ANSIBLE_NOCOLOR": "1",
    }  # fmt: skip


def write_plays(folder: pathlib.Path) -> None:
    """The playbooks beside that of the collection."""
    (folder / "ansible.cfg").touch()
    play = {"name": "Ask", "hosts": "all:!localhost", "gather_facts": False, "become": True}
    (folder / "floor.yml").write_text(json.dumps([{**play, "tasks": [FLOOR]}]))
    (folder / "tasks.yml").write_text(json.dumps([{**play, "tasks": TASKS}]))


def write_inventory(folder: pathlib.Path, count: int) -> None:
    """A fleet, each host of which is in two groups."""
    groups: dict[str, dict[str, t.Any]] = {}
    for number in range(count):
        for group in (GROUPS[number % len(GROUPS)], f"rack{number // 40:03}"):
            groups.setdefault(group, {"hosts": {}})["hosts"][f"host{number:05}.example.org"] = {}
    variables = {"ansible_connection": "recorded", "ansible_python_interpreter": "/usr/bin/python3"}
    inventory = {"all": {"vars": variables, "children": groups, "hosts": {"localhost": LOCAL}}}
    (folder / "hosts.json").write_text(json.dumps(inventory))


def measure(folder: pathlib.Path, count: int, way: str, forks: int) -> Cost:
    """One run of a playbook; its failure ends the benchmark."""
    kept = folder / "artifacts/audit/hosts"
    kept.mkdir(parents=True)
    reply = folder / ("pong.json" if way == FLOOR_NAME else "evidence.json")
    variables = {"recorded_reply": str(reply), "kept": str(kept), "kdump_audit_fail_on": "never"}
    argv = [str(ANSIBLE / "ansible-playbook"), "-i", str(folder / "hosts.json"), "--forks", str(forks)]
    with (folder / "log").open("w") as log:
        started = time.monotonic()
        process = subprocess.Popen(
            [*argv, "--extra-vars", json.dumps(variables), WAYS[way]], cwd=folder,
            env={**os.environ, **settings(folder), "PWD": str(folder)}, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        limit = threading.Timer(LIMIT, process.kill)
        limit.start()
        _pid, status, usage = os.wait4(process.pid, 0)  # what this one used, and the forks that it waited for
        limit.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"Cannot measure {way}, {process.returncode}: {(folder / 'log').read_text()[-3000:]}")
    if way != FLOOR_NAME and len(list(kept.iterdir())) != count:
        sys.exit(f"Cannot measure {way}: of {count} hosts there are {len(list(kept.iterdir()))} files.")
    return Cost(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10)


def measure_fleet(folder: pathlib.Path, count: int, ways: t.Iterable[str], forks: int) -> dict[str, Cost]:
    """Every way for one size of the fleet."""
    write_inventory(folder, count)
    costs = {}
    for way in ways:
        costs[way] = measure(folder, count, way, forks)
        shutil.rmtree(folder / "artifacts")
        print(f"{count} hosts, {way}: {costs[way]}", file=sys.stderr, flush=True)
    return costs


def table(fleets: dict[int, dict[str, Cost]]) -> str:
    """What each way took in each fleet, in all and for a host, and in what the floor took there."""
    lines = ["| hosts | | wall, s | CPU, s | CPU a host, ms | in that of `ping` | memory, MiB |", "| --- " * 7 + "|"]
    for count, costs in fleets.items():
        for way, cost in costs.items():
            ratio = f"{cost.cpu / costs[FLOOR_NAME].cpu:.2f}"
            figures = [f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{cost.cpu / count * 1000:.1f}", ratio]
            lines.append(f"| {count:,} | {way} | {' | '.join(figures)} | {cost.memory / 2**20:.0f} |")
    return "\n".join(lines)


def growth(fleets: dict[int, dict[str, Cost]]) -> str:
    """What a host costs in the greatest fleet, in what it costs in the one before it."""
    if len(fleets) < 2:
        return ""
    few, many = sorted(fleets)[-2:]
    lines = [
        f"| | CPU of a host among {many:,}, in that of one among {few:,} | memory for each host more, KiB |",
        "| --- | --- | --- |",
    ]
    for way in fleets[many]:
        small, large = fleets[few].get(way), fleets[many][way]
        if small:
            each = (large.memory - small.memory) / (many - few) / 1024
            lines.append(f"| {way} | {(large.cpu / many) / (small.cpu / few):.2f} | {each:.0f} |")
    return "\n".join(lines)


def page(fleets: dict[int, dict[str, Cost]], options: argparse.Namespace, octets: int) -> str:
    """The document."""
    info = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), "unknown")
    given = f"--hosts {' '.join(map(str, fleets))} --peers {options.peers} --forks {options.forks}"
    return "\n\n".join(
        [
            "# What asking a fleet costs the controller",
            f"{ABOUT} {octets / 1024:.1f} KiB.\n"
            "So it is the controller's part alone: no host takes time, no connection costs ssh.",
            f"    python {COMMAND} {given} --write docs/benchmarks-audit-collect.md",
            f"{os.cpu_count()} × {model}; Python {'.'.join(map(str, sys.version_info[:3]))}, ansible-core"
            f" {importlib.metadata.version('ansible-core')}; load average {os.getloadavg()[0]:.1f} at the end,"
            " of which this is a part.\nMemory is what `ansible-playbook` held at its peak; its forks share it.",
            table(fleets),
            "## Growth",
            growth(fleets),
        ]
    ) + "\n"  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, nargs="+", default=[100, 1000], help="sizes of the fleets")
    parser.add_argument("--peers", type=int, default=100, help="the greatest fleet that is asked without the role too")
    parser.add_argument("--forks", type=int, default=10, help="as of ansible-playbook")
    parser.add_argument("--write", type=pathlib.Path, help="a file for the document")
    options = parser.parse_args()
    fleets = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_plays(folder)
        octets = record(folder)
        for count in options.hosts:
            ways = [way for way in WAYS if way != TASKS_NAME or count <= options.peers]
            fleets[count] = measure_fleet(folder, count, ways, options.forks)
    document = page(fleets, options, octets)
    print(document)
    if options.write:
        options.write.write_text(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
