"""Every task there is. `nox -l` lists them; `nox` alone runs the tests.

The siblings always come from the checkout: each session hands pip the folders of all the packages
it needs in ONE call, so that nothing is looked up in an index that stands here (see
tests/test_checkout.py). `constraints.txt` holds the versions developed with.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import nox
from packaging.version import Version

ROOT = Path(__file__).parent
PACKAGES = ("facs-text", "vq-tokenizer", "auface-gen", "aaad", "cli", "studio")
IMPORTS = {
    "facs-text": "facs_text",
    "vq-tokenizer": "vq_tokenizer",
    "auface-gen": "auface_gen",
    "aaad": "aaad",
    "cli": "auface_cli",
    "studio": "auface_studio",
}
DISTRIBUTIONS = {name: name for name in PACKAGES} | {"cli": "auface", "studio": "auface-studio"}
# What a package needs from this checkout, itself left out.
SIBLINGS: dict[str, tuple[str, ...]] = {
    "facs-text": (),
    "vq-tokenizer": (),
    "auface-gen": ("facs-text", "vq-tokenizer"),
    "aaad": ("facs-text",),
    "cli": ("facs-text",),
    "studio": ("facs-text", "vq-tokenizer", "auface-gen", "aaad", "cli"),
}
# What `auface` needs of the others, and what the tests need: the Triton kernels run in Triton's
# interpreter, so a CPU is enough, onnxruntime runs what was exported, mitsuba draws the rig,
# selenium drives a chromium where there is one.
EXTRAS = {"aaad": "[detector]"}
TEST_EXTRAS = {
    "aaad": "[detector]",
    "auface-gen": "[rig]",
    "vq-tokenizer": "[test,faiss]",
    "studio": "[test,browser,notebook]",
}
# What the snippets of a README use beyond what its package needs.
README_EXTRAS = {"aaad": "[detector]"}
TEST_TOOLS = ("pytest", "hypothesis")

VERSIONS = ("3.11", "3.12", "3.13")
LONGEST = ("--durations=15", "--durations-min=1")
NO_TESTS = 5  # pytest's status where none was chosen

nox.options.sessions = ["tests"]
nox.options.error_on_missing_interpreters = False


def folder(package: str, extras: str = "") -> str:
    """The package's folder as pip takes it, extras included."""
    return f"{ROOT / 'packages' / package}{extras}"


def editable(packages: tuple[str, ...], extras: dict[str, str]) -> list[str]:
    """Arguments for pip that install the packages from the checkout, editable."""
    return [part for name in packages for part in ("-e", folder(name, extras.get(name, "")))]


def install(session: nox.Session, packages: tuple[str, ...], *tools: str) -> None:
    """The packages and the tools in one pip call under the constraints; for tests, with the
    extras that those need."""
    extras = TEST_EXTRAS if "pytest" in tools else EXTRAS
    wanted = editable(packages, extras)
    session.install("-c", str(ROOT / "constraints.txt"), *wanted, *tools)


def threads(session: nox.Session) -> None:
    """Idle worker threads should sleep: spinning ones halve the speed of a small machine."""
    session.env.setdefault("OMP_WAIT_POLICY", "passive")


@nox.session
def demo(session: nox.Session) -> None:
    """Install the packages and write demo/: a sheet of faces, their texts and their score."""
    install(session, PACKAGES)
    threads(session)
    session.run("auface", "demo", "--out", str(ROOT / "demo"), *session.posargs)


def every_test(session: nox.Session, *options: str, none: bool = False) -> None:
    """Each package's tests, then those that cross packages, with how long the longest took.
    none: a package may have no test of the kind asked for.
    """
    places = [f"packages/{name}/tests" for name in PACKAGES]
    codes = [0, NO_TESTS] if none else [0]
    for place in (*places, "tests"):
        session.run("pytest", place, *LONGEST, *options, *session.posargs, success_codes=codes)


@nox.session
def tests(session: nox.Session) -> None:
    """Every test but the slow ones: each package's, then those that cross packages."""
    install(session, PACKAGES, *TEST_TOOLS)
    threads(session)
    every_test(session)


@nox.session
def slow(session: nox.Session) -> None:
    """The tests marked slow, which `tests` leaves out: to be run before a release."""
    install(session, PACKAGES, *TEST_TOOLS)
    threads(session)
    every_test(session, "-m", "slow", none=True)


@nox.session(python=VERSIONS)
def pythons(session: nox.Session) -> None:
    """Every test under each Python that is supported; those that are not installed are skipped."""
    install(session, PACKAGES, *TEST_TOOLS)
    threads(session)
    every_test(session, "-m", "not gpu")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Damaged inputs for every reader: `nox -s fuzz -- --minutes 60 --seed 1`; ten minutes else.

    What is found is kept in fuzz-findings/; mended, it goes to tests/fuzz/regressions/.
    """
    install(session, PACKAGES, *TEST_TOOLS)
    threads(session)
    session.env.setdefault("OMP_NUM_THREADS", "1")
    session.run("python", "tests/fuzz/run.py", *session.posargs)


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def unit(session: nox.Session, package: str) -> None:
    """One package's tests in an environment with only what that package declares."""
    install(session, (package, *SIBLINGS[package]), *TEST_TOOLS)
    threads(session)
    session.run("pytest", f"packages/{package}/tests", *session.posargs)


@nox.session
def cross(session: nox.Session) -> None:
    """The tests that cross packages: contracts, the command end to end, hostile input."""
    install(session, PACKAGES, *TEST_TOOLS)
    threads(session)
    session.run("pytest", "tests", *session.posargs)


