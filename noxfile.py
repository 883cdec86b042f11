# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check, one session each: `make test` runs them all in this order, `make check` the quick ones."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True
nox.options.sessions = [
    "lint", "ansible_lint", "units", "units_oldest", "units_newer", "browser", "fleet", "docs", "importer",
    "sanity", "ansible_test_units", "fuzz", "vmcores", "integration", "molecule",
]  # fmt: skip

ROOT = pathlib.Path(__file__).parent
TREE = ROOT / ".tree"
COLLECTION = TREE / "ansible_collections" / "linux" / "kdump"
#: Interpreters beyond the one that runs this file, newest first; each is used where the machine has it.
NEWER = ("3.14", "3.13", "3.12")
OLDEST_TARGET = "3.9"
SCENARIOS = ("default", "failures")
#: How pytest runs on a further interpreter: `units` has tried every example of a property.
BRIEFLY = ("--numprocesses=auto", "--hypothesis-profile=brief")
#: Tests of what imports no Ansible, most of all: they run in one process, where ansible-test forks for each.
PURE = ("tests/unit/plugins/module_utils",)


def interpreter(version: str) -> str | None:
    """A working interpreter of this version; the shims of version managers do not count, they may lead nowhere."""
    managed = sorted(
        pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv")).glob(f"versions/{version}.*/bin")
    )
    for folder in [*map(str, managed), *os.environ["PATH"].split(os.pathsep)]:
        candidate = shutil.which(f"python{version}", path=folder)
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def newest() -> str | None:
    """The newest interpreter above our own for which there is an ansible-core."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    return next((path for version in NEWER if version != own and (path := interpreter(version))), None)


def prepare(session: nox.Session, requirements: str) -> None:
    """Install pinned requirements and make the checkout visible as linux.kdump."""
    session.install("--disable-pip-version-check", "--requirement", f"requirements/{requirements}.txt")
    link = COLLECTION
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(pathlib.Path("..", "..", ".."))
    session.env.update(
        PYTHONPATH=str(TREE), ANSIBLE_COLLECTIONS_PATH=str(TREE), ANSIBLE_CONFIG=str(ROOT / "ansible.cfg")
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, YAML and the language level of what runs on managed hosts."""
    prepare(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy", str(COLLECTION / "plugins"), str(COLLECTION / "tests" / "unit"), env={"MYPYPATH": str(TREE)})
    session.run(
        "mypy", str(COLLECTION / "tests" / "vmcores"), "tests/benchmarks/vmcore_info.py", env={"MYPYPATH": str(TREE)}
    )
    session.run("mypy", str(COLLECTION / "tests" / "fuzz"), env={"MYPYPATH": str(TREE)})
    session.run("mypy", str(COLLECTION / "tests" / "matrix"), env={"MYPYPATH": str(TREE)})
    session.run("mypy", str(COLLECTION / "tests" / "fleet"), env={"MYPYPATH": str(TREE)})
    # What roles install on hosts runs there by itself.
    session.run("mypy", str(COLLECTION / "roles" / "dump_server" / "files"), env={"MYPYPATH": str(TREE)})
    session.run("mypy", "noxfile.py", *map(str, sorted(pathlib.Path("tools").glob("*.py"))))
    session.run("yamllint", "--strict", ".")
    targets = ["plugins/modules", "plugins/module_utils", "roles/dump_server/files"]
    session.run("vermin", "--quiet", "--no-tips", "--violations", "--no-eval-annotations", "--target=3.9-", *targets)


@nox.session
def ansible_lint(session: nox.Session) -> None:
    """Roles, playbooks and scenarios, by the production profile."""
    prepare(session, "lint")
    session.run("ansible-lint", "--strict")


@nox.session
def units(session: nox.Session) -> None:
    """Unit tests on this interpreter."""
    prepare(session, "units")
    session.run("pytest", "--numprocesses=auto", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """The reports: their pages in headless Chromium, their other forms in the validators that others made for them."""
    prepare(session, "reports")
    session.run("pytest", *(session.posargs or ["tests/browser", "tests/reports"]))


@nox.session
def fleet(session: nox.Session) -> None:
    """An audit over several workers of ansible-runner, one of which is killed; what an execution environment needs."""
    prepare(session, "fleet")
    session.run("pytest", "tests/fleet", *session.posargs)


@nox.session(venv_backend="none")
def units_oldest(session: nox.Session) -> None:
    """Unit tests of what is pure, on the oldest Python of a managed host, if this machine has it."""
    python = interpreter(OLDEST_TARGET)
    if python is None:
        session.skip(f"no Python {OLDEST_TARGET}: ansible_test_units runs them on our own")
    pytest = other_pytest(session, python, OLDEST_TARGET, "units-oldest")
    session.run(pytest, *BRIEFLY, *PURE, env={"PYTHONPATH": str(TREE)}, external=True)


@nox.session(venv_backend="none")
def units_newer(session: nox.Session) -> None:
    """Unit tests on the newest interpreter and ansible-core of this machine, if it has one."""
    python = newest()
    if python is None:
        session.skip("no interpreter newer than the controller's")
    pytest = other_pytest(session, python, re.sub(r".*python", "", python), "units")
    session.run(pytest, *BRIEFLY, env={"PYTHONPATH": str(TREE)}, external=True)


def other_pytest(session: nox.Session, python: str, version: str, requirements: str) -> str:
    """The pytest of an environment for another interpreter than nox's own."""
    environment = ROOT / ".nox" / f"units-{version}"
    if not (environment / "bin" / "pytest").exists():
        session.run(python, "-m", "venv", "--clear", str(environment), external=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    session.run(*pip, "--requirement", f"requirements/{requirements}.txt", external=True)
    return str(environment / "bin" / "pytest")


@nox.session
def docs(session: nox.Session) -> None:
    """Plugin documentation, guides and changelog fragments."""
    prepare(session, "docs")
    session.run("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", str(COLLECTION))
    session.chdir(str(COLLECTION))
    session.run("antsibull-changelog", "lint")


@nox.session
def importer(session: nox.Session) -> None:
    """What Galaxy would say to an upload."""
    prepare(session, "importer")
    output = pathlib.Path(session.create_tmp())
    source = copy_tracked(output / "source")
    session.run("ansible-galaxy", "collection", "build", "--force", "--output-path", str(output), str(source))
    tarball = max(output.glob("linux-kdump-*.tar.gz"), key=lambda path: path.stat().st_mtime)
    config = ROOT / "tools" / "galaxy-importer.cfg"
    session.run("python", "-m", "galaxy_importer.main", str(tarball), env={"GALAXY_IMPORTER_CONFIG": str(config)})


def copy_tracked(base: pathlib.Path) -> pathlib.Path:
    """A copy of the tracked files at ``ansible_collections/linux/kdump``: ansible-test accepts no symbolic link."""
    target = base / "ansible_collections" / "linux" / "kdump"
    shutil.rmtree(target, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = ROOT / name
        if source.exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name, follow_symlinks=False)
    return target


def ansible_test(session: nox.Session, *arguments: str) -> None:
    """Run ansible-test in a copy of the collection, with real interpreters on the path."""
    session.run("python", "tools/seed_ansible_test_pip.py")
    versions = ["3.9", "3.10", "3.11", "3.12", "3.13"]
    folders = [str(pathlib.Path(found).parent) for version in versions if (found := interpreter(version))]
    path = os.pathsep.join([session.bin, *folders, "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
    # Outside the checkout: below it, ansible-test would ask git, and git ignores everything in .nox.
    with (
        tempfile.TemporaryDirectory(prefix="kdump-ansible-test-") as base,
        session.chdir(str(copy_tracked(pathlib.Path(base)))),
    ):
        session.run("ansible-test", *arguments, env={"PATH": path, "PYTHONPATH": "", "ANSIBLE_CONFIG": ""})


@nox.session
def sanity(session: nox.Session) -> None:
    """ansible-test sanity, every test, every interpreter of this machine."""
    prepare(session, "controller")
    if not shutil.which("shellcheck"):
        session.error("Cannot check shell scripts: shellcheck is missing, and ansible-test would pass without it")
    ansible_test(session, "sanity", "--venv", "--color", "no", *session.posargs)


@nox.session
def ansible_test_units(session: nox.Session) -> None:
    """ansible-test units, on the oldest target Python: modules; what is pure has run in `units_oldest`."""
    prepare(session, "controller")
    oldest = interpreter(OLDEST_TARGET)
    version = OLDEST_TARGET if oldest else f"{sys.version_info.major}.{sys.version_info.minor}"
    chosen = session.posargs or (["tests/unit/plugins/modules/"] if oldest else [])
    ansible_test(session, "units", "--venv", "--python", version, "--color", "no", *chosen)


@nox.session
def fuzz(session: nox.Session) -> None:
    """The readers of dumps, on input that a fuzzer makes up: for half a minute, or as long as asked for."""
    prepare(session, "fuzz")
    session.run("python", "-m", "ansible_collections.linux.kdump.tests.fuzz.run", *session.posargs)


@nox.session
def vmcores(session: nox.Session) -> None:
    """Real dumps of several architectures, and the readers that others wrote beside ours."""
    prepare(session, "vmcores")
    session.run("pytest", "tests/vmcores", *session.posargs)
    # Here drgn is installed, which the unit tests do without.
    session.run("pytest", "tests/unit/plugins/module_utils/vmcore/translate/test_drgn.py")


@nox.session
def matrix(session: nox.Session) -> None:
    """Drills on emulated machines of every architecture. Builds kernels for an hour at first, so it is asked for."""
    prepare(session, "units")
    session.run("pytest", "--import-mode=importlib", "tests/matrix", *session.posargs)


@nox.session
def integration(session: nox.Session) -> None:
    """ansible-test integration: modules against this machine, without changing it."""
    prepare(session, "controller")
    ansible_test(
        session, "integration", "--venv", "--allow-root", "--allow-destructive", "--color", "no", *session.posargs
    )


@nox.session
def molecule(session: nox.Session) -> None:
    """The scenarios with real guests: the drill, and the failures that must be named."""
    prepare(session, "molecule")
    for scenario in session.posargs or SCENARIOS:
        session.run("molecule", "test", "--scenario-name", scenario)
