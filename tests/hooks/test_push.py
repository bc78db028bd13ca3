"""Which scopes a push needs, and what an address is called."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.scopes import covers
from kanoniv_auth.hooks.git.address import repository_name
from kanoniv_auth.hooks.git.push import moves, needs, read_updates
from kanoniv_auth.hooks.need import asked

A, B, ZERO = "a" * 40, "b" * 40, "0" * 40


def line(remote: str | bytes, new: str = B, old: str = A, local: bytes = b"refs/heads/x") -> bytes:
    name = remote if isinstance(remote, bytes) else remote.encode()
    return b" ".join((local, new.encode(), name, old.encode())) + b"\n"


def scopes(*lines: bytes, forward: bool = True) -> list[str]:
    updates = read_updates(b"".join(lines))
    return [need.action for need in needs(updates, "r", moves(updates) if forward else ())]


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("main", "git.push.r.main"),
        ("feature/x", "git.push.r.feature%2fx"),
        ("main.evil", "git.push.r.main%2eevil"),
        ("a%2fb", "git.push.r.a%252fb"),
        ("grün", "git.push.r.gr%c3%bcn"),
        ("Main", "git.push.r.Main"),
        ("refs/heads/main", "git.push.r.refs%2fheads%2fmain"),
        ("x" * 201, "git.push.r"),
        ("é" * 67, "git.push.r"),
    ],
)
def test_a_branch_is_one_segment(name: str, scope: str) -> None:
    assert scopes(line(f"refs/heads/{name}")) == [scope]
    assert scopes(line(f"refs/heads/{name}", old=ZERO)) == [scope]


@pytest.mark.parametrize(
    "name",
    [
        "refs/tags/v1",
        "refs/notes/commits",
        "refs/replace/" + A,
        "refs/headsx/main",
        "refs/for/main",
    ],
)
def test_what_is_no_branch_needs_the_repository(name: str) -> None:
    assert scopes(line(name)) == scopes(line(name, old=ZERO)) == ["git.push.r"]


def test_what_rewrites_or_deletes_needs_the_repository() -> None:
    main = "refs/heads/main"
    assert scopes(line(main), forward=False) == ["git.push.r"]
    assert scopes(line(main, new=ZERO, local=b"(delete)")) == ["git.push.r"]
    assert scopes(line(b"refs/heads/m\xe4in")) == ["git.push.r"]


def test_authority_for_a_branch_does_not_cover_the_wide_scope() -> None:
    granted = {"git.push.r.main"}
    assert covers(granted, scopes(line("refs/heads/main"))[0])
    for other in (line("refs/heads/main.x"), line("refs/tags/main"), line("refs/heads/main2")):
        assert not covers(granted, scopes(other)[0])


def test_the_line_is_read_from_its_end() -> None:
    """The local name is what was typed: it may hold what looks like the rest of a harmless line."""
    lie = f"HEAD^{{/x {B} refs/heads/harmless {A}".encode()
    assert scopes(line("refs/heads/main", local=lie)) == ["git.push.r.main"]
    assert scopes(line("refs/heads/main", local=b"HEAD@{1 day ago}")) == ["git.push.r.main"]
    # with a newline in it there is one more line, which can only ask for more
    assert scopes(line("refs/heads/main", local=lie + b"\nx}")) == [
        "git.push.r.harmless",
        "git.push.r.main",
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b" ",
        line("refs/heads/main")[:-1],
        line("refs/heads/main") + b"\n",
        line("refs/heads/main").replace(b" ", b"\t"),
        line("refs/heads/main", new=B[:-1]),
        line("refs/heads/main", new="b" * 64),
        line("refs/heads/main", new="B" * 40),
        line("refs/heads/main", old="g" * 40),
        line("refs/heads/"),
        line("refs/"),
        line("main"),
        line(""),
        b"x " + B.encode() + b" refs/heads/main\n",
        line("refs/heads/main", new=""),
        b"\x00" * 200,
    ],
)
def test_what_git_does_not_write_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="line"):
        read_updates(data)


def test_nothing_to_push() -> None:
    assert read_updates(b"") == ()


def test_sha256_repositories() -> None:
    assert scopes(line("refs/heads/main", new="b" * 64, old="0" * 64)) == ["git.push.r.main"]


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        updates = read_updates(data)
    except UsageError:
        return
    assert bool(updates) == bool(data)


@given(st.binary(min_size=1, max_size=60).filter(lambda b: b" " not in b and b"\n" not in b))
@settings(max_examples=300, deadline=None)
def test_no_branch_is_covered_by_another_ones_scope(name: bytes) -> None:
    (action,) = scopes(line(b"refs/heads/" + name))
    if action != "git.push.r":
        assert action.count(".") == 3
        assert (action == "git.push.r.main") == (name == b"main")


def test_asked_names_the_fewest_scopes() -> None:
    updates = read_updates(
        line("refs/heads/b") + line("refs/heads/a") + line("refs/heads/a", local=b"again")
    )
    assert asked(needs(updates, "r", moves(updates))) == ("git.push.r.a", "git.push.r.b")
    assert asked(needs(updates, "r", ())) == ("git.push.r",)
    both = read_updates(line("refs/heads/a") + line("refs/tags/a"))
    assert asked(needs(both, "r", moves(both))) == ("git.push.r",)


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/kanoniv/auth-action",
        "https://github.com/kanoniv/auth-action.git",
        "https://github.com/kanoniv/auth-action.git/",
        "https://github.com/kanoniv/auth-action//",
        "https://user:pa%40ss@github.com:8443/kanoniv/auth-action.git",
        "HTTPS://github.com/kanoniv/auth%2daction.git",
        "https://github.com/kanoniv%2Fauth-action",
        "https://github.com/kanoniv/auth-action%2f",
        "https://h/x/../auth-action",
        "ssh://git@github.com/kanoniv/auth-action.git",
        "ssh://git@github.com:22/~me/auth-action",
        "git+ssh://git@[::1]:22/auth-action",
        "git://h/auth-action",
        "git@github.com:kanoniv/auth-action.git",
        "github.com:auth-action",
        "git@github.com:/srv/auth-action/.git",
        "[::1]:auth-action",
        "git@[::1]:kanoniv/auth-action.git",
        "[host:22]:srv/auth-action",
        "/srv/auth-action.git",
        "/srv/auth-action/.git",
        "/srv/auth-action/.git/",
        "../auth-action.git",
        "auth-action",
        "./a:b/auth-action",
        "file:///srv/auth-action.git",
        "file:///srv/auth%2Daction.git",
    ],
)
def test_the_name_is_the_last_part_of_the_path(address: str) -> None:
    assert repository_name(address) == "auth-action"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://evil.example/auth-action/other", "other"),
        ("https://evil.example/auth-action%2fother", "other"),
        ("https://evil.example/auth-action%2f%2e%2e%2fother.git", "other"),
        ("https://auth-action@evil.example/other", "other"),
        ("ssh://h/auth-action%2fother", "other"),
        # nothing is unescaped where git does not
        ("h:auth%2daction", "auth%2daction"),
        ("/srv/auth%2daction", "auth%2daction"),
        ("https://h/auth%252daction", "auth%2daction"),
        ("https://h/50%", "50%"),
        ("https://h/%zz%00", "%zz%00"),
        ("h:x:auth-action", "x:auth-action"),
        ("https://h/Auth-Action", "Auth-Action"),
        ("https://h/auth-action.git.git", "auth-action.git"),
        ("https://h/auth-action%20", "auth-action "),
        ("/srv/a b", "a b"),
    ],
)
def test_another_name_is_another_repository(address: str, name: str) -> None:
    assert repository_name(address) == name


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/",
        ".",
        "..",
        "/srv/..",
        "/srv/.",
        "/srv/auth-action/..",
        ".git",
        "/.git",
        "https://auth-action",
        "https://user:secret@auth-action",
        "https://user:secret@h/",
        "https://h/x?/auth-action",
        "https://user:secret@h/x#/auth-action",
        "https://h/auth-action/%2e%2e",
        "ssh://h%2fauth-action",
        "file://",
        "host:",
        "ext::sh -c secret /auth-action",
        "foo::https://h/auth-action",
        "x.y::auth-action",
        "ext://h/auth-action",
        "persistent-https://h/auth-action",
        "host:x]:auth-action[",
        "a[b]:auth-action",
        "h:x@[secret]:auth-action",
        "https://h/\udce4",
        "/srv/\udce4",
        "https://h/%e4",
    ],
)
def test_an_address_without_a_certain_name_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        repository_name(address)
    said = f"{caught.value} {caught.value.facts}"
    assert "secret" not in said
    assert not address or len(address) < 6 or address not in said


@given(st.text(max_size=40))
@settings(max_examples=500, deadline=None)
def test_any_address_has_a_name_or_is_refused(address: str) -> None:
    try:
        name = repository_name(address)
    except UsageError:
        return
    assert name not in ("", ".", "..")