@nox.session
def isolation(session: nox.Session) -> None:
    """facs-text and the metric work where there is no torch."""
    session.install(
        "-c", "constraints.txt", "-e", folder("facs-text"), "-e", folder("aaad"), *TEST_TOOLS
    )
    session.run("python", "-c", "import importlib.util as u; assert u.find_spec('torch') is None")
    session.run("pytest", "packages/facs-text/tests")
    session.run("pytest", "packages/aaad/tests", "--ignore=packages/aaad/tests/detector")


@nox.session
def lint(session: nox.Session) -> None:
    """ruff: rules and formatting."""
    session.install("-c", "constraints.txt", "ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict, over all packages at once."""
    install(session, PACKAGES, "mypy")
    session.run("mypy")


@nox.session
def build(session: nox.Session) -> None:
    """Wheels and sdists, checked; then each wheel alone in a bare environment runs its README.

    With `-- ADDRESS`, the public address of the repository, the links of each README lead there;
    without one, those that would be broken on a package index are left out (tools/index_readme.py).
    """
    session.install("build", "twine")
    out, copies = Path(session.create_tmp()) / "dist", Path(session.create_tmp()) / "packages"
    for place in (out, copies):
        shutil.rmtree(place, ignore_errors=True)
    home = ["--home", session.posargs[0]] if session.posargs else []
    for name in PACKAGES:
        copy, unwanted = copies / name, shutil.ignore_patterns("__pycache__", "dist", "*.egg-info")
        shutil.copytree(folder(name), copy, ignore=unwanted)
        tool = ("python", "tools/index_readme.py", folder(name), *home)
        (copy / "README.md").write_text(str(session.run(*tool, silent=True)), encoding="utf-8")
        session.run("python", "-m", "build", "--outdir", str(out), str(copy), silent=True)
    session.run("twine", "check", "--strict", *map(str, sorted(out.iterdir())))
    for name in PACKAGES:
        _alone(session, name, out)


def _alone(session: nox.Session, package: str, wheels: Path) -> None:
    """One package's wheel, with those of its siblings, in a bare environment of its own: it is
    imported, its README's Python is run, and its files are there.
    """
    place = Path(session.create_tmp()) / package
    shutil.rmtree(place, ignore_errors=True)
    session.run("python", "-m", "venv", str(place), silent=True)
    python = str(place / ("Scripts" if os.name == "nt" else "bin") / "python")
    chosen = []
    for name in (package, *SIBLINGS[package]):
        (wheel,) = wheels.glob(f"{DISTRIBUTIONS[name].replace('-', '_')}-*.whl")
        chosen.append(str(wheel) + (README_EXTRAS.get(name, "") if name == package else ""))
    constraints = str(ROOT / "constraints.txt")
    session.run(python, "-m", "pip", "-q", "install", "-c", constraints, *chosen, external=True)
    session.run(
        python, "-I", str(ROOT / "tests" / "wheel.py"), IMPORTS[package],
        folder(package) + "/README.md", external=True,
    )  # fmt: skip


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def minimums(session: nox.Session, package: str) -> None:
    """One package's tests with the lowest versions that it and what it needs can do with."""
    lowest: dict[str, Version] = {}
    for part in (package, *SIBLINGS[package]):
        project = tomllib.loads((Path(folder(part)) / "pyproject.toml").read_text())["project"]
        wanted = list(project.get("dependencies", []))
        for extra in TEST_EXTRAS.get(part, "").strip("[]").split(","):
            wanted += project.get("optional-dependencies", {}).get(extra, [])
        for line in wanted:
            requirement, _, bound = line.partition(";")[0].partition(">=")
            name = requirement.strip()
            if bound and name not in PACKAGES:
                least = Version(bound.split(",")[0].strip())
                lowest[name] = max(least, lowest.get(name, least))
    pins = [f"{name}=={version}" for name, version in sorted(lowest.items())]
    wanted = editable((package, *SIBLINGS[package]), TEST_EXTRAS)
    session.install(*wanted, *pins, *TEST_TOOLS)
    session.run("pytest", f"packages/{package}/tests", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Which `raise` and `except` lines a package's own tests run, by tools/error_paths.py:
    `nox -s coverage -- facs-text cli`; all packages else.
    """
    chosen = [name for name in PACKAGES if name in session.posargs] or PACKAGES
    needed = [n for n in PACKAGES if any(n in (name, *SIBLINGS[name]) for name in chosen)]
    install(session, tuple(needed), *TEST_TOOLS, "coverage")
    threads(session)
    reports = []
    for name in chosen:
        data, report = (f"{session.create_tmp()}/{name}.{end}" for end in ("coverage", "json"))
        source = f"--source={folder(name)}/src"
        test = ("-m", "pytest", f"packages/{name}/tests", "-q")
        session.run("coverage", "run", f"--data-file={data}", source, *test)
        session.run("coverage", "json", f"--data-file={data}", "-o", report, "-q")
        reports.append(report)
    session.run("python", "tools/error_paths.py", "--list", *reports)


@nox.session
def bench(session: nox.Session) -> None:
    """Every script in benchmarks/, each writing JSON with the machine and the versions in it."""
    install(session, PACKAGES, *TEST_TOOLS)
    scripts = session.posargs or [str(path) for path in sorted((ROOT / "benchmarks").glob("*.py"))]
    for script in scripts:
        session.run("python", script)


@nox.session
def gpu(session: nox.Session) -> None:
    """The tests that need a CUDA device; nothing to do on a machine without one."""
    install(session, PACKAGES, *TEST_TOOLS)
    found = session.run(
        "python", "-c", "import torch; print(torch.cuda.is_available())", silent=True
    )
    if str(found).strip() != "True":
        session.skip("no CUDA device here")
    for name in PACKAGES:
        # 5: this package has no test that needs a device.
        session.run("pytest", f"packages/{name}/tests", "-m", "gpu", success_codes=[0, 5])
