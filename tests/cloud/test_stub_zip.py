"""The deployment package of the stub."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from sst_dev.cloud.stub_zip import Target, build_stub, python_runtime
from sst_dev.core.errors import RemoteError


@pytest.fixture(name="cache", autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SST_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_same_inputs_same_bytes() -> None:
    """A rebuild gives the bytes of the first build, or every session would deploy a new stub."""
    first = build_stub()
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    first.unlink()

    assert hashlib.sha256(build_stub().read_bytes()).hexdigest() == digest


def test_built_once(cache: Path) -> None:
    """The second call finds the first one's zip, and nothing half-built is left beside it."""
    path = build_stub()
    written = path.stat().st_mtime_ns

    assert build_stub() == path
    assert path.stat().st_mtime_ns == written
    assert [entry.name for entry in (cache / "stub").iterdir()] == [path.name]


@pytest.mark.parametrize("target", ["local", "aws-x86_64", "aws-arm64"])
def test_contents(target: Target) -> None:
    """Each variant has an executable bootstrap, the packages, their bytecode, and no ballast."""
    with zipfile.ZipFile(build_stub(target)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}

    assert entries["bootstrap"].external_attr >> 16 == 0o100755
    assert {"sst_stub/__main__.py", "sst_bridge/messages.py"} <= entries.keys()
    tag = sys.implementation.cache_tag
    assert {f"sst_stub/__pycache__/stub.{tag}.pyc", f"websockets/__pycache__/frames.{tag}.pyc"} <= entries.keys()
    assert not [name for name in entries if name.endswith((".pyi", ".c", ".dist-info")) or "/tests/" in name]
    assert sum(entry.compress_size for entry in entries.values()) < 8_000_000


@pytest.mark.parametrize(("target", "machine"), [("aws-x86_64", 62), ("aws-arm64", 183)])
def test_aws_variants_hold_the_machine_code_of_their_target(target: Target, machine: int) -> None:
    """The extension modules are ELF for the Lambda architecture (e_machine 62 is x86-64, 183 is AArch64)."""
    with zipfile.ZipFile(build_stub(target)) as archive:
        libraries = [name for name in archive.namelist() if ".so" in name]
        machines = {int.from_bytes(archive.read(name)[18:20], "little") for name in libraries}

    assert len(libraries) >= 2
    assert machines == {machine}


def test_wheels_that_cannot_be_fetched_are_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the package index the error names the platform and says what to check; nothing is kept."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))

    with pytest.raises(RemoteError, match="wheels of the stub for aarch64-manylinux2014 failed") as raised:
        build_stub("aws-arm64")
    assert "package index" in raised.value.hint
    assert list((tmp_path / "cache" / "stub").iterdir()) == []


def test_runs_from_the_zip_alone(tmp_path: Path) -> None:
    """Everything the stub imports is in the zip: the bootstrap starts isolated, without site-packages."""
    with zipfile.ZipFile(build_stub()) as archive:
        archive.extractall(tmp_path / "task")
    bootstrap = tmp_path / "task" / "bootstrap"
    bootstrap.chmod(0o755)

    done = subprocess.run(
        [str(bootstrap)], env={"SST_STUB_PYTHON": sys.executable}, capture_output=True, text=True, check=False
    )

    assert done.stderr == "sst stub: it ends: it runs inside Lambda, and AWS_LAMBDA_RUNTIME_API is not set\n"
    assert done.returncode == 1


def test_bootstrap_wraps_the_managed_runtime(tmp_path: Path) -> None:
    """As AWS_LAMBDA_EXEC_WRAPPER it is given the runtime's command, whose interpreter it uses."""
    with zipfile.ZipFile(build_stub()) as archive:
        archive.extract("bootstrap", tmp_path)
    bootstrap = tmp_path / "bootstrap"
    bootstrap.chmod(0o755)

    done = subprocess.run(
        [str(bootstrap), "/bin/echo", "/var/runtime/bootstrap.py"], env={}, capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("-I -S -B -c import sys")
    assert done.stdout.rstrip().endswith(str(tmp_path))


def test_runtime_is_the_clis_own_version() -> None:
    """The AWS variant is compiled by this interpreter, so it runs under the managed runtime of its version."""
    assert python_runtime() == f"python{sys.version_info.major}.{sys.version_info.minor}"


def test_zips_of_versions_that_are_gone_leave_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build deletes what nothing has used for a month, and a use counts."""
    kept = build_stub("local")
    old = kept.with_name("local-0123456789abcdef.zip")
    old.write_bytes(b"")
    for path in (kept, old):
        os.utime(path, (1, 1))
    build_stub("local")  # a use of the first
    monkeypatch.setattr("sst_dev.cloud.stub_zip._BOOTSTRAP", b"another version")
    build_stub("local")

    assert kept.exists() and not old.exists()
