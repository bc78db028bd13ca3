"""The product's image where nothing can be pulled: its Dockerfile, untouched, on a stand-in for the base image.

The build has no network; its wheels are downloaded before, by the hashes of `requirements/ci.lock`.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kanoniv_ci.runtime import image_requirements
from tests.support import base_image
from tests.support.checkout import ROOT
from tests.support.engine import Engine

BASE = "kanoniv-test-base:latest"


@dataclass(frozen=True, slots=True)
class Image:
    """The product's image, built here. id: sha256:… · python: the version inside · log: what the build said."""

    id: str
    python: str
    log: str


def build(engine: Engine) -> Image:
    """Build it for the interpreter that runs this; the engine forgets it when closed."""
    python = base_image.interpreter()
    with tempfile.TemporaryDirectory(prefix="auth-action-image-") as folder:
        engine.import_image(base_image.build(Path(folder) / "base", python), BASE)
        context = fill_context(Path(folder) / "context", python)
        receipt = Path(folder) / "id"
        options = ("--network", "none", "--build-arg", f"BASE={BASE}", "--iidfile", str(receipt))
        log = engine.docker("build", *options, str(context), timeout=300)
        for layer in re.findall(r"^ ---> ([0-9a-f]{12})$", log, re.MULTILINE):
            engine.remember(layer)  # the first stage, and what each step left
        return Image(
            engine.remember(receipt.read_text(encoding="utf-8").strip()), python.version, log
        )


def fill_context(context: Path, python: base_image.Interpreter) -> Path:
    """The build context as the product makes it: Dockerfile, the part of the lock it needs, the wheels."""
    context.mkdir()
    shutil.copy2(ROOT / "Dockerfile", context)
    major, minor = (int(part) for part in python.version.split("."))
    lock = (ROOT / "requirements" / "ci.lock").read_text(encoding="utf-8")
    wanted = context / "requirements.lock"
    wanted.write_text(image_requirements(lock, (major, minor)), encoding="utf-8")
    base_image.fill_wheelhouse(context / "wheels", wanted)
    return context
