"""`python -m tests.fidelity [--python 3.12] [--only TEXT] [--spare]`: the corpus under awslambdaric and under ours.

The last line is `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from tests.fidelity.compare import compare_version
from tests.support.venvs import interpreters


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity", description=__doc__)
    parser.add_argument("--python", help="a version, like 3.12; every one found when left out")
    parser.add_argument("--only", default="", help="only groups whose name contains this")
    parser.add_argument("--spare", action="store_true", help="workers that are started instead of forked")
    arguments = parser.parse_args()
    found = {"{}.{}".format(*sys.version_info): Path(sys.executable), **interpreters()}
    versions = [arguments.python] if arguments.python else list(found)
    passed = failed = 0
    for version in versions:
        if version not in found:
            print(f"Python {version} is not on this machine; found: {', '.join(found)}", file=sys.stderr)
            return 2
        report = asyncio.run(compare_version(found[version], only=arguments.only, spare=arguments.spare))
        print(f"Python {version}: {report.passed} passed, {len(report.failures)} failed")
        for failure in report.failures:
            print(failure)
        passed += report.passed
        failed += len(report.failures)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
