# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to look at a dump: vmcore_info beside the tools that others wrote, on the same real dumps.

    python tests/benchmarks/vmcore_info.py [--runs 5] [--write docs/benchmarks-vmcore.md] [--debug-info]

Crashes a guest of 1 GiB once (it is kept) and prints tables in Markdown. Times are the least of all runs, memory is
the most that a process ever had resident. With --debug-info it also measures what crash and drgn do with the kernel's
debug information, a download of 280 MB. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import functools
import os
import pathlib
import platform
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / ".tree"))

from ansible_collections.linux.kdump.plugins.module_utils.lab.packages import Apt, Wanted
from ansible_collections.linux.kdump.tests.unit import vmcore_files, vmcores
from ansible_collections.linux.kdump.tests.vmcores import dumps, guests, packages

ROOT: t.Final = pathlib.Path(__file__).parents[2]
MIB: t.Final = 1 << 20
#: Seconds for one run of anything.
LIMIT: t.Final = 300
DUMPS: t.Final = {
    "elf": "Unfiltered ELF", "zlib": "Compressed kdump, `-d 31`, zlib", "lzo": "Compressed kdump, `-d 31`, lzo",
    "flat": "Flattened kdump, `-d 31`, lzo", "flat-elf": "Flattened ELF, `-d 31`",
}  # fmt: skip
GROWTH_GIB: t.Final = (0.25, 0.5, 1, 2, 4, 8)
_LIBRARY: t.Final = """
import sys, time
sys.path.insert(0, sys.argv[3])
from ansible_collections.linux.kdump.plugins.module_utils.vmcore.examine import examine
started = time.perf_counter()
document = examine(sys.argv[1], depth=sys.argv[2])
print(time.perf_counter() - started, document["verdict"])
"""
_DRGN: t.Final = """
import sys, drgn
from drgn.helpers.linux.kallsyms import load_vmlinux_kallsyms
program = drgn.Program()
program.set_core_dump(sys.argv[1])
program.register_symbol_finder("kallsyms", load_vmlinux_kallsyms(program), enable_index=0)
program["VMCOREINFO"].string_(), program["UTS_RELEASE"], program.symbol("panic")
"""
_DRGN_DEBUG: t.Final = """
import sys, drgn
from drgn.helpers.linux.printk import get_dmesg
program = drgn.Program()
program.set_core_dump(sys.argv[1])
program.load_debug_info([sys.argv[2]])
get_dmesg(program), str(program.crashed_thread().stack_trace())
"""


@dataclass(frozen=True)
class Cost:
    """What a command took; ``inner`` is what it measured itself."""

    wall: float
    cpu: float
    mib: float
    inner: float | None = None


@dataclass(frozen=True)
class Contender:
    """A command to measure, and what it does."""

    name: str
    argv: tuple[str, ...]
    does: str


