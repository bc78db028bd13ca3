"""`make mutants-core` deletes what it says it deletes: every numbered step, and nothing by halves."""

from __future__ import annotations

import pytest

from scripts.mutants_core import MODULES, ROOT, mutants

# Step 0 is `parse` in core/token.py, and step 1 only saves work: neither is one line of the verifier.
STEPS = {f"({number})" for number in range(2, 11)}


def test_every_numbered_step_is_among_them() -> None:
    found = {step for mutant in mutants("verification") for step in mutant.step.split(" ")}
    assert found >= STEPS


@pytest.mark.parametrize("module", MODULES)
def test_what_is_left_is_still_a_module_without_the_check(module: str) -> None:
    source = (ROOT / "kanoniv_auth/core" / f"{module}.py").read_text(encoding="utf-8")
    found = list(mutants(module))
    assert found
    for mutant in found:
        left = mutant.apply(source)
        compile(left, module, "exec")
        assert left.count("\n") == source.count("\n")
        assert left.splitlines()[mutant.first - 1].strip() == "pass"
