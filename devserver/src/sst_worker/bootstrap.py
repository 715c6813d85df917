"""The script a zygote, or a packaged function, starts with: loads this package from its folder and leaves `sys.path`
as it found it."""

import os
import sys

if __name__ == "__main__":  # `multiprocessing` imports the main script again in its children
    folder = os.path.dirname(os.path.abspath(__file__))
    own = (folder, os.path.realpath(folder), "")
    sys.path[:] = [entry for entry in sys.path if entry not in own]

    import importlib.util

    spec = importlib.util.spec_from_file_location(
        "sst_worker", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["sst_worker"] = package
    spec.loader.exec_module(package)

    if sys.argv[1] == "deployed":
        from sst_worker import deployed

        deployed.main()
    else:
        from sst_worker.zygote import main

        main(sys.argv[1], int(sys.argv[2]))
