# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One target in one process: fuzz it, or run one input of it.

python -m ...tests.fuzz.one TARGET FILE runs the input; more arguments are libFuzzer's.
"""

from __future__ import annotations

import sys
import time
import typing as t
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ansible_collections.linux.kdump.plugins.module_utils"]):
    from ansible_collections.linux.kdump.tests.fuzz.targets import TARGETS, Target

#: What any file may cost, as the documentation promises.
MEMORY: t.Final = 150 << 20
SECONDS: t.Final = 10.0


def usage(name: str) -> int:
    """Bytes of memory: now (VmRSS), or at most (VmHWM). What getrusage() tells is also that before exec()."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith(f"{name}:"))


def bounded(target: Target, data: bytes) -> None:
    """Run one input within the bounds; time is that of the processor, so that a busy machine is no crash."""
    memory, peak, started = usage("VmRSS"), usage("VmHWM"), time.process_time()
    target.run(data)
    if time.process_time() - started > SECONDS:
        raise AssertionError(f"it took {time.process_time() - started:.1f} s")
    highest = usage("VmHWM")
    if highest > peak and highest - memory > MEMORY:
        raise AssertionError(f"it took {highest - memory} bytes of memory")


def main() -> None:
    """Run one input, or fuzz in a folder of inputs until libFuzzer says that it is enough."""
    name, place, *options = sys.argv[1:]
    target = TARGETS[name]()
    if Path(place).is_file():
        bounded(target, Path(place).read_bytes())
        return
    for number, seed in enumerate(target.seeds()):
        Path(place, f"seed-{number}").write_bytes(seed)
    arguments = [sys.argv[0], place, f"-max_len={target.length}", *options]
    atheris.Setup(arguments, lambda data: bounded(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
