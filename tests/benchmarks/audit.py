# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit costs on the controller: reading saved evidence, judging it, and each report, by the size of the fleet.

    python tests/benchmarks/audit.py [--hosts 100 1000 10000] [--runs 3] [--write docs/benchmarks-audit.md]

The fleets are made up: most hosts are in order, one in ten is wrong in one of several ways, some have the kdump of
their distribution or none, some were not reached. Every second host has a drill of its own, the others go by a twin's.
Every step runs in a process of its own, forked from one that has what the step needs, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import pathlib
import resource
import sys
import tempfile
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".tree"))

from ansible_collections.linux.kdump.plugins.module_utils.audit.artifacts import Artifacts, read_artifacts
from ansible_collections.linux.kdump.plugins.module_utils.audit.documents import AuditDocument, HostDocument
from ansible_collections.linux.kdump.plugins.module_utils.audit.judge import Bench, judge
from ansible_collections.linux.kdump.plugins.module_utils.audit.merge import read_documents, write_document
from ansible_collections.linux.kdump.plugins.module_utils.audit.policy import Policy, read_policy
from ansible_collections.linux.kdump.plugins.module_utils.audit.report.forms import Form
from ansible_collections.linux.kdump.plugins.plugin_utils.audit_reports import REPORTS
from ansible_collections.linux.kdump.tests.unit import audit_hosts as samples

COMMAND = "tests/benchmarks/audit.py"
GROUPS = ("web", "database", "edge", "build")
POLICY = {"name": "fleet", "posture": "required", "groups": {"build": {"posture": "optional"}}}
#: What is wrong with one host in ten; each is found by another control.
FAULTS: tuple[dict[str, t.Any], ...] = (
    {"crash__loaded": False},
    {"load_current": False},
    {"service": {"enabled": False, "active": False}},
    {"crash__reserved_bytes": 0},
    {"target__free_bytes": 1 << 30},
    {"folder__mode": "0755"},
    {"sysctls__kernel!panic_on_oops": 0},
    {"tools": {"kexec": None, "makedumpfile": None}},
    {"boot": samples.GONE},
)


class Cost(t.NamedTuple):
    """What a step took."""

    seconds: float
    cpu: float
    #: Peak of resident memory that it needed on top of what it was given.
    memory: int
    octets: int


