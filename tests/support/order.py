"""Which files run first: those that take longest, or a worker would begin one when all others have ended.

`--dist loadfile` hands whole files to the workers in this order (with `--no-loadscope-reorder`; its own begins with the
files of the most tests, which are the quickest). No test may count on it.
"""

from __future__ import annotations

import pytest

# More than ten seconds each, longest first; `pytest --durations` tells when that is no longer so.
SLOW = (
    "tests/e2e/test_keyless.py",
    "tests/e2e/test_docker.py",
    "tests/hooks/test_agent.py",
    "tests/server/test_process.py",
    "tests/store/test_killed.py",
    "tests/mcp/test_peers.py",
    "tests/server/test_deploy.py",
    "tests/once/test_contract.py",
    "tests/e2e/test_selftest_host.py",
    "tests/server/test_two_processes.py",
    "tests/action/test_docker_runtime.py",
    "tests/action/test_exchange_refused.py",
    "tests/hooks/shell/test_fuzz.py",
    "tests/hooks/test_pre_push.py",
    "tests/docs/test_console_blocks.py",
    "tests/server/test_store_faults.py",
    "tests/advisories/test_a35_log_tampering.py",
    "tests/cli/test_transcripts.py",
    "tests/api/test_migration.py",
    "tests/action/test_comment_rerun.py",
    "tests/cli/test_spoilt_files.py",
    "tests/cli/test_revoking.py",
    "tests/action/test_bootstrap.py",
    "tests/e2e/test_demo.py",
    "tests/scripts/test_install_sh.py",
    "tests/test_typing.py",
)
_RANK = {name: rank for rank, name in enumerate(SLOW)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow files' tests first; within a file, and among the others, nothing moves."""
    items.sort(key=lambda item: _RANK.get(item.nodeid.partition("::")[0], len(SLOW)))
