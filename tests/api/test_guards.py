"""`@requires`: the body runs only while a token grants it. Attacks come first: arguments, templates, tasks, threads."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any

import pytest

import kanoniv_auth as ka
from kanoniv_auth.core.errors import UsageError


@pytest.fixture(autouse=True)
def root(home: Path) -> None:
    ka.init_root()


class Witness:
    """What guarded bodies did."""

    def __init__(self) -> None:
        self.ran: list[object] = []


@pytest.fixture
def witness() -> Witness:
    return Witness()


def deploy_only() -> str:
    return ka.delegate("git.push.app.main,deploy.staging")


# ------------------------------------------------------------------------- attacks through arguments

HOSTILE: list[object] = [
    "staging,deploy.prod", "a.b", "main.evil", "a/b", "", " ", ".", "..", "*", "%2e", "main%2eevil", "main\n", "main\0",
    "Main", "ma\u0131n", "x" * 201, "x" * 5_000_000, "é" * 100, "\udc80", "ma in", "{repo}", "main ", "{0.__class__}",
]  # fmt: skip


@pytest.mark.parametrize("branch", HOSTILE, ids=lambda value: ascii(value)[:24])
def test_no_argument_is_more_than_its_one_segment(witness: Witness, branch: str) -> None:
    @ka.requires("git.push.{repo}.{branch}")
    def push(repo: str, branch: str) -> None:
        witness.ran.append((repo, branch))

    deploy_only()
    for repo, where in (("app", branch), (branch, "main"), (branch, branch)):
        with pytest.raises(ka.AuthError) as caught:
            push(repo, where)
        assert len(str(caught.value)) < 2000
    assert witness.ran == []
    push("app", "main")
    assert witness.ran == [("app", "main")]


class Chameleon(str):
    """Shows the guard one text and the body another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "main"

    def encode(self, *_: object) -> bytes:
        return b"main"

    def __len__(self) -> int:
        return 4


class Number(int):
    def __str__(self) -> str:
        return "main"


class Anything:
    def __str__(self) -> str:
        return "main"

    def __format__(self, spec: str) -> str:
        return "main"

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("main")