def evidence_of(number: int, name: str) -> dict[str, t.Any] | None:
    """What one host of the fleet told."""
    if number % 97 == 96:
        return None
    make = samples.off if number % 50 == 49 else samples.debian if number % 25 == 24 else samples.armed
    evidence = make(**FAULTS[number // 10 % len(FAULTS)] if number % 10 == 9 else {})
    evidence.update(nodename=name, uptime=86400.5 + number, boot_id=f"{number:032x}")
    if evidence["target"]["free_bytes"] > 1 << 30:
        evidence["target"]["free_bytes"] -= number * 4096
    return evidence


def make_fleet(count: int, folder: pathlib.Path) -> None:
    """The files that collecting and drills leave on the controller."""
    for number in range(count):
        name = f"host{number:05}.example.org"
        groups = [GROUPS[number % 4], f"rack{number % 40}"]
        document = samples.document_of(name, evidence_of(number, name), groups=groups)
        write_document(str(folder / "hosts"), document)
        if number % 2 == 0:
            place = folder / "artifacts" / name / "20260220T100000Z-00000000"
            place.mkdir(parents=True)
            (place / "proof.json").write_text(json.dumps(samples.drill(host={"name": name, "machine": "x86_64"})))


def policy_for(documents: t.Iterable[HostDocument]) -> Policy:
    fleet = {document["host"]: document["groups"] for document in documents}
    return read_policy(POLICY, fleet, groups=GROUPS, today=samples.NOW.date())


def judged(documents: list[HostDocument], artifacts: Artifacts) -> AuditDocument:
    bench = Bench(samples.NOW, "0.1.0", artifacts.proofs, artifacts.collected)
    return judge(documents, policy_for(documents), bench)


def measure(step: t.Callable[[], int]) -> Cost:
    """A step in a process of its own; it returns the size of what it made."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        # The peak of a forked process begins with what its parent has.
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started, processor = time.perf_counter(), time.process_time()
        octets = step()
        taken = (time.perf_counter() - started, time.process_time() - processor)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        os.write(send, json.dumps([*taken, grown, octets]).encode())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as answer:
        told = answer.read()
    os.waitpid(child, 0)
    if not told:
        sys.exit("Cannot measure: a step failed, see above.")
    return Cost(*json.loads(told))


def least(step: t.Callable[[], int], runs: int) -> Cost:
    """The least of several runs."""
    return min((measure(step) for _run in range(runs)), key=lambda cost: cost.cpu)


def read(folder: pathlib.Path) -> tuple[list[HostDocument], Artifacts]:
    return read_documents(str(folder / "hosts")), read_artifacts(str(folder / "artifacts"))


def read_step(folder: pathlib.Path) -> int:
    read(folder)
    return sum(path.stat().st_size for path in folder.glob("hosts/*"))


def judge_step(documents: list[HostDocument], artifacts: Artifacts) -> int:
    judged(documents, artifacts)
    return 0


def report_step(form: Form, result: AuditDocument) -> int:
    return sum(len(piece.encode()) for piece in form.render(result))


def measure_fleet(count: int, runs: int) -> dict[str, Cost]:
    """Every step for one size of the fleet."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_fleet(count, folder)
        costs = {"read evidence and drills": least(functools.partial(read_step, folder), runs)}
        documents, artifacts = read(folder)
    costs["judge"] = least(functools.partial(judge_step, documents, artifacts), runs)
    result = judged(documents, artifacts)
    for form, about in REPORTS.items():
        costs[f"report `{form}`"] = least(functools.partial(report_step, about, result), runs)
    return costs


def table(fleets: dict[int, dict[str, Cost]]) -> str:
    """Each step in each fleet, and how much more a host costs in the greatest than in the smallest."""
    lines = ["| hosts | step | wall, s | CPU, s | CPU a host, ms | memory, MiB | size, MB |", "| --- " * 7 + "|"]
    for count, costs in fleets.items():
        for name, cost in costs.items():
            size = f"{cost.octets / 1e6:.2f}" if cost.octets else ""
            each = f"{cost.cpu / count * 1000:.3f}"
            figures = [f"{cost.seconds:.2f}", f"{cost.cpu:.2f}", each, f"{cost.memory / 2**20:.0f}", size]
            lines.append(f"| {count:,} | {name} | {' | '.join(figures)} |")
    return "\n".join(lines)


def growth(fleets: dict[int, dict[str, Cost]]) -> str:
    """What a host costs in each fleet, in what it costs in one before it that is large enough to tell."""
    counts = sorted(fleets)[-2:]
    if len(counts) < 2:
        return ""
    few, many = counts
    lines = [f"| step | CPU of a host among {many:,}, in that of one among {few:,} |", "| --- | --- |"]
    for name in fleets[few]:
        ratio = (fleets[many][name].cpu / many) / (fleets[few][name].cpu / few)
        lines.append(f"| {name} | {ratio:.2f} |")
    return "\n".join(lines)


def page(fleets: dict[int, dict[str, Cost]], options: argparse.Namespace) -> str:
    """The document."""
    info = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), "unknown")
    counts = " ".join(map(str, fleets))
    version = ".".join(map(str, sys.version_info[:3]))
    return "\n\n".join(
        [
            "# What an audit costs on the controller",
            "Evidence of made-up fleets, about 3.4 KB a host, from files to reports. Every second host has a drill of\n"
            "its own, the others go by a twin's. Least CPU time of the runs; memory is what a step needs on top of\n"
            "what it is given. Collecting is not in it.",
            f"    python {COMMAND} --hosts {counts} --runs {options.runs} --write docs/benchmarks-audit.md",
            f"{os.cpu_count()} × {model}; Python {version}; load average {os.getloadavg()[0]:.1f} at the end.\n"
            "The wall times have that load in them, the CPU times have not.",
            table(fleets),
            "## Growth",
            growth(fleets),
        ]
    ) + "\n"  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, nargs="+", default=[100, 1000, 10000], help="sizes of the fleets")
    parser.add_argument("--runs", type=int, default=3, help="runs of each step")
    parser.add_argument("--write", type=pathlib.Path, help="a file for the document")
    options = parser.parse_args()
    document = page({count: measure_fleet(count, options.runs) for count in options.hosts}, options)
    print(document)
    if options.write:
        options.write.write_text(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
