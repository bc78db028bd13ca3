"""A mint that hangs ends by its own alarm; a defect ends without a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.action.step import ENTRYPOINT, Job


def test_the_alarm_inside(job: Job) -> None:
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(ENTRYPOINT), "mint"],
        env={
            **job.environ,
            "KANONIV_SINK": "tar",
            "INPUT_TIMEOUT_SECONDS": "1",
            "PATH": os.defpath,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        process.wait(30)  # whoever should write the key never does
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read() == b""
        assert process.stderr.read().startswith(
            b"::error title=KAN-RUNNER-002::not done after 1 s."
        )
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 2
    assert time.monotonic() - started < 10


def test_a_defect_says_where_and_nothing_else(job: Job) -> None:
    broken = job.run("mint", {}, stdin=b"a secret that is not JSON", KANONIV_SINK="tar")
    assert broken.exit == 2
    assert broken.stderr.startswith(
        "::error title=KAN-RUNNER-006::a defect of this action: JSONDecodeError at decoder.py:"
    )
    assert "secret" not in broken.stderr + broken.stdout
    assert "Traceback" not in broken.stderr


def test_a_defect_before_there_are_dependencies(job: Job) -> None:
    """The first step and the hand-over to the container run in a program of their own."""
    for word in ("plan", "contain"):
        broken = job.run(word, {"runtime": "docker"}, KANONIV_SESSION=None)
        assert (broken.exit, broken.outputs) == (2, {})
        said = broken.stdout + broken.stderr
        assert "::error title=KAN-RUNNER-006::a defect of this action: KeyError at " in said
        assert "KAN-RUNNER-006" in broken.summary
        assert "Traceback" not in said
