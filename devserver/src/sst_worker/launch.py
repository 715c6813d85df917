"""How the dev server starts a zygote or a spare: the one module of this package that runs in its process."""

from __future__ import annotations

import os


def command(python: str, control_fd: int, *, spare: bool = False) -> list[str]:
    """The command line of a zygote run by *python*, or of a spare: a process that becomes one worker itself.

    *control_fd* is the zygote's end of the control socket; pass it on (`pass_fds`) and close it afterwards.
    """
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.py")
    return [python, script, "spare" if spare else "zygote", str(control_fd)]
