"""What bad input gets: one clear sentence with a hint, exit code 2, and nothing half made."""

from pathlib import Path

import pytest

from tests.support.session import config, sst, write

pytestmark = pytest.mark.scenario

HANDLERS = {"api.py": "def handler(event, context):\n    return 1\n"}
API = 'sst.aws.Function("Api", handler="api.handler"{})'

CASES = {
    "config raises": ({"sst_config.py": "raise RuntimeError('boom')\n"}, ["boom", "sst_config.py"]),
    "syntax error": ({"sst_config.py": "def run(:\n"}, ["sst_config.py:1", "SyntaxError"]),
    "no run": (
        {"sst_config.py": "import sst\ndef app(input):\n    return sst.App(name='a', home='local')\n"},
        ["run", "sst_config.py"],
    ),
    "no app": ({"sst_config.py": "def run():\n    pass\n"}, ["app", "sst_config.py"]),
    "run raises": ({"sst_config.py": config("1 / 0")}, ["division by zero", "sst_config.py"]),
    "two of one name": (
        {"sst_config.py": config('sst.aws.Bucket("A")\nsst.aws.Bucket("A")')},
        ["Two components", '"A"'],
    ),
    "no such file": ({"sst_config.py": config('sst.aws.Function("Api", handler="nope.handler")')}, ["Api", "nope"]),
    "no such attribute": ({"sst_config.py": config('sst.aws.Function("Api", handler="api.nope")')}, ["Api", "nope"]),
    "unknown runtime": ({"sst_config.py": config(API.format(', runtime="python2.7"'))}, ["Api", "python2.7"]),
    "bad duration": ({"sst_config.py": config(API.format(', timeout="5 parsecs"'))}, ["Api", "timeout", "5 parsecs"]),
    "bad size": ({"sst_config.py": config(API.format(', memory="1 MB"'))}, ["Api", "memory", "1 MB"]),
    "not linkable": ({"sst_config.py": config(API.format(', link=["x"]'))}, ["Api", "link"]),
    "app name": ({"sst_config.py": config("pass", name="my_app!")}, ["my_app!"]),
    "unknown argument": ({"sst_config.py": config(API.format(", tiemout=1"))}, ["tiemout"]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_project_is_refused_in_one_sentence(tmp_path: Path, case: str) -> None:
    """The sentence names what is at fault; there is no traceback of ours, and nothing was created."""
    files, words = CASES[case]
    write(tmp_path, {**HANDLERS, **files})
    done = sst("dev", "--mode=basic", cwd=tmp_path)
    text = done.stderr.decode()

    assert done.returncode == 2, text + done.stdout.decode()
    assert all(word in text for word in words), text
    assert "error:" in text and "hint:" in text
    assert "sst_dev" not in text and "pulumi" not in text.lower().replace("https://", "")
    assert not (tmp_path / ".sst/stages/test/resources.jsonl").exists()
    assert b"+ " not in done.stdout


def test_a_stage_aws_would_refuse(tmp_path: Path) -> None:
    """Names of AWS and of channels have no underscore."""
    write(tmp_path, {**HANDLERS, "sst_config.py": config("pass")})
    done = sst("dev", "--mode=basic", "--stage=my_stage", cwd=tmp_path)

    assert done.returncode == 2
    assert b"my_stage" in done.stderr


def test_home_aws_says_what_to_do(tmp_path: Path) -> None:
    """This version runs the local home; `--local` runs the app on it."""
    text = config("pass").replace('home="local"', 'home="aws"')
    write(tmp_path, {**HANDLERS, "sst_config.py": text})
    done = sst("dev", "--mode=basic", cwd=tmp_path)

    assert done.returncode == 2
    assert b"--local" in done.stderr