def measure(argv: t.Sequence[str], runs: int) -> Cost | str:
    """The least of some runs, and the memory of another one; what it said where it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=LIMIT, check=False)
    if done.returncode:
        return next((line for line in (done.stderr + done.stdout).splitlines()[::-1] if line.strip()), "?").strip()
    timed = [timed_run(argv) for _run in range(runs)]
    inner = [run[2] for run in timed if run[2] is not None]
    return Cost(
        wall=min(run[0] for run in timed), cpu=min(run[1] for run in timed), mib=peak(argv) / MIB,
        inner=min(inner) if inner else None,
    )  # fmt: skip


def timed_run(argv: t.Sequence[str]) -> tuple[float, float, float | None]:
    """Seconds by the clock and of processors, and the first number that it prints, where it is ours."""
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL) as process:
            _pid, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read(64).split()
    inner = float(printed[0]) if _LIBRARY in argv and printed else None
    return wall, usage.ru_utime + usage.ru_stime, inner


def peak(argv: t.Sequence[str]) -> int:
    """The most bytes that a process or one of its children had resident.

    Linux counts in what a process was before it became the command, so it must be started by something small.
    """
    return _resident(argv)[0] * 1024 // _unit()


def _resident(argv: t.Sequence[str]) -> tuple[int, str]:
    """What busybox calls the maximum resident set size, and what the command printed."""
    with tempfile.NamedTemporaryFile("r") as report:
        measured = ["busybox", "time", "-o", report.name, "-f", "%M", *argv]
        done = subprocess.run(measured, capture_output=True, text=True, errors="replace", timeout=LIMIT, check=False)
        return int(report.read().split()[-1]), done.stdout


@functools.cache
def _unit() -> int:
    """What busybox multiplies by: it takes KiB for pages."""
    told, status = _resident(["cat", "/proc/self/status"])
    true = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return max(1, round(told / true))


class Bench:
    """All contenders, on one folder of dumps."""

    def __init__(self, crashed: dumps.Crashed, scratch: pathlib.Path, *, runs: int, debug: pathlib.Path | None) -> None:
        self._crashed, self._scratch, self._runs, self._debug = crashed, scratch, runs, debug
        self._drgn = python_with_drgn()

    def contenders(self, dump: pathlib.Path, payload: pathlib.Path) -> t.Iterator[Contender]:
        """Ours first."""
        yield library(dump, "content")
        yield Contender(
            "vmcore_info, module as Ansible runs it",
            (sys.executable, str(payload)),
            "the same, from packed file to JSON",
        )
        yield library(dump, "structure")
        text = str(self._scratch / "dmesg")
        if dump.name.startswith("flat"):
            whole = str(self._scratch / "whole")
            script = (
                f"rm -f {whole} {text}; makedumpfile -R {whole} < {dump} && makedumpfile --dump-dmesg {whole} {text}"
            )
            yield Contender("makedumpfile -R, then --dump-dmesg", ("sh", "-c", script), "log")
        script = f"rm -f {text}; exec makedumpfile --dump-dmesg {dump} {text}"
        yield Contender("makedumpfile --dump-dmesg", ("sh", "-c", script), "log")
        yield Contender("vmcore-dmesg", (str(self._crashed.dump("vmcore-dmesg")), str(dump)), "log")
        yield Contender("crash --osrelease", ("crash", "--osrelease", str(dump)), "release")
        if self._drgn:
            yield Contender("drgn", (self._drgn, "-c", _DRGN, str(dump)), "release, VMCOREINFO, symbols; no log")
        if self._debug:
            yield from self._with_debug_info(dump, self._debug)

    def _with_debug_info(self, dump: pathlib.Path, debug: pathlib.Path) -> t.Iterator[Contender]:
        commands = self._scratch / "commands"
        commands.write_text("log\nbt\nexit\n")
        argv = ("crash", "-s", "-i", str(commands), str(debug), str(dump))
        yield Contender("crash -s, with debug info", argv, "log, backtrace")
        if self._drgn:
            with_debug = (self._drgn, "-c", _DRGN_DEBUG, str(dump), str(debug))
            yield Contender("drgn, with debug info", with_debug, "log, backtrace")

    def table(self, name: str) -> list[str]:
        """One dump, all contenders."""
        dump = self._crashed.dump(name)
        payload = packed_module(dump, self._scratch)
        rows = [(contender, measure(contender.argv, self._runs)) for contender in self.contenders(dump, payload)]
        base = next(cost for _contender, cost in rows if isinstance(cost, Cost))
        lines = ["", f"### {DUMPS[name]}: {dump.stat().st_size / 1e6:,.0f} MB", ""]
        lines += [
            "| | does | wall, s | CPU, s | memory, MiB | wall, in library calls |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        return lines + [row(contender, cost, base) for contender, cost in rows]


def library(dump: pathlib.Path, depth: str) -> Contender:
    """The library in a fresh Python."""
    does = {"structure": "structure", "content": "structure, identity, log, triage"}[depth]
    argv = (sys.executable, "-c", _LIBRARY, str(dump), depth, str(ROOT / ".tree"))
    return Contender(f"vmcore_info, library, depth `{depth}`", argv, does)


def row(contender: Contender, cost: Cost | str, base: Cost) -> str:
    """A line of the table."""
    if isinstance(cost, str):
        return f"| {contender.name} | cannot: {cost.replace('|', '/')[:100]} | | | | |"
    wall = f"{cost.wall:.3f}" + (f" (the call {cost.inner:.3f})" if cost.inner is not None else "")
    ratio = f"{cost.wall / base.wall:.2f}"
    return f"| {contender.name} | {contender.does} | {wall} | {cost.cpu:.3f} | {cost.mib:.1f} | {ratio} |"


def packed_module(dump: pathlib.Path, scratch: pathlib.Path) -> pathlib.Path:
    """The very file that Ansible copies to a host and runs there."""
    folder = scratch / f"payload-{dump.name}"
    environment = {
        **os.environ, "ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TMP": str(folder), "ANSIBLE_PIPELINING": "0",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".tree"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    }  # fmt: skip
    ansible = pathlib.Path(sys.executable).with_name("ansible")
    argv = [str(ansible), "localhost", "-i", "localhost,", "-c", "local", "-m", "linux.kdump.vmcore_info"]
    argv += ["-e", f"ansible_python_interpreter={sys.executable}", "-a", f"path={dump}"]
    subprocess.run(argv, env=environment, check=True, capture_output=True, timeout=LIMIT)
    (found,) = folder.glob("*/AnsiballZ_vmcore_info.py")
    return found


def python_with_drgn() -> str | None:
    """An interpreter that has drgn: this one, or that of the test session about readers."""
    for python in (sys.executable, str(ROOT / ".nox" / "vmcores" / "bin" / "python")):
        if os.path.exists(python):
            done = subprocess.run([python, "-c", "import drgn"], capture_output=True, check=False)
            if done.returncode == 0:
                return python
    return None


def grown(elf: pathlib.Path, target: pathlib.Path, size: int) -> None:
    """The dump with more memory at its end, all of it a hole in the file, until its segments have this size."""
    subprocess.run(["cp", "--sparse=always", elf, target], check=True)
    with target.open("r+b") as stream:
        head = bytearray(stream.read(4096))
        offset, count = struct.unpack_from("<Q", head, 32)[0], struct.unpack_from("<H", head, 56)[0]
        end = -(-elf.stat().st_size // 4096) * 4096
        linear, physical = max(struct.unpack_from("<QQ", head, offset + 56 * number + 16) for number in range(2, count))
        more = max(size - end, 4096)
        at = 4 << 30
        entry = struct.pack("<IIQQQQQQ", 1, 7, end, linear - physical + at, at, more, more, 0)
        head[offset + 56 * count : offset + 56 * (count + 1)] = entry
        struct.pack_into("<H", head, 56, count + 1)
        stream.seek(0)
        stream.write(head)
        stream.truncate(end + more)


class LargeMachine(vmcores.Machine):
    """A machine of the unit tests with more memory, all of it zeros."""

    def get(self, physical: int, size: int) -> bytes:
        return super().get(physical, size) if physical < self.base + vmcores.SIZE else bytes(size)


def synthetic_kdump(target: pathlib.Path, size: int) -> None:
    """A kdump file with a descriptor for each page of so much memory."""
    machine = LargeMachine()
    machine.size = size
    target.write_bytes(vmcore_files.write_kdump(machine, vmcore_files.KdumpOptions("raw")))


def growth(elf: pathlib.Path, scratch: pathlib.Path, runs: int) -> list[str]:
    """How the library's cost grows with the memory of the crashed machine."""
    columns = [f"{kind}, `{depth}`, {unit}" for kind in ("ELF", "kdump") for depth in ("structure", "content")
               for unit in ("s", "MiB")]  # fmt: skip
    lines = ["", f"| memory, GiB | {' | '.join(columns)} |", "| --- " * (1 + len(columns)) + "|"]
    target = scratch / "grown"
    for gib in GROWTH_GIB:
        cells: list[str] = []
        for make in (lambda size: grown(elf, target, size), lambda size: synthetic_kdump(target, size)):
            make(int(gib * (1 << 30)))
            for depth in ("structure", "content"):
                cost = measure(library(target, depth).argv, runs)
                cells += [f"{cost.inner:.3f}", f"{cost.mib:.1f}"] if isinstance(cost, Cost) else [cost, ""]
            target.unlink()
        lines.append(f"| {gib:g} | {' | '.join(cells)} |")
    return lines


