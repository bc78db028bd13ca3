"""`kanoniv-auth` of the later steps: the session's own code and dependencies, whatever directory it is called from."""

import os
import sys

session = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(session, part) for part in ("release", "code", "deps")]
sys.argv[0] = "kanoniv-auth"

from kanoniv_auth.cli.main import main  # noqa: E402 - the path has to be set first

sys.exit(main())
