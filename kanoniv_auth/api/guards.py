"""`@requires("deploy.staging")`: a function whose body runs only while a token grants it. Asked at every call.

A template such as `git.push.{repo}.{branch}` is filled from the call's arguments; each value becomes one segment by the
one encoder, so branch `main.evil` is not below `main`.
"""

from __future__ import annotations

import functools
import inspect
from string import Formatter
from types import FunctionType

from kanoniv_auth.api.tokens import no_token
from kanoniv_auth.api.verification import verify
from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.scopes import MAX_SEGMENT, check_scope, scope as make_scope
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

_NAMED = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)
_FIX = "write a field as a whole segment that names one argument, such as git.push.{repo}.{branch}"


class _Rule(Value):
    """What a call needs. segments: (text, is it the name of an argument?) · signature: None without such names."""

    __slots__ = ("segments", "signature", "context", "audience", "root_did", "token")

    segments: tuple[tuple[str, bool], ...]
    signature: inspect.Signature | None
    context: Mapping[str, str] | None
    audience: str | None
    root_did: str | None
    token: Callable[..., str] | None

    def __init__(
        self,
        segments: tuple[tuple[str, bool], ...],
        signature: inspect.Signature | None,
        said: _Said,
    ) -> None:
        self._fill(segments, signature, said.context, said.audience, said.root_did, said.token)

    def check(self, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        """Verify for one call. Raises: AuthError; TypeError for arguments that the function does not take."""
        action = self._action(args, kwargs)
        verify(
            action,
            None if self.token is None else _presented(self.token(*args, **kwargs)),
            root_did=self.root_did,
            audience=self.audience,
            context=self.context,
        )

    def _action(self, args: tuple[object, ...], kwargs: dict[str, object]) -> str:
        if self.signature is None:
            return ".".join([text for text, _ in self.segments])
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return ".".join(
            [
                make_scope(_segment(text, bound.arguments[text])) if is_field else text
                for text, is_field in self.segments
            ]
        )


class _Said(Value):
    """The decorator's own arguments beside the scope."""

    __slots__ = ("context", "audience", "root_did", "token")

    context: Mapping[str, str] | None
    audience: str | None
    root_did: str | None
    token: Callable[..., str] | None

    def __init__(
        self,
        context: Mapping[str, str] | None,
        audience: str | None,
        root_did: str | None,
        token: Callable[..., str] | None,
    ) -> None:
        self._fill(context, audience, root_did, token)


def requires(
    scope: str,
    *,
    context: Mapping[str, str] | None = None,
    audience: str | None = None,
    root_did: str | None = None,
    token: Callable[..., str] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function's body run only when the token grants `scope` at that moment.

    For functions, methods, coroutine functions, generators and async generators; of the last two the body begins, and
    the token is asked for, at the first value. Every call asks anew, nothing is remembered.
    scope: a scope, or a template whose fields are names of arguments, each a whole segment · token: called with the
    call's own arguments for the token to verify; default as for `verify` · context, audience, root_did: as for
    `verify`.
    Raises: UsageError at once for a template or function that cannot be held to it, AuthError when called.
    """
    segments = tuple([_piece(piece) for piece in _pieces(scope)])
    check_scope(".".join(["field" if is_field else text for text, is_field in segments]))
    said = _Said(context, audience, root_did, token)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if not inspect.isfunction(function):
            detail = f"@requires guards functions, and this is a {type(function).__name__}"
            fix = "put @requires directly above def, below other decorators"
            raise UsageError("usage", detail=detail, fix=fix)
        return _guard(function, _Rule(segments, _signature(function, segments), said))

    return decorate


def _pieces(template: str) -> list[str]:
    """Split a template into literal segments and `{name}`. Raises: UsageError for any other use of braces."""
    if not isinstance(template, str):
        raise UsageError("usage", detail="a scope template is text", fix=_FIX)
    shown = f"scope template {template!r}"
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise UsageError("usage", detail=f"{shown}: {error}", fix=_FIX) from None
    # put together again, the parts are the template: so no format, conversion, escaped brace or index is in it
    plain = "".join([text + ("" if name is None else f"{{{name}}}") for text, name, _, _ in parsed])
    pieces = plain.split(".")
    fields = [f"{{{name}}}" for _, name, _, _ in parsed if name is not None]
    if (
        plain != template
        or [piece for piece in pieces if "{" in piece or "}" in piece] != fields
        or not all(field[1:-1].isidentifier() for field in fields)
    ):
        detail = f"{shown}: a field is not the name of one argument in braces, alone in its segment"
        raise UsageError("usage", detail=detail, fix=_FIX)
    return pieces


def _piece(piece: str) -> tuple[str, bool]:
    return (piece[1:-1], True) if piece.startswith("{") else (check_scope(piece), False)


def _signature(
    function: Callable[..., object], segments: tuple[tuple[str, bool], ...]
) -> inspect.Signature | None:
    """The signature that fields are bound by; None when there are none. Raises: UsageError for an unknown name."""
    names = [text for text, is_field in segments if is_field]
    if not names:
        return None
    # our own wrappers hand arguments on as they are; what others do with them is not known here
    while getattr(function, "__globals__", None) is globals():
        function = function.__wrapped__  # type: ignore[attr-defined]
    signature = inspect.signature(_bare(function))
    for name in names:
        parameter = signature.parameters.get(name)
        if parameter is None or parameter.kind not in _NAMED:
            detail = (
                f"scope template: {getattr(function, '__name__', 'it')} has no argument {name!r}"
            )
            fix = "name an argument of the function, and put @requires below other decorators"
            raise UsageError("usage", detail=detail, fix=fix)
    return signature


def _bare(function: Callable[..., object]) -> FunctionType:
    """The same code and defaults, and nothing that a function can be made to say of itself, such as __signature__."""
    assert isinstance(function, FunctionType)  # noqa: S101 - `requires` takes nothing else
    bare = FunctionType(
        function.__code__, {}, function.__name__, function.__defaults__, function.__closure__
    )
    bare.__kwdefaults__ = function.__kwdefaults__
    return bare


def _segment(name: str, value: object) -> str:
    """The text of one argument. Raises: UsageError for what is not plain text or an integer."""
    # exact types: a subclass may show one text here and another to the body
    if type(value) is int and abs(value) < 10**MAX_SEGMENT:
        return str(value)
    if type(value) is str and 0 < len(value) <= MAX_SEGMENT:
        return value
    found = f"a {type(value).__name__}"
    if type(value) is str:
        found = f"{len(value)} characters long" if value else "empty"
    detail = f"argument {name!r} is {found}, and a scope is made from text or an integer"
    raise UsageError(
        "usage", detail=detail, fix=f"give {name} a value that is one segment of a scope"
    )


def _presented(token: object) -> str:
    if isinstance(token, str) and token:
        return token
    # nothing presented must not mean: the token of the environment
    raise no_token("the call presented no token")


def _guard(function: Callable[P, R], rule: _Rule) -> Callable[P, R]:
    """Wrap a function in one of its own kind."""
    wrapper: Any
    if inspect.isasyncgenfunction(function):
        wrapper = _async_generator(function, rule)
    elif inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function, rule)
    elif inspect.isgeneratorfunction(function):
        wrapper = _generator(function, rule)
    else:
        wrapper = _plain(function, rule)
    guarded: Callable[P, R] = functools.wraps(function)(wrapper)
    return guarded


def _plain(function: Callable[..., object], rule: _Rule) -> Callable[..., object]:
    def run(*args: object, **kwargs: object) -> object:
        rule.check(args, kwargs)
        return function(*args, **kwargs)

    return run


def _coroutine(function: Callable[..., Any], rule: _Rule) -> Callable[..., Any]:
    async def run(*args: object, **kwargs: object) -> object:
        rule.check(args, kwargs)
        return await function(*args, **kwargs)

    return run


def _generator(
    function: Callable[..., Generator[object, object, object]], rule: _Rule
) -> Callable[..., Generator[object, object, object]]:
    def run(*args: object, **kwargs: object) -> Generator[object, object, object]:
        rule.check(args, kwargs)
        return (yield from function(*args, **kwargs))

    return run


def _async_generator(
    function: Callable[..., AsyncGenerator[object, object]], rule: _Rule
) -> Callable[..., AsyncGenerator[object, object]]:
    async def run(*args: object, **kwargs: object) -> AsyncGenerator[object, object]:
        rule.check(args, kwargs)
        body = function(*args, **kwargs)
        step = body.asend(None)
        # `yield from` for async generators: what is sent, thrown and closed out there arrives in the body
        while True:
            try:
                value = await step
            except StopAsyncIteration:
                return
            try:
                sent = yield value
            except GeneratorExit:
                await body.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - whatever was thrown in is the body's to handle
                step = body.athrow(error)
            else:
                step = body.asend(sent)

    return run
