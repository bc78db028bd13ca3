"""`delegated` and `narrow`: whose token is meant, where, and for how long; attacks on what gets out of a block."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

import kanoniv_auth as ka
from kanoniv_auth.api import blocks, current, roots, verification
from kanoniv_auth.core.errors import HolderUnproven, UsageError
from kanoniv_auth.core.keys import KeyPair


@pytest.fixture
def root(home: Path) -> KeyPair:
    return ka.init_root()


@pytest.fixture
def tokens(root: KeyPair) -> tuple[str, str]:
    """One for deploying, one for building; the one made last grants neither."""
    pair = ka.delegate("deploy"), ka.delegate("build")
    ka.delegate("nothing")
    return pair


def means() -> str:
    """The first scope of whatever token is meant here."""
    return verification.prove().scopes[0]


def everything(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and not path.name.startswith(("audit", "lock"))
    }


# ------------------------------------------------------------------------------------- which token


def test_the_order_is_given_block_environment_latest(
    tokens: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy, build = tokens
    assert means() == "nothing"
    with ka.delegated(deploy):
        assert means() == "deploy"
    monkeypatch.setenv("KANONIV_TOKEN", build)
    assert means() == "build"
    with ka.delegated(deploy) as found:
        assert found.scopes == ("deploy",)
        assert ka.load_token() == deploy
        ka.verify("deploy.staging")
        with pytest.raises(ka.ScopeViolation):
            ka.verify("build")
        ka.verify("build", build)
        assert ka.sign("deploy.staging").startswith("kde2.")
        with pytest.raises(ka.ScopeViolation):
            ka.sign("build")
    assert means() == "build"


def test_blocks_nest_and_leave_in_order_also_by_an_exception(tokens: tuple[str, str]) -> None:
    deploy, build = tokens
    with ka.delegated(deploy):
        with pytest.raises(ZeroDivisionError), ka.delegated(build):
            1 / (means() != "build")  # raises inside, where "build" is meant
        assert means() == "deploy"
    assert current.entered() == ()


@pytest.mark.parametrize("nothing", [None, "", 0, b"kd2.x"])
def test_no_token_is_refused_and_never_means_another(
    tokens: tuple[str, str], nothing: object
) -> None:
    with pytest.raises(UsageError, match="no token") as caught:
        ka.delegated(nothing)  # type: ignore[arg-type]
    assert caught.value.slug == "no_token"
    if nothing is not None:
        with pytest.raises(UsageError, match="no token"):
            ka.narrow("deploy", parent=nothing)  # type: ignore[arg-type]


def test_what_is_not_proven_is_not_entered(tokens: tuple[str, str], root: KeyPair) -> None:
    deploy, _ = tokens
    grant = ka.delegate("deploy", to=ka.generate_keys().did_key)
    for bad, kind in (
        (deploy[:-4] + "AAAA", ka.AuthError),
        (grant, ka.HolderUnproven),
        ("kd2.", ka.TokenParseError),
        (ka.delegate("deploy", root=ka.generate_keys()), ka.SignatureInvalid),
        (ka.delegate("deploy", audience="elsewhere"), ka.AudienceMismatch),
    ):
        with pytest.raises(kind), ka.delegated(bad):
            pytest.fail("the body ran")
        assert current.entered() == ()
    with ka.delegated(ka.delegate("deploy", audience="elsewhere"), audience="elsewhere"):
        ka.verify("deploy", audience="elsewhere")


def test_a_block_is_asked_again_inside(
    tokens: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ka.delegated(tokens[0]):
        monkeypatch.setattr(time, "time", lambda: 4e9)
        with pytest.raises(ka.TokenExpired):
            ka.verify("deploy")


def test_a_block_is_entered_once(tokens: tuple[str, str]) -> None:
    block = ka.delegated(tokens[0])
    with block:
        pass
    with pytest.raises(RuntimeError, match="entered once"), block:
        pytest.fail("the body ran")


# ---------------------------------------------------------------------- tasks, threads, generators


def test_tasks_do_not_see_each_other(tokens: tuple[str, str]) -> None:
    ready = [asyncio.Event, asyncio.Event]
    seen: dict[str, list[str]] = {}

    async def work(token: str, name: str, mine: asyncio.Event, other: asyncio.Event) -> None:
        async with ka.delegated(token):
            mine.set()
            await other.wait()
            seen[name] = [means()]
            await asyncio.sleep(0)
            seen[name].append(means())
        seen[name].append(means())

    async def run() -> None:
        one, two = ready[0](), ready[1]()
        await asyncio.gather(
            work(tokens[0], "deploy", one, two), work(tokens[1], "build", two, one)
        )
        assert means() == "nothing"

    asyncio.run(run())
    assert seen == {
        "deploy": ["deploy", "deploy", "nothing"],
        "build": ["build", "build", "nothing"],
    }


def test_a_task_started_inside_keeps_what_it_began_with(tokens: tuple[str, str]) -> None:
    deploy, build = tokens

    async def late(go: asyncio.Event) -> list[str]:
        await go.wait()
        seen = [means()]
        with ka.delegated(build):
            seen.append(means())
        # the block outside is left by now; this task must not fall back to a wider token
        return [*seen, means()]

    async def run() -> list[str]:
        go = asyncio.Event()
        async with ka.delegated(deploy):
            task = asyncio.create_task(late(go))
            await asyncio.sleep(0)
        assert means() == "nothing"
        go.set()
        return await task

    assert asyncio.run(run()) == ["deploy", "build", "deploy"]


def test_threads_do_not_see_each_other(tokens: tuple[str, str]) -> None:
    barrier = threading.Barrier(2)
    seen: dict[str, tuple[str, str]] = {}

    def work(token: str, name: str) -> None:
        before = means()
        with ka.delegated(token):
            barrier.wait(10)
            seen[name] = (before, means())
            barrier.wait(10)

    with ka.delegated(tokens[0]):
        threads = [
            threading.Thread(target=work, args=pair)
            for pair in zip(tokens, ("deploy", "build"), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert means() == "deploy"
    # a new thread begins outside of all blocks
    assert seen == {"deploy": ("nothing", "deploy"), "build": ("nothing", "build")}
    with ka.delegated(tokens[0]):
        carried = contextvars.copy_context()
    assert carried.run(means) == "deploy"


def test_generators_left_in_the_wrong_order_leave_nothing_behind(tokens: tuple[str, str]) -> None:
    def inside(token: str) -> Iterator[str]:
        with ka.delegated(token):
            yield means()

    first, second = inside(tokens[0]), inside(tokens[1])
    assert (next(first), next(second)) == ("deploy", "build")
    # with ContextVar.reset, the second would bring the first one's token back, for good
    assert list(first) == []
    assert means() == "build"
    assert list(second) == []
    assert means() == "nothing"
    assert current.entered() == ()


def test_an_abandoned_async_generator_leaves_no_token_behind(tokens: tuple[str, str]) -> None:
    """`break` out of the loop: the generator is closed later, by the event loop, in a task of its own."""

    async def inside() -> AsyncGenerator[str, None]:
        async with ka.delegated(tokens[0]):
            yield means()

    async def run() -> None:
        async for seen in inside():
            assert seen == "deploy"
            break
        gc.collect()
        await asyncio.sleep(0.05)
        assert means() == "nothing"
        assert current.entered() == ()
        with ka.delegated(tokens[1]):
            assert means() == "build"
            async for _ in inside():
                break
            gc.collect()
            await asyncio.sleep(0.05)
            assert means() == "build"
            async with aclosing(inside()) as values:
                async for _ in values:
                    break
            assert means() == "build"
        assert means() == "nothing"

    asyncio.run(run())


def test_a_generator_closed_in_another_thread_leaves_no_token_behind(
    tokens: tuple[str, str],
) -> None:
    def inside() -> Iterator[str]:
        with ka.delegated(tokens[0]):
            yield means()

    values = inside()
    assert next(values) == "deploy"
    thread = threading.Thread(target=values.close)  # type: ignore[attr-defined]
    thread.start()
    thread.join()
    assert means() == "nothing"
    assert current.entered() == ()


@pytest.mark.parametrize("copied", [True, False])
def test_a_block_left_in_another_context_is_over_where_it_was_entered(
    tokens: tuple[str, str], *, copied: bool
) -> None:
    """Also where the one that leaves it is a copy, and has it in its own stack."""
    before = contextvars.copy_context()
    block = ka.delegated(tokens[0])
    block.__enter__()
    within = contextvars.copy_context()
    (within if copied else before).run(block.__exit__, None, None, None)
    assert means() == "nothing"
    # the order in which the contexts ask makes no difference
    if not copied:
        with pytest.raises(UsageError, match="left by another"):
            within.run(means)


@pytest.mark.parametrize("asked_first", [True, False])
def test_a_task_of_a_block_that_was_left_elsewhere_is_refused(
    tokens: tuple[str, str], *, asked_first: bool
) -> None:
    """It may neither go on with what has ended nor fall back to a wider token."""
    block = ka.narrow("deploy.staging", parent=tokens[0])
    block.__enter__()
    within = contextvars.copy_context()
    contextvars.Context().run(block.__exit__, None, None, None)
    if asked_first:
        assert means() == "nothing"
    for _ in range(2):
        with pytest.raises(UsageError) as caught:
            within.run(means)
        assert caught.value.slug == "no_token"
        with pytest.raises(UsageError):
            within.run(ka.narrow("deploy").__enter__)
    # a token of its own is another matter
    assert within.run(ka.verify, "build", tokens[1]).valid
    own = ka.delegated(tokens[1])
    within.run(own.__enter__)
    assert within.run(means) == "build"
    within.run(own.__exit__, None, None, None)
    with pytest.raises(UsageError):
        within.run(means)
    assert means() == "nothing"


def test_a_key_in_memory_goes_also_with_a_block_that_was_left_elsewhere(
    tokens: tuple[str, str],
) -> None:
    block = ka.narrow("deploy.staging", parent=tokens[0])
    token = block.__enter__()
    ka.sign("deploy.staging")
    contextvars.Context().run(block.__exit__, None, None, None)
    with pytest.raises(HolderUnproven):
        ka.sign("deploy.staging", token)


def test_the_outer_of_two_blocks_may_be_left_elsewhere_first(tokens: tuple[str, str]) -> None:
    outer = ka.delegated(tokens[0])
    outer.__enter__()
    with ka.delegated(tokens[1]):
        contextvars.Context().run(outer.__exit__, None, None, None)
        assert means() == "build"
        assert len(current.entered()) == 1
    assert means() == "nothing"


def test_a_block_closed_from_another_context_changes_nothing_there(tokens: tuple[str, str]) -> None:
    async def inside() -> AsyncIterator[str]:
        async with ka.delegated(tokens[0]):
            yield means()

    async def run() -> None:
        values = inside()
        assert await asyncio.create_task(values.__anext__()) == "deploy"  # type: ignore[arg-type]
        with ka.delegated(tokens[1]):
            await values.aclose()  # type: ignore[attr-defined]
            assert means() == "build"
        assert means() == "nothing"

    asyncio.run(run())


# ------------------------------------------------------------------------------------------ narrow


def test_narrow_goes_on_with_less(tokens: tuple[str, str], home: Path) -> None:
    before = everything(home)
    with ka.delegated(tokens[0]):
        with ka.narrow(["deploy.staging"], ttl="5m") as token:
            assert token != tokens[0]
            found = ka.verify("deploy.staging.eu")
            assert found.chain_depth == 2
            assert found.ttl_remaining is not None
            assert 290 <= found.ttl_remaining <= 300
            for outside in ("deploy", "deploy.prod", "build"):
                with pytest.raises(ka.ScopeViolation):
                    ka.verify(outside)
            # nothing of it has touched the disk: no key, no token, and latest is what it was
            assert everything(home) == before
            envelope = ka.sign("deploy.staging")
            with pytest.raises(ka.ScopeViolation):
                ka.sign("deploy.prod")
        ka.verify("deploy.prod")
        # the token lives on until it ends, its key does not
        ka.verify("deploy.staging", token)
        with pytest.raises(HolderUnproven):
            ka.sign("deploy.staging", token)
        with pytest.raises(HolderUnproven):
            ka.delegate("deploy.staging", parent=token)
    assert envelope.startswith("kde2.")
    assert len(list((home / "keys").iterdir())) == 3


@pytest.mark.parametrize("scopes", ["build", "deploy,build", "deploys", "nothing"])
def test_narrow_never_widens(tokens: tuple[str, str], scopes: str) -> None:
    with ka.delegated(tokens[0]):
        with pytest.raises(ka.ScopeViolation), ka.narrow(scopes):
            pytest.fail("the body ran")
        assert means() == "deploy"


@pytest.mark.parametrize("scopes", ["", [], "deploy.*", "deploy..x"])
def test_narrow_refuses_what_is_no_order_before_anything(scopes: str | list[str]) -> None:
    with pytest.raises(UsageError):
        ka.narrow(scopes)
    with pytest.raises(UsageError):
        ka.narrow("deploy", ttl="soon")


def test_narrow_never_outlives_its_parent(root: KeyPair) -> None:
    with ka.narrow("deploy", "8h", parent=ka.delegate("deploy", "1h")) as token:
        found = ka.verify("deploy")
    assert found.ttl_remaining is not None
    assert found.ttl_remaining <= 3600
    assert ka.verify("deploy", token).expires_at == found.expires_at


def test_narrow_nests_and_hands_on(tokens: tuple[str, str], home: Path) -> None:
    children: dict[int, str] = {}
    with ka.delegated(tokens[0]), ka.narrow("deploy.staging") as outer:
        with ka.narrow("deploy.staging.eu", name="inner") as inner:
            assert ka.verify("deploy.staging.eu").name == "inner"
            with pytest.raises(ka.ScopeViolation):
                ka.verify("deploy.staging.us")
            # each one's key is at hand: the inner's, the outer's, the one in the home
            for parent, depth in ((inner, 4), (outer, 3), (tokens[0], 2)):
                children[depth] = ka.delegate("deploy.staging.eu", parent=parent)
                assert ka.verify("deploy.staging.eu", children[depth]).chain_depth == depth
        assert ka.load_token() == outer
    # what was handed on is kept as any other
    assert ka.sign("deploy.staging.eu", children[4]).startswith("kde2.")


def test_narrow_outside_of_a_block_begins_with_what_verify_would_mean(
    tokens: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ka.ScopeViolation), ka.narrow("deploy"):
        pytest.fail("the body ran")  # the one made last does not grant it
    monkeypatch.setenv("KANONIV_TOKEN", tokens[0])
    with ka.narrow("deploy.staging"):
        assert means() == "deploy.staging"
    with ka.narrow("build.x", parent=tokens[1]):
        assert means() == "build.x"


def test_narrow_needs_the_parents_key_and_a_parent_that_proves_it(
    tokens: tuple[str, str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = tokens[0].partition("~")[0]
    with pytest.raises(ka.HolderUnproven), ka.narrow("deploy", parent=grant):
        pytest.fail("the body ran")
    root_did = ka.verify("deploy", tokens[0]).root_did
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "another"))
    monkeypatch.setenv("KANONIV_ROOT_DID", root_did)
    monkeypatch.setattr(roots._memory, "root", None)
    with pytest.raises(ka.HolderUnproven, match="is not in"), ka.narrow("deploy", parent=tokens[0]):
        pytest.fail("the body ran")


def test_narrow_stays_with_its_parents_verifier(
    root: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = ka.delegate("deploy", audience="deploy-service")
    with pytest.raises(ka.AudienceMismatch), ka.narrow("deploy", parent=token):
        pytest.fail("the body ran")
    monkeypatch.setenv("KANONIV_AUDIENCE", "deploy-service")
    with ka.narrow("deploy.staging", parent=token) as child:
        assert ka.verify("deploy.staging").audience == "deploy-service"
    with ka.narrow("deploy.staging", parent=token, audience="other") as child:
        with pytest.raises(ka.AudienceMismatch):
            ka.verify("deploy.staging")
        assert ka.verify("deploy.staging", child, audience="other").valid


def test_the_key_goes_with_the_block(tokens: tuple[str, str]) -> None:
    narrowed = ka.narrow("deploy.staging", parent=tokens[0])
    with narrowed:
        block = current.entered()[-1]
        assert block.key is not None
        assert block.token not in repr(block)
        assert block.key.seed.hex() not in repr(block)
        del block
    gc.collect()
    # also where somebody still has the block itself
    assert narrowed is not None
    assert [o for o in gc.get_objects() if type(o) is current.Presented and o.key is not None] == []


def test_async_narrow(tokens: tuple[str, str]) -> None:
    async def run() -> tuple[str, str, str]:
        async with ka.delegated(tokens[0]) as found:
            async with ka.narrow("deploy.staging") as token:
                inside = means()
                assert token == ka.load_token()
            return found.scopes[0], inside, means()

    assert asyncio.run(run()) == ("deploy", "deploy.staging", "deploy")


def test_a_process_that_enters_no_block_loads_none(tokens: tuple[str, str]) -> None:
    import subprocess  # noqa: PLC0415 - this test alone
    import sys  # noqa: PLC0415 - as above

    code = (
        "import sys, kanoniv_auth as ka; ka.verify('nothing');"
        "print(sorted({'contextvars', 'kanoniv_auth.api.blocks'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    assert blocks._stack.get() == ()