@pytest.mark.parametrize(
    "branch",
    [Chameleon("prod"), Number(1), Anything(), None, True, 1.0, b"main", ["main"], ("main",), {"main": 1}, 10**300,
     -(10**200)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_only_plain_text_and_integers_make_a_scope(witness: Witness, branch: object) -> None:
    @ka.requires("git.push.{branch}")
    def push(branch: object) -> None:
        witness.ran.append(branch)

    ka.delegate("git.push")  # grants whatever the value might become
    with pytest.raises(UsageError, match="branch") as caught:
        push(branch)
    assert caught.value.slug == "usage"
    assert witness.ran == []


def test_values_are_encoded_by_the_one_encoder(witness: Witness) -> None:
    @ka.requires("git.push.{repo}.{branch}")
    def push(repo: str, branch: object = "feature/é.x") -> None:
        witness.ran.append(branch)

    ka.delegate([ka.scope("git", "push", "app", "feature/é.x"), "git.push.app.7"])
    push("app")
    push("app", branch=7)
    push(repo="app", branch="7")
    with pytest.raises(ka.ScopeViolation) as caught:
        push("app", "feature")
    assert caught.value.facts["need"] == "git.push.app.feature"
    assert witness.ran == ["feature/é.x", 7, "7"]


def test_wrong_arguments_are_a_type_error_and_run_nothing(witness: Witness) -> None:
    @ka.requires("git.push.{branch}")
    def push(branch: str, *, force: bool = False) -> None:
        witness.ran.append(branch)

    ka.delegate("git.push")
    for args, kwargs in (
        ((), {}),
        (("a", "b"), {}),
        (("a",), {"branch": "b"}),
        (("a",), {"no": 1}),
    ):
        with pytest.raises(TypeError):
            push(*args, **kwargs)
    assert witness.ran == []


def swapped(function: Callable[..., object]) -> Callable[..., object]:
    """What a careless decorator does: other arguments than those that came in."""

    @functools.wraps(function)
    def run(*args: object, **kwargs: object) -> object:
        return function("evil", *args[1:], **kwargs)

    return run


def says_signature(function: Callable[..., object]) -> Callable[..., object]:
    made = swapped(function)
    made.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return made


def says_partial(function: Callable[..., object]) -> Callable[..., object]:
    made = swapped(function)
    for name in ("_partialmethod", "__partialmethod__"):
        setattr(made, name, functools.partialmethod(function))
    return made


@pytest.mark.parametrize("decorate", [swapped, says_signature, says_partial])
def test_a_function_is_not_believed_what_it_says_of_its_arguments(
    decorate: Callable[..., Callable[..., object]], witness: Witness
) -> None:
    def push(self: str, repo: str) -> None:
        witness.ran.append((self, repo))

    with pytest.raises(UsageError, match="no argument 'repo'"):
        ka.requires("git.push.{repo}.main")(decorate(push))


def test_what_it_says_of_its_arguments_is_passed_over_where_it_has_them(witness: Witness) -> None:
    def push(repo: str, branch: str = "main", *, note: str = "x") -> None:
        witness.ran.append((repo, branch, note))

    def other(branch: str, repo: str) -> None: ...

    push.__signature__ = inspect.signature(other)  # type: ignore[attr-defined]
    deploy_only()
    guarded = ka.requires("git.push.{repo}.{branch}")(push)
    guarded("app")
    with pytest.raises(ka.ScopeViolation):
        guarded("main", "app")
    with pytest.raises(UsageError):
        ka.requires("git.push.{missing}")(push)
    assert witness.ran == [("app", "main", "x")]


# ------------------------------------------------------------------------------ templates that lie


@pytest.mark.parametrize(
    "template",
    [
        "git.{}", "git.{0}", "git.{branch!r}", "git.{branch!s}", "git.{branch:x}", "git.{branch:}", "git.{branch.x}",
        "git.{branch[0]}", "git.{branch.__class__}", "git.{{branch}}", "git.{branch", "git.branch}", "git.{bra nch}",
        "git.x{branch}", "git.{branch}x", "git.{branch}{branch}", "git.{branch}-{branch}", "git..{branch}", ".{branch}",
        "{branch}.", "git.*.{branch}", "git,{branch}", "", "git.{other}", "git.{args}", "git.{kwargs}",
        "git.{self.repo}",
        "git.{branch}" + ".x" * 15, "git.{branch}.%2e%", "git.{branch }", "git.{ branch}", "git.{}branch",
        "git.{branch,deploy}", "git.\n{branch}",
    ],
)  # fmt: skip
def test_a_template_error_is_told_where_it_stands(template: str) -> None:
    def push(branch: str, *args: str, **kwargs: str) -> None:
        pytest.fail("the body ran")

    with pytest.raises(UsageError) as caught:
        ka.requires(template)(push)
    assert caught.value.facts.get("fix") is not None or "scope" in str(caught.value)


@pytest.mark.parametrize("scope", [None, 1, ["git"], b"git"])
def test_a_scope_is_text(scope: Any) -> None:
    with pytest.raises(UsageError):
        ka.requires(scope)


def test_what_is_not_a_function_is_not_guarded() -> None:
    class Callable_:  # noqa: N801 - not to shadow the type
        def __call__(self) -> None:
            pytest.fail("the body ran")

    def plain() -> None:
        pytest.fail("the body ran")

    things: list[Any] = [
        Callable_(), Callable_, staticmethod(plain), classmethod(lambda _: plain()), property(lambda _: plain()),
        functools.partial(plain), len, None, "deploy",
    ]  # fmt: skip
    for thing in things:
        with pytest.raises(UsageError, match="guards functions"):
            ka.requires("deploy")(thing)


def test_a_decorator_in_between_cannot_change_what_was_checked(witness: Witness) -> None:
    def elsewhere(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(repo: str, branch: str) -> None:
            function(repo, "prod")

        return run

    def push(repo: str, branch: str) -> None:
        witness.ran.append((repo, branch))

    # its arguments are its own: those of its inside are not what the caller gives
    @ka.requires("git.push.{repo}.{branch}")
    @elsewhere
    @ka.requires("git.push.{repo}.{branch}")
    def both(repo: str, branch: str) -> None:
        witness.ran.append((repo, branch))

    deploy_only()
    with pytest.raises(ka.ScopeViolation):
        both("app", "main")
    hidden = functools.wraps(push)(lambda *_: push("app", "prod"))
    with pytest.raises(UsageError, match="has no argument"):
        ka.requires("git.push.{repo}.{branch}")(hidden)
    assert witness.ran == []


def test_guards_stack(witness: Witness) -> None:
    @ka.requires("git.push.{repo}.{branch}")
    @ka.requires("deploy.{branch}")
    def release(repo: str, branch: str) -> None:
        witness.ran.append(branch)

    ka.delegate("git.push.app,deploy.staging")
    release("app", "staging")
    for repo, branch in (("app", "main"), ("other", "staging")):
        with pytest.raises(ka.ScopeViolation):
            release(repo, branch)
    assert witness.ran == ["staging"]


# --------------------------------------------------------------------------------- which token, when


def test_without_a_token_nothing_runs(witness: Witness) -> None:
    @ka.requires("deploy.staging")
    def deploy() -> None:
        witness.ran.append(1)

    with pytest.raises(UsageError, match="no token") as caught:
        deploy()
    assert caught.value.slug == "no_token"
    assert witness.ran == []


def test_every_call_asks_anew(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    @ka.requires("deploy.staging")
    def deploy() -> None:
        witness.ran.append(1)

    token = ka.delegate("deploy.staging", "1h")
    deploy()
    ka.delegate("nothing")
    with pytest.raises(ka.ScopeViolation):
        deploy()
    with ka.delegated(token):
        deploy()
        with ka.narrow("deploy.staging.eu"), pytest.raises(ka.ScopeViolation):
            deploy()
        deploy()
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 3601)
        with pytest.raises(ka.TokenExpired):
            deploy()
    assert len(witness.ran) == 3


@pytest.mark.parametrize("presented", [None, "", 0, b"kd2.", False])
def test_a_call_that_presents_nothing_means_no_other_token(
    witness: Witness, presented: Any
) -> None:
    @ka.requires("deploy.staging", token=lambda: presented)
    def deploy() -> None:
        witness.ran.append(1)

    deploy_only()  # the one made last would do
    with ka.delegated(ka.load_token()), pytest.raises(UsageError, match="no token"):
        deploy()
    assert witness.ran == []


def test_a_token_of_the_calls_own(witness: Witness) -> None:
    class Request:
        def __init__(self, token: str) -> None:
            self.token = token

    @ka.requires("deploy.{env}", token=lambda request, _env: request.token)
    def deploy(request: Request, env: str) -> None:
        witness.ran.append(env)

    good, bad = ka.delegate("deploy.staging"), ka.delegate("build")
    deploy(Request(good), "staging")
    for request, env in ((Request(good), "prod"), (Request(bad), "staging")):
        with pytest.raises(ka.ScopeViolation):
            deploy(request, env)
    assert witness.ran == ["staging"]


def test_audience_context_and_root_are_the_guards_own(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = ka.delegate("deploy", audience="deploy-service")
    other = ka.generate_keys()

    def guarded(**said: Any) -> Callable[[], None]:
        @ka.requires("deploy", token=lambda: token, **said)
        def deploy() -> None:
            witness.ran.append(1)

        return deploy

    with pytest.raises(ka.AudienceMismatch):
        guarded()()
    guarded(audience="deploy-service")()
    with pytest.raises(ka.SignatureInvalid):
        guarded(audience="deploy-service", root_did=other.did)()
    with pytest.raises(UsageError):
        guarded(audience="")()
    assert len(witness.ran) == 1


def test_context_reaches_the_caveats(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(
        "kanoniv_auth.api.guards.verify", lambda *args, **kwargs: seen.append((args, kwargs))
    )

    @ka.requires("deploy", context={"env": "staging"})
    def deploy() -> None:
        witness.ran.append(1)

    deploy()
    expected = {"root_did": None, "audience": None, "context": {"env": "staging"}}
    assert seen == [(("deploy", None), expected)]


# ----------------------------------------------------------------- every kind of function, kept as it is


def test_kinds_names_and_signatures_are_kept() -> None:
    @ka.requires("a")
    def plain(x: int, *, y: str = "z") -> int:
        """Says so."""
        return x

    @ka.requires("a")
    async def coroutine() -> None: ...

    @ka.requires("a")
    def generator() -> Generator[int, None, None]:
        yield 1

    @ka.requires("a")
    async def async_generator() -> AsyncGenerator[int, None]:
        yield 1

    kinds = (
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
    )
    functions: list[Callable[..., object]] = [plain, coroutine, generator, async_generator]
    assert [[is_kind(f) for is_kind in kinds] for f in functions] == [
        [False, False, False],
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    assert (plain.__name__, plain.__doc__) == ("plain", "Says so.")
    assert str(inspect.signature(plain)) == "(x: 'int', *, y: 'str' = 'z') -> 'int'"


def test_methods(witness: Witness) -> None:
    class Service:
        @ka.requires("deploy.{env}")
        def deploy(self, env: str) -> str:
            witness.ran.append(env)
            return env

        @staticmethod
        @ka.requires("deploy.{env}")
        def static(env: str) -> str:
            return env

        @classmethod
        @ka.requires("deploy.{env}")
        def of_class(cls, env: str) -> str:
            return env

    deploy_only()
    service = Service()
    for call in (service.deploy, service.static, service.of_class, Service.static):
        assert call("staging") == "staging"
        with pytest.raises(ka.ScopeViolation):
            call("prod")
    with pytest.raises(UsageError):
        ka.requires("deploy.{self}")(Service.__init__)  # a function of C, not ours to guard
    assert witness.ran == ["staging"]


def test_a_coroutine_asks_when_it_is_awaited(witness: Witness) -> None:
    @ka.requires("deploy.staging")
    async def deploy() -> str:
        witness.ran.append(1)
        await asyncio.sleep(0)
        return "done"

    async def run() -> str:
        early = deploy()  # nothing is asked yet, and nothing was granted
        with pytest.raises(UsageError, match="no token"):
            await early
        assert witness.ran == []
        deploy_only()
        return await deploy()

    assert asyncio.run(run()) == "done"


def test_tasks_with_different_tokens_do_not_see_each_other(witness: Witness) -> None:
    @ka.requires("{env}")
    async def deploy(env: str) -> None:
        await asyncio.sleep(0)
        witness.ran.append(env)

    one, two = ka.delegate("one"), ka.delegate("two")
    ka.delegate("nothing")

    async def work(token: str, env: str) -> str:
        async with ka.delegated(token):
            await asyncio.sleep(0)
            try:
                await deploy(env)
            except ka.ScopeViolation:
                return "refused"
            return "ran"

    async def run() -> list[str]:
        pairs = ((one, "one"), (two, "two"), (one, "two"), (two, "one"))
        return await asyncio.gather(*[work(token, env) for token, env in pairs])

    assert asyncio.run(run()) == ["ran", "ran", "refused", "refused"]
    assert witness.ran == ["one", "two"]


def test_threads_with_different_tokens_do_not_see_each_other(witness: Witness) -> None:
    @ka.requires("{env}")
    def deploy(env: str) -> None:
        witness.ran.append(env)

    tokens = {"one": ka.delegate("one"), "two": ka.delegate("two")}
    ka.delegate("nothing")
    barrier, refused = threading.Barrier(2), []

    def work(mine: str, other: str) -> None:
        with ka.delegated(tokens[mine]):
            for _ in range(20):
                barrier.wait(10)
                deploy(mine)
                try:
                    deploy(other)
                except ka.ScopeViolation:
                    refused.append(other)

    threads = [
        threading.Thread(target=work, args=pair) for pair in (("one", "two"), ("two", "one"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(witness.ran), len(refused)) == (40, 40)


def test_an_exception_of_the_body_comes_out_and_the_token_is_restored(witness: Witness) -> None:
    @ka.requires("deploy.staging")
    def deploy() -> None:
        with ka.narrow("deploy.staging"):
            witness.ran.append(ka.load_token())
            raise LookupError("of the body")

    token = deploy_only()
    with ka.delegated(token):
        with pytest.raises(LookupError, match="of the body"):
            deploy()
        assert ka.load_token() == token
    assert witness.ran != [token]


# -------------------------------------------------------------------------------------- generators


def test_a_generator_asks_at_its_first_value_and_hands_everything_on(witness: Witness) -> None:
    @ka.requires("deploy.{env}")
    def steps(env: str) -> Generator[object, object, str]:
        witness.ran.append("begun")
        try:
            sent = yield env
            while True:
                try:
                    sent = yield sent
                except LookupError as error:
                    sent = f"caught {error}"
                if sent == "stop":
                    return "result"
        finally:
            witness.ran.append("closed")

    early, closed = steps("staging"), steps("staging")
    closed.close()
    assert witness.ran == []  # making one asks nothing and runs nothing
    with pytest.raises(UsageError, match="no token"):
        next(early)
    deploy_only()
    running = steps("staging")
    assert next(running) == "staging"
    assert running.send("sent") == "sent"
    assert running.throw(LookupError("it")) == "caught it"
    with pytest.raises(StopIteration) as caught:
        running.send("stop")
    assert caught.value.value == "result"
    assert witness.ran == ["begun", "closed"]
    running = steps("staging")
    next(running)
    running.close()
    assert witness.ran == ["begun", "closed"] * 2
    with pytest.raises(ka.ScopeViolation):
        next(steps("prod"))
    running = steps("staging")
    next(running)
    with pytest.raises(ZeroDivisionError):
        running.throw(ZeroDivisionError())
    assert witness.ran == ["begun", "closed"] * 3


def test_an_async_generator_does_so_too(witness: Witness) -> None:
    @ka.requires("deploy.{env}")
    async def steps(env: str) -> AsyncGenerator[object, object]:
        witness.ran.append("begun")
        try:
            sent = yield env
            while sent != "stop":
                await asyncio.sleep(0)
                try:
                    sent = yield sent
                except LookupError as error:
                    sent = f"caught {error}"
        finally:
            await asyncio.sleep(0)
            witness.ran.append("closed")

    async def run() -> None:
        early, closed = steps("staging"), steps("staging")
        await closed.aclose()
        with pytest.raises(UsageError, match="no token"):
            await anext(early)
        assert witness.ran == []
        deploy_only()
        running = steps("staging")
        assert await anext(running) == "staging"
        assert await running.asend("sent") == "sent"
        assert await running.athrow(LookupError("it")) == "caught it"
        with pytest.raises(StopAsyncIteration):
            await running.asend("stop")
        assert witness.ran == ["begun", "closed"]
        running = steps("staging")
        await anext(running)
        await running.aclose()
        assert witness.ran == ["begun", "closed"] * 2
        with pytest.raises(ka.ScopeViolation):
            await anext(steps("prod"))
        running = steps("staging")
        await anext(running)
        with pytest.raises(ZeroDivisionError):
            await running.athrow(ZeroDivisionError())
        assert witness.ran == ["begun", "closed"] * 3

    asyncio.run(run())


def test_a_cancelled_async_generator_closes_its_body(witness: Witness) -> None:
    @ka.requires("deploy.staging")
    async def steps() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.sleep(60)
        finally:
            witness.ran.append("closed")

    async def use() -> None:
        async for _ in steps():
            witness.ran.append("value")
            begun.set()

    begun = asyncio.Event()

    async def run() -> None:
        task = asyncio.create_task(use())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    deploy_only()
    asyncio.run(run())
    assert witness.ran == ["value", "closed"]


def test_a_body_that_ignores_its_close_is_told_so() -> None:
    @ka.requires("deploy.staging")
    async def stubborn() -> AsyncGenerator[int, None]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    async def run() -> None:
        running = stubborn()
        await anext(running)
        with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
            await running.aclose()

    deploy_only()
    asyncio.run(run())