def debug_vmlinux(release: str, scratch: pathlib.Path) -> pathlib.Path:
    """The kernel with its debug information, kept beside the dumps."""
    kept = dumps.cache() / f"vmlinux-{release}"
    if not kept.exists():
        root = scratch / "debug"
        package = f"linux-image-{release}-dbg"
        apt = Apt(str(scratch / "apt"), Wanted(guests.LARGE.architecture, (package,)), packages.RUNNER)
        apt.unpack([package], str(root))
        shutil.move(root / "usr/lib/debug/boot" / f"vmlinux-{release}", f"{kept}.part")
        os.rename(f"{kept}.part", kept)
        shutil.rmtree(root)
    return kept


def version(*argv: str) -> str:
    """The first line of what a tool says of its version."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return f"{argv[0]}: not installed"
    return next((line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()), argv[0])


def heading(argv: t.Sequence[str], runs: int) -> list[str]:
    """What was measured, and where."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    drgn = python_with_drgn()
    tools = [version("makedumpfile", "-v"), version("crash", "--version")]
    tools += [version(drgn, "-c", "import drgn; print('drgn', drgn.__version__)")] if drgn else []
    return [
        "# What a look at a dump costs", "",
        "Every reader on the same dumps: a crash of a guest with 1 GiB of memory (x86_64, stock kernel of Debian 12),",
        "saved in several formats.",
        f"Each time is the least of {runs} runs, with the file in the page cache; process start counts."
        " Memory is the peak of resident pages.", "",
        "Tools in C that print the log and no more take milliseconds, less than a Python needs to start: the module's",
        "whole run is far above three times theirs. crash prints no log of these kernels without debug information,",
        "and with it takes the longest by far. drgn has symbols without debug information, but no log.", "",
        "    " + shlex.join(["python", "tests/benchmarks/vmcore_info.py", *argv]), "",
        f"{os.cpu_count()} × {model}; Python {platform.python_version()}; {'; '.join(tools)};"
        " vmcore-dmesg of Debian 12.",
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="how often each command is run")
    parser.add_argument("--write", type=pathlib.Path, help="write the tables to this file instead of printing them")
    parser.add_argument("--debug-info", action="store_true", help="also measure what needs debug information")
    options = parser.parse_args()
    crashed = dumps.crash(guests.LARGE)
    with tempfile.TemporaryDirectory(prefix="kdump-bench-", dir=dumps.cache()) as folder:
        scratch = pathlib.Path(folder)
        debug = debug_vmlinux(crashed.live("release"), scratch) if options.debug_info else None
        bench = Bench(crashed, scratch, runs=options.runs, debug=debug)
        lines = heading(sys.argv[1:], options.runs)
        lines += [line for name in DUMPS for line in bench.table(name)]
        lines += ["", "### How it grows with memory (the library call alone, sparse dumps)"]
        lines += growth(dumps.crash(guests.GUESTS[0]).dump("elf"), scratch, options.runs)
    text = "\n".join(lines) + "\n"
    if options.write:
        options.write.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
