"""How the dev server starts a zygote or a spare: the one module of this package that runs in its process."""

from __future__ import annotations

import os

BOOTSTRAP = """\
import importlib.util, sys
folder, mode, control = sys.argv[1:4]
spec = importlib.util.spec_from_file_location(
    "sst_worker", folder + "/__init__.py", submodule_search_locations=[folder])
package = importlib.util.module_from_spec(spec)
sys.modules["sst_worker"] = package
spec.loader.exec_module(package)
from sst_worker.zygote import main
main(mode, int(control))
"""
"""Loads this package from its folder: `sys.path` of the user's interpreter stays as it is."""


def command(python: str, control_fd: int, *, spare: bool = False) -> list[str]:
    """The command line of a zygote run by *python*, or of a spare: a process that becomes one worker itself.

    *control_fd* is the zygote's end of the control socket; pass it on (`pass_fds`) and close it afterwards.
    """
    folder = os.path.dirname(os.path.abspath(__file__))
    return [python, "-c", BOOTSTRAP, folder, "spare" if spare else "zygote", str(control_fd)]
