# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a crash takes, from the panic to the machine's return: this collection and Debian's kdump-tools.

    python tests/benchmarks/capture_time.py [--runs 3] [--keep] [--write docs/benchmarks-capture.md]

Two guests from one image, alike in memory and processors; one is armed by the playbook deploy, in the other the package
kdump-tools is installed (once: its disk is kept in the cache, since that takes minutes on an emulated processor). They
crash by turns, while the other stands still, and one observer reads both consoles. A run counts only if a dump lies on
the guest's disk afterwards. Prints a table; the status is 1 where a run left no dump.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".tree"))

from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.build import default_cache
from ansible_collections.linux.kdump.plugins.module_utils.console import Lines, Tail
from ansible_collections.linux.kdump.plugins.module_utils.lab import qmp
from ansible_collections.linux.kdump.tests.benchmarks.capture.moments import OURS, PEER, Contender, Stopwatch, table

PLAYBOOKS = pathlib.Path(__file__).with_name("capture")
#: Seconds between two looks at a console; what the figures can tell apart.
EVERY = 0.02
#: Seconds that one crash may take, to the return of ssh.
LIMIT = 600
#: Seconds until a guest that is back is armed again.
ARMED_LIMIT = 900
ARMED = "cat /sys/kernel/kexec_crash_loaded"
STATE = "systemctl is-system-running || :"
SETTLED = (["1", "running"], ["1", "degraded"])
#: What each leaves in /var/crash; a dump under another name is not complete.
DUMPS = "ls -1 /var/crash/*/vmcore /var/crash/*/dump.* 2>/dev/null || :"
TELL = (
    "uname -r; grep -h MemTotal /proc/meminfo; nproc; cat /sys/kernel/kexec_crash_size; cat /proc/cmdline;"
    " dpkg-query -W -f '${Package} ${Version}\\n' kdump-tools makedumpfile kexec-tools 2>/dev/null || :"
)


@dataclass
class Guest:
    """A running guest of the lab."""

    contender: Contender
    facts: dict[str, t.Any]

    def ssh(self, command: str, *, check: bool = True, limit: float = 60) -> str:
        """Run a command in it."""
        facts = self.facts
        argv = [
            "ssh", *shlex.split(facts["ssh_args"]), "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
            "-i", facts["key"], "-p", str(facts["port"]), f"{facts['user']}@{facts['host']}", command,
        ]  # fmt: skip
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=limit)
        except subprocess.TimeoutExpired:
            return ""
        if check and done.returncode:
            sys.exit(f"Cannot run {command!r} on {facts['name']}: {done.stderr.strip()}")
        return done.stdout

    def stand(self, still: bool) -> None:
        """Stand still, or go on."""
        qmp.execute(self.facts["qmp"], "stop" if still else "cont")

    def wait_until_armed(self) -> None:
        """Wait until it is up and would save a crash."""
        end = time.monotonic() + ARMED_LIMIT
        while time.monotonic() < end:
            if self.ssh(f"{ARMED}; {STATE}", check=False).split() in SETTLED:
                return
            time.sleep(1)
        sys.exit(f"Cannot go on: {self.facts['name']} was not armed within {ARMED_LIMIT} seconds. See its console.")

    def answers(self) -> bool:
        """Whether an ssh server greets; QEMU itself takes the connection in any case."""
        try:
            with socket.create_connection((self.facts["host"], self.facts["port"]), timeout=2) as connection:
                connection.settimeout(2)
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


def crash(guest: Guest) -> dict[str, float] | None:
    """Crash it and follow it until it is back; None where it left no dump."""
    guest.wait_until_armed()
    guest.ssh("rm -rf /var/crash/*; sync")
    # A session that would outlive the guest would keep us waiting for its end.
    tail, lines, watch = Tail(guest.facts["console"]), Lines(), Stopwatch(guest.contender)
    guest.ssh("(sleep 1; echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &")
    end = time.monotonic() + LIMIT
    while time.monotonic() < end and not watch.done:
        text, now = tail.read(), time.monotonic()
        for line in lines.feed(text):
            watch.line(now, line)
        if not text:
            time.sleep(EVERY)
    while time.monotonic() < end and not guest.answers():
        time.sleep(EVERY)
    watch.times["ssh"] = time.monotonic()
    guest.wait_until_armed()
    return watch.since_panic() if guest.ssh(DUMPS).strip() else None


def prepare(contender: Contender, playbook: str, folder: pathlib.Path) -> Guest:
    """Have a guest, as a playbook makes it."""
    answer = folder / playbook
    if play(playbook, "--extra-vars", f"answer={answer} cache={shlex.quote(default_cache(os.environ))}"):
        sys.exit(f"Cannot prepare the guest of {contender.name}: see above.")
    return Guest(contender, json.loads(answer.read_text()))


def play(playbook: str, *options: str) -> int:
    """Run one of the benchmark's playbooks; its status."""
    beside = pathlib.Path(sys.executable).with_name("ansible-playbook")
    command = str(beside) if beside.exists() else "ansible-playbook"
    places = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".tree")}
    argv = [command, str(PLAYBOOKS / playbook), *options]
    return subprocess.run(argv, env={**os.environ, **places}, stdout=sys.stderr, check=False).returncode


def page(guests: list[Guest], told: dict[str, str], runs: dict[str, list[dict[str, float]]], count: int) -> str:
    """The document."""
    model = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")  # fmt: skip
    about = [f"### {name}\n\n```\n{text.strip()}\n```" for name, text in told.items()]
    return "\n\n".join(
        [
            "# From the panic to the machine's return",
            "Two guests from one image, alike in memory and processors. One is armed by `linux.kdump.deploy` with its\n"
            "defaults, in the other Debian's package `kdump-tools` is installed and switched on. They crash by turns\n"
            "(`sysrq-c`), and one observer reads both consoles. A run counts only if a complete dump lies on the\n"
            "guest's disk afterwards. Medians, with the range of the runs.",
            f"    python tests/benchmarks/capture_time.py --runs {count} --write docs/benchmarks-capture.md",
            f"{os.cpu_count()} × {model}; accelerator {guests[0].facts['accel']}; {count} runs each.",
            table(runs),
            "## What ran",
            "Kernel, memory, processors, bytes reserved, command line, packages.",
            *about,
        ]
    ) + "\n"  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="crashes of each guest")
    parser.add_argument("--keep", action="store_true", help="leave the guests running afterwards")
    parser.add_argument("--write", type=pathlib.Path, help="a file for the document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        try:
            guests = [prepare(OURS, "ours.yml", place), prepare(PEER, "peer.yml", place)]
            return measure(guests, options)
        finally:
            if not options.keep:
                play("down.yml")


def measure(guests: list[Guest], options: argparse.Namespace) -> int:
    """Let them crash by turns."""
    runs: dict[str, list[dict[str, float]]] = {guest.contender.name: [] for guest in guests}
    told = {}
    for guest in guests:
        guest.wait_until_armed()
        told[guest.contender.name] = guest.ssh(TELL)
        guest.stand(still=True)
    lost = 0
    for number in range(options.runs):
        for guest in guests:
            guest.stand(still=False)
            times = crash(guest)
            guest.stand(still=True)
            print(json.dumps({"run": number + 1, "of": guest.contender.name, "times": times}), file=sys.stderr)
            lost += times is None
            runs[guest.contender.name] += [times] if times else []
    for guest in guests:
        guest.stand(still=False)
    document = page(guests, told, runs, options.runs)
    print(document)
    if options.write:
        options.write.write_text(document)
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
