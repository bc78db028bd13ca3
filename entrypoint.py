"""What the action's steps run: find dependencies and code beside this file, then the program."""

import os
import sys

code = os.path.dirname(os.path.abspath(__file__))
beside = os.path.join(os.path.dirname(code), "deps"), os.path.join(os.path.dirname(code), "ci")
deps = os.environ.get("KANONIV_DEPS")
sys.path[:0] = [code, *(deps.split(os.pathsep) if deps else beside)]

if sys.argv[1:2] in (["plan"], ["contain"]):  # before there are dependencies
    from kanoniv_ci.host import main
else:
    from kanoniv_ci.main import main

sys.exit(main(sys.argv[1:]))
