"""What the action's steps run: find the dependencies and the code beside this file, then `kanoniv_ci.main`."""

import os
import sys

code = os.path.dirname(os.path.abspath(__file__))
deps = os.environ.get("KANONIV_DEPS") or os.path.join(os.path.dirname(code), "deps")
sys.path[:0] = [code, *deps.split(os.pathsep)]

from kanoniv_ci.main import main  # noqa: E402 - the path has to be set first

sys.exit(main(sys.argv[1:]))
