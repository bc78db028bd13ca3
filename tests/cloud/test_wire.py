"""Whatever a service or somebody between does: one clear error in time, never a traceback, never a yes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kanoniv_auth.api import revocations, service, syncing
from kanoniv_auth.cli import main
from kanoniv_auth.cloud.client import Client
from kanoniv_auth.core.errors import ServiceRefused
from kanoniv_auth.store import service as stored
from kanoniv_auth.store.home import Home
from tests.cloud import wire

KEY = "kas_" + "A" * 43
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
SECONDS = 3.0

FAULTS: dict[str, tuple[wire.Script | bytes, str]] = {
    "says nothing": (wire.stalls(b""), "no "),
    "stalls in the head": (wire.stalls(b"HTTP/1.1 200 OK\r\ncontent-"), "no "),
    "stalls in the body": (wire.stalls(HEAD + b"content-length: 9\r\n\r\n{"), "no "),
    "drips headers": (wire.drips(HEAD, b"a: b\r\n"), "no whole answer|as it should"),
    "drips half a line": (wire.drips(HEAD + b"x: ", b"b"), "no whole answer"),
    "drips the body": (wire.drips(HEAD + b"\r\n", b" "), "no whole answer"),
    "drips 100s": (wire.drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "no whole answer"),
    "floods": (wire.floods, "more than"),
    "claims to be huge": (HEAD + b"content-length: 99999999999\r\n\r\n{}", "cut off"),
    "resets": (wire.resets, "cannot be reached|as it should"),
    "closes": (b"", "as it should"),
    "speaks junk": (b"\0\1\2\3 junk\r\n\r\n", "as it should"),
    "speaks SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", "as it should"),
    "huge header": (b"HTTP/1.1 200 OK\r\na: " + b"b" * 70000 + b"\r\n\r\n", "as it should"),
    "many headers": (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", "as it should"),
    "cut off": (HEAD + b"content-length: 100\r\n\r\n{}", "cut off"),
    "cut chunk": (HEAD + b"transfer-encoding: chunked\r\n\r\n50\r\n{}", "as it should|cut off"),
    "two lengths": (HEAD + b"content-length: 2\r\ncontent-length: 1\r\n\r\n{}", "form|say|sends|read|not|cut"),
    "no JSON": (wire.answer("200 OK", "application/json", "nope"), "strict JSON"),
    "NaN": (wire.answer("200 OK", "application/json", '{"a": NaN}'), "strict JSON"),
    "a name twice": (wire.answer("200 OK", "application/json", '{"a": 1, "a": 2}'), "strict JSON"),
    "deep": (wire.answer("200 OK", "application/json", "[" * 100000), "strict JSON"),
    "Latin-1": (wire.answer("200 OK", "application/json", b'{"a": "\xe9"}'), "strict JSON"),
    "a list": (wire.as_json([]), "strict JSON"),
    "an empty object": (wire.as_json({}), "not|no "),
    "null": (wire.as_json(None), "strict JSON"),
    "HTML": (wire.answer("200 OK", "text/html", "<html>Sign in to the hotel</html>"), "not JSON|no revocation"),
    "no type": (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "not JSON|no revocation"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", "no answer|no revocation"),
    "304 unasked": (b"HTTP/1.1 304 Not Modified\r\n\r\n", "304"),
    "400": (wire.problem("400 Bad", "malformed"), "said"),
    "401": (wire.problem("401 No", "unauthorized"), "said"),
    "403": (wire.problem("403 No", "forbidden"), "said"),
    "404": (wire.answer("404 Not Found", "text/html", "<h1>no</h1>"), "HTTP 404"),
    "409": (wire.problem("409 Conflict", "revoked"), "said"),
    "422": (wire.problem("422 No", "invalid"), "said"),
    "429": (wire.problem("429 Slow", "limited", retry_after="7"), "said"),
    "500": (wire.problem("500 Defect", "defect"), "said"),
    "503": (wire.problem("503 Away", "storage", retry_after="1"), "said"),
    "503 of a proxy": (wire.answer("503 Away", "text/html", "<h1>Bad gateway</h1>"), "HTTP 503"),
    "a yes with 500": (wire.as_json({"ok": True}, "500 Oh"), "HTTP 500"),
    "an unknown slug": (wire.problem("403 No", "novel"), "said"),
    "a slug of another kind": (wire.problem("403 No", "../x"), "said"),
    "a problem without anything": (wire.answer("403 No", "application/problem+json", "{}"), "HTTP 403"),
    "a problem of other types": (
        wire.answer("403 No", "application/problem+json", '{"type": 1, "detail": [], "fix": {}}'), "HTTP 403",
    ),
}  # fmt: skip


def limit_to(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Client.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "seconds", seconds)


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch, home: Path) -> Callable[[str], Home]:
    limit_to(SECONDS, monkeypatch)

    def log_in(url: str) -> Home:
        found = Home(str(home))
        stored.write(found, stored.Credentials(url, KEY, "default"))
        return found

    return log_in


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_one_error(
    name: str,
    logged_in: Callable[[str], Home],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script, said = FAULTS[name]
    if said.startswith("no ") and callable(script):  # it never ends: no need to wait for long
        limit_to(SECONDS / 10, monkeypatch)
    with wire.wire(script) as server:
        home = logged_in(server.url)
        for words in (
            ["login", "--endpoint", server.url, "--api-key-file", "KEY"],
            ["cloud", "list", "--json"],
            ["cloud", "delegate", "-s", "build", "--to", "did:key:z6Mkgdj4EVCvPj2CCL54gNYdcEgrqaFjXaAjYCB4DFLeytJo"],
            ["cloud", "revoke", "--id", "1" * 64],
            ["revocations", "sync"],
        ):  # fmt: skip
            path = Path(home.path) / "given"
            path.write_text(KEY)
            path.chmod(0o600)
            began = time.monotonic()
            status = main.main([str(path) if word == "KEY" else word for word in words])
            assert time.monotonic() - began < SECONDS + 2
            shown = capsys.readouterr()
            assert status in {1, 2}, (words, shown)
            assert "Traceback" not in shown.err
            assert KEY not in shown.out + shown.err
            if "--json" in words:
                document = json.loads(shown.out)
                assert document["ok"] is False
                assert any(part in document["message"] for part in said.split("|")), document
            else:
                assert shown.out == ""
                assert shown.err.count("error: ") == shown.err.count("fix: ") == 1
        assert stored.read(home) == stored.Credentials(server.url, KEY, "default")
        assert revocations.known(home) is None
    assert not (Path(home.path) / "tokens").exists()


def refused(call: Callable[[], object]) -> ServiceRefused:
    with pytest.raises(ServiceRefused) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("reply", "slug", "status", "fix"),
    [
        (wire.problem("401 No", "unauthorized"), "service", 2, "kanoniv-auth login"),
        (wire.problem("403 No", "forbidden"), "service", 2, ""),
        (wire.problem("403 No", "scope"), "scope", 1, ""),
        (wire.problem("403 No", "expired"), "expired", 1, ""),
        (wire.problem("409 No", "revoked"), "revoked", 1, ""),
        (wire.problem("422 No", "invalid"), "usage", 2, ""),
        (wire.problem("403 No", "novel"), "service", 2, ""),
        (wire.problem("200 OK", "scope"), "service", 2, ""),
        (wire.problem("503 Away", "scope"), "service", 2, ""),
        (wire.problem("429 Slow", "limited", retry_after="7"), "service", 2, "wait 7 s"),
        (wire.problem("429 Slow", "limited", retry_after="99999999"), "service", 2, ""),
        (wire.problem("429 Slow", "limited", retry_after="-1"), "service", 2, ""),
        (wire.problem("503 Away", "storage", retry_after="Wed, 21 Oct"), "service", 2, ""),
    ],
)  # fmt: skip
def test_the_services_word_is_ours_where_we_have_it(
    *, reply: bytes, slug: str, status: int, fix: str, capsys: pytest.CaptureFixture[str],
    logged_in: Callable[[str], Home],
) -> None:  # fmt: skip
    with wire.wire(reply) as server:
        logged_in(server.url)
        error = refused(lambda: Client(server.url, KEY).get("/v1/delegations"))
        assert (error.slug, error.reason.exit) == (slug, status)
        assert str(error).startswith(f"the service at {server.url}: ")
        assert main.main(["cloud", "list"]) == status
        said = capsys.readouterr().err
        assert f"[{slug}]" in said
        assert fix in said.partition("fix: ")[2]


def test_what_is_needed_and_what_is_there_is_shown(
    logged_in: Callable[[str], Home], capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"need": "deploy.prod\x1b[31m", "have": ["build", KEY, 7, "x" * 100000]}
    with wire.wire(wire.problem("403 No", "scope", facts=facts)) as server:
        logged_in(server.url)
        assert main.main(["cloud", "list"]) == 1
        said = capsys.readouterr().err
        assert main.main(["cloud", "list", "--json"]) == 1
        shown = json.loads(capsys.readouterr().out)
    assert "  You have:  build, " in said
    assert "  You need:  deploy.prod" in said
    assert "fix: ask for less, or ask whoever runs the service" in said
    assert "\x1b" not in said
    assert KEY not in said
    assert len(said) < 2000
    assert shown["have"][0] == "build"
    assert len(shown["have"]) == 4


@pytest.mark.parametrize(
    "facts", [{"need": "x"}, {"have": ["x"]}, {"need": 1, "have": ["x"]}, {"need": "x", "have": 1}]
)
def test_half_of_it_is_none_of_it(
    facts: dict[str, object], logged_in: Callable[[str], Home], capsys: pytest.CaptureFixture[str]
) -> None:
    with wire.wire(wire.problem("403 No", "scope", facts=facts)) as server:
        logged_in(server.url)
        assert main.main(["cloud", "list"]) == 1
    assert "You have" not in capsys.readouterr().err


def test_what_the_service_says_can_do_nothing_here(
    logged_in: Callable[[str], Home], capsys: pytest.CaptureFixture[str]
) -> None:
    detail = f"a\x1b[31m\r\nerror: forged {KEY} " + "x" * 100000
    with wire.wire(wire.problem("403 No", "forbidden", detail)) as server:
        logged_in(server.url)
        assert main.main(["cloud", "list"]) == 2
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\r" not in said
    assert KEY not in said
    assert len(said.splitlines()) == 2
    assert len(said) < 1500


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "words", [["cloud", "list"], ["cloud", "revoke", "--id", "1" * 64], ["revocations", "sync"]]
)
def test_a_key_goes_to_one_address(
    status: int, words: list[str], logged_in: Callable[[str], Home], capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    with wire.wire(wire.as_json({"delegations": []})) as other:
        to = f"{other.url}/v1/delegations"
        with wire.wire(wire.as_json({}, f"{status} Elsewhere", location=to)) as server:
            logged_in(server.url)
            assert main.main(words) == 2
        assert other.asked == []
    assert "not followed" in capsys.readouterr().err


def test_what_is_sent(logged_in: Callable[[str], Home]) -> None:
    with wire.wire(wire.as_json({"delegations": [], "next": None})) as server:
        logged_in(server.url)
        assert service.delegations(5) == ([], None)
        head = server.asked[0].decode("ascii")
    lines = head.split("\r\n")
    assert lines[0] == "GET /v1/delegations?limit=5 HTTP/1.1"
    rows = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines[1:])}
    assert rows["authorization"] == f"Bearer {KEY}"
    assert rows["user-agent"].startswith("kanoniv-auth/")
    assert rows["accept-encoding"] == "identity"
    assert "cookie" not in rows


def test_the_list_is_asked_for_without_the_key(logged_in: Callable[[str], Home]) -> None:
    with wire.wire(wire.problem("404 No", "not_found")) as server:
        logged_in(server.url)
        refused(syncing.sync)
        assert KEY.encode() not in b"".join(server.asked)


def test_a_proxy_is_never_told(
    logged_in: Callable[[str], Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        wire.wire(wire.as_json({"delegations": [], "next": None})) as server,
        wire.wire(b"") as proxy,
    ):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        logged_in(server.url)
        assert service.delegations(5) == ([], None)
        # https goes through, but the key does not go to the proxy
        logged_in("https://auth.example")
        refused(lambda: service.delegations(5))
        assert [one.partition(b" ")[0] for one in proxy.asked] == [b"CONNECT"]
        assert KEY.encode() not in b"".join(proxy.asked)


def test_nobody_listens(logged_in: Callable[[str], Home]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    logged_in(f"http://127.0.0.1:{port}")
    error = refused(lambda: service.delegations(5))
    assert "cannot be reached: Connection refused" in str(error)
    error = refused(lambda: service.revoke(id="1" * 64))
    assert "may be done" not in str(error.facts["fix"])


def test_no_name(logged_in: Callable[[str], Home]) -> None:
    logged_in("https://no-such-host.invalid")
    assert "https://no-such-host.invalid" in str(refused(lambda: service.delegations(5)))


def test_what_was_sent_and_not_answered_may_be_done(
    logged_in: Callable[[str], Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    with wire.wire(wire.stalls(b"")) as server:
        logged_in(server.url)
        limit_to(SECONDS / 10, monkeypatch)
        assert "may be done" in str(refused(lambda: service.revoke(id="1" * 64)).facts["fix"])
        assert "may be done" not in str(refused(lambda: service.delegations(1)).facts["fix"])


def test_tls(
    logged_in: Callable[[str], Home], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, certificate = wire.certificate(tmp_path)
    with wire.wire(wire.as_json({"delegations": [], "next": None}), context) as server:
        logged_in(server.url)
        error = refused(lambda: service.delegations(5))
        assert "its certificate is not trusted" in str(error)
        assert server.asked == []
        logged_in(server.url.replace("127.0.0.1", "localhost"))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert "its certificate is not trusted" in str(refused(lambda: service.delegations(5)))
        assert server.asked == []
        logged_in(server.url)
        assert service.delegations(5) == ([], None)


def test_plain_http_behind_https(logged_in: Callable[[str], Home]) -> None:
    with wire.wire(wire.as_json({})) as server:
        logged_in(server.url.replace("http:", "https:"))
        assert "TLS" in str(refused(lambda: service.delegations(5)))
        assert KEY.encode() not in b"".join(server.asked)
