"""Java programs of the tests, built with Maven: once for each state of their source."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

COMPLETE = "complete"
BUILD_TIMEOUT_S = 600.0


def classpath_of(project: Path, cache: Path, *, missing: str) -> str:
    """Class path of the built project with its libraries; built below `cache` when its source has changed.

    Args:
        missing: what is said where there is no Maven; the test fails with it.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in project.rglob("*") if path.name == "pom.xml" or path.suffix == ".java"):
        digest.update(f"{path.relative_to(project)}\0{path.read_text(encoding='utf-8')}\0".encode())
    folder = cache / digest.hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / COMPLETE).exists():
            _build(project, folder, missing)
            (folder / COMPLETE).touch()
    return f"{folder / 'classes'}:{folder / 'lib'}/*"


def _build(project: Path, folder: Path, missing: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        pytest.fail(missing, pytrace=False)
    shutil.rmtree(folder, ignore_errors=True)
    command = [maven, "-q", "-B", "-f", str(project / "pom.xml"), f"-Dbuild.folder={folder}", "process-classes"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"Maven did not build {project.name} within {BUILD_TIMEOUT_S:g} s", pytrace=False)
    if done.returncode != 0:
        pytest.fail(f"Maven could not build {project.name}:\n{(done.stdout + done.stderr)[-2000:]}", pytrace=False)
