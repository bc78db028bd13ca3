"""What else goes wrong around a service: clocks, slow issuers, clients that stay or half go, files that fill, the end.

Slow senders, long bodies, locked, full and removed databases: test_process.py. Two processes: test_two_processes.py.
"""

from __future__ import annotations

import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx
import pytest

from tests.server.oidc.workflow import EXCHANGE, PUBLIC, ask, audience, policy
from tests.support.issuer import IssuerProcess
from tests.support.pair import OPEN, SCOPE, Pair, list_of, token_of, until, verdict
from tests.support.service import Process, Site, process, sealed, site
from tests.support.writers import Writers

DAY = 86400
IDLE = 1000
SENDERS, BODY = 16, 10_000_000


@pytest.fixture(scope="module")
def issuer() -> Iterator[IssuerProcess]:
    with IssuerProcess() as running:
        yield running


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, issuer: IssuerProcess) -> Iterator[Pair]:
    """One process, as both of a pair."""
    folder = tmp_path_factory.mktemp("service")
    policies = folder / "policies"
    policies.mkdir()
    (policies / "deploy.yaml").write_text(policy(issuer.url), encoding="utf-8")
    keyless = ("--policy-dir", str(policies), "--public-url", PUBLIC, "--oidc-issuers", issuer.url)
    with process(folder, *OPEN, *keyless, "--read-timeout", "2") as found:
        yield Pair(found, found, found.key, issuer)
        assert found.end() == 0, found.err()
        assert "defect" not in {line["event"] for line in found.events()}
        assert "Traceback" not in found.err()


def connect(to: Process) -> socket.socket:
    parts = urlsplit(to.url)
    one = socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=20)
    one.settimeout(20)
    return one


def to_the_end(one: socket.socket) -> bytes:
    data = b""
    while piece := one.recv(65536):
        data += piece
    return data


def pid(of: Process) -> int:
    assert of.child is not None
    return of.child.pid


def descriptors(of: Process) -> int:
    return len(list(Path(f"/proc/{pid(of)}/fd").iterdir()))


def memory(of: Process) -> int:
    """The most that it has ever had in memory, in bytes."""
    status = Path(f"/proc/{pid(of)}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


# --------------------------------------------------------------------------------------------- clocks


def set_clock(found: Site, ahead: int) -> None:
    object.__setattr__(found.service, "clock", lambda: int(time.time()) + ahead)


async def status(found: Site, token: str) -> int:
    return (await found.post("/v1/verify", {"token": token, "scope": SCOPE})).status_code


@pytest.mark.anyio
async def test_a_clock_that_jumps_opens_nothing(tmp_path: Path) -> None:
    async with site(tmp_path) as found:
        made, gone = await found.bundle(SCOPE), await found.bundle(SCOPE)
        token, revoked = sealed(made), sealed(gone)
        assert await status(found, token) == await status(found, revoked) == 200
        for ahead, wanted in ((DAY, 403), (0, 200), (-DAY, 403), (0, 200)):
            set_clock(found, ahead)
            assert await status(found, token) == wanted, ahead
        # what is revoked while the clock is wrong is revoked, and stays so when it is set right
        set_clock(found, -DAY)
        answer = await found.post("/v1/revocations", {"ids": [gone["id"]]}, "revoke")
        assert answer.status_code == 200
        seq = answer.json()["seq"]
        for ahead in (-DAY, 0, DAY):
            set_clock(found, ahead)
            assert await status(found, revoked) == 403, ahead
        set_clock(found, 0)
        assert await status(found, token) == 200
        # what is issued ahead of time counts when its time has come, and not before
        set_clock(found, DAY)
        early = sealed_at(await found.bundle(SCOPE))
        assert await status(found, early) == 200
        set_clock(found, 0)
        assert await status(found, early) == 403
        again = await found.post("/v1/revocations", {"ids": [made["id"]]}, "revoke")
        assert again.json()["seq"] == seq + 1
        audit = await found.get("/v1/audit", "read", verify="true", limit=1)
        assert audit.json()["verified"]["intact"] is True


def sealed_at(made: dict[str, object]) -> str:
    """Seal a bundle of tomorrow."""
    real = time.time
    time.time = lambda: real() + DAY
    try:
        return sealed(made)
    finally:
        time.time = real


@pytest.mark.anyio
async def test_a_machine_that_slept_asks_before_it_allows(tmp_path: Path) -> None:
    async with site(tmp_path) as found:
        token = sealed(await found.bundle(SCOPE))
        assert await status(found, token) == 200
        reach = found.service.reach
        # monotonic time goes on while a machine sleeps; whatever was revoked meanwhile is not known here
        reach._clock = lambda: time.monotonic() + 3600
        assert await status(found, token) == 503
        await reach.refresh()
        assert await status(found, token) == 200


# -------------------------------------------------------------------------------------------- the issuer


def test_a_slow_issuer_is_503_soon_and_holds_up_nobody_else(here: Pair) -> None:
    token = token_of(here.made(here.one))
    here.issuer.reset()
    kid = here.issuer.rotate(keep=False)
    asked = here.issuer.token(audience())
    here.issuer.serve("well", seconds=20)
    answers: list[tuple[int, float]] = []

    def exchange() -> None:
        began = time.monotonic()
        answer = here.exchanged(here.one, asked)
        answers.append((answer.status_code, time.monotonic() - began))

    waiting = [Thread(target=exchange) for _ in range(8)]
    for one in waiting:
        one.start()
    slowest = 0.0
    with httpx.Client(base_url=here.one.url) as client:
        while any(one.is_alive() for one in waiting):
            began = time.monotonic()
            verified = client.post("/v1/verify", json={"token": token, "scope": SCOPE})
            assert verified.status_code == 200
            slowest = max(slowest, time.monotonic() - began)
    for one in waiting:
        one.join()
    assert {code for code, _ in answers} == {503}, kid
    assert max(seconds for _, seconds in answers) < 6
    assert slowest < 1.5
    assert here.issuer.fetches() == 1


# ------------------------------------------------------------------------------------------- connections


def test_who_closes_its_half_gets_the_answer_or_an_end_and_leaves_nothing_behind(
    here: Pair,
) -> None:
    before = descriptors(here.one)
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for _ in range(50):
        for sent in (
            whole,
            whole[:-2],
            b"",
            b"POST /v1/verify HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
        ):
            with connect(here.one) as one:
                one.sendall(sent)
                one.shutdown(socket.SHUT_WR)
                answer = to_the_end(one)
            assert answer == b"" or answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 40"))
    until(lambda: descriptors(here.one) <= before + 2, 10, "connections are left behind")
    assert in_hand(here) == 1  # the very request that asks


def test_who_goes_in_the_middle_leaves_nothing_behind(here: Pair) -> None:
    before = descriptors(here.one)
    head = f"POST /v1/delegations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {here.key}\r\n"
    body = b'{"scopes":["a"]}'
    for _ in range(50):
        with connect(here.one) as one:
            one.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            # with a reset, while it is being written down
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    until(lambda: descriptors(here.one) <= before + 2, 10, "connections are left behind")
    until(lambda: in_hand(here) == 1, 10, "requests are left behind")
    assert here.audit_is_whole(here.one)


def in_hand(here: Pair) -> int:
    asked = {"authorization": f"Bearer {here.key}"}
    text = httpx.get(f"{here.one.url}/metrics", headers=asked).text
    line = next(one for one in text.splitlines() if one.startswith("kanoniv_requests_in_hand "))
    return int(float(line.split()[1]))


def test_many_who_say_nothing_keep_nobody_out_and_are_let_go(here: Pair) -> None:
    token = token_of(here.made(here.one))
    before = descriptors(here.one)
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(here.one)) for _ in range(IDLE)]
        assert verdict(here.one, token) == (200, "")
        assert {to_the_end(one)[:12] for one in silent} == {b"HTTP/1.1 408"}
    until(lambda: descriptors(here.one) <= before + 2, 10, "connections are left behind")


def test_without_descriptors_it_waits_for_some_and_goes_on(here: Pair) -> None:
    token = token_of(here.made(here.one))
    question = {"token": token, "scope": SCOPE}
    soft, hard = resource.prlimit(pid(here.one), resource.RLIMIT_NOFILE)
    with ExitStack() as stack, httpx.Client(base_url=here.one.url, timeout=20) as kept:
        assert kept.post("/v1/verify", json=question).status_code == 200
        few = descriptors(here.one) + 10
        resource.prlimit(pid(here.one), resource.RLIMIT_NOFILE, (few, hard))
        try:
            for _ in range(60):
                stack.enter_context(connect(here.one))
            time.sleep(0.5)
            assert kept.post("/v1/verify", json=question).status_code == 200
        finally:
            resource.prlimit(pid(here.one), resource.RLIMIT_NOFILE, (soft, hard))
    assert verdict(here.one, token) == (200, "")
    assert here.made(here.one)["id"] in here.rows(here.one)


def test_long_bodies_from_many_are_not_kept_in_memory(here: Pair) -> None:
    before, statuses = memory(here.one), list[int]()

    def parts() -> Iterator[bytes]:
        for _ in range(BODY // 65536):
            yield b"x" * 65536

    def send() -> None:
        answer = httpx.post(f"{here.one.url}/v1/verify", content=parts(), timeout=60)
        statuses.append(answer.status_code)

    senders = [Thread(target=send) for _ in range(SENDERS)]
    for one in senders:
        one.start()
    for one in senders:
        one.join(60)
    assert statuses == [413] * SENDERS
    assert memory(here.one) - before < 4 * BODY


# ------------------------------------------------------------------------------------------------- files


def test_where_nothing_can_be_written_nothing_is_acknowledged(tmp_path: Path) -> None:
    with process(tmp_path, *OPEN) as found:
        here = Pair(found, found, found.key, None)  # type: ignore[arg-type]
        made, other = here.made(found), here.made(found)
        whole = (tmp_path / "data/kanoniv.db-wal").stat().st_size
        soft, hard = resource.prlimit(pid(found), resource.RLIMIT_FSIZE)
        # every write beyond the first byte of a file fails, as it would on a disk that turned read-only
        resource.prlimit(pid(found), resource.RLIMIT_FSIZE, (0, hard))
        for _ in range(3):
            answers = (
                found.post("/v1/delegations", {"scopes": [SCOPE]}, found.key),
                found.post("/v1/revocations", {"ids": [made["id"]]}, found.key),
            )
            assert [one.status_code for one in answers] == [503, 503]
        # what is known is known, and nothing was revoked
        assert verdict(found, token_of(made)) == (200, "")
        assert len(here.rows(found)) == 2
        assert (tmp_path / "data/kanoniv.db-wal").stat().st_size == whole
        resource.prlimit(pid(found), resource.RLIMIT_FSIZE, (soft, hard))
        here.revoked(found, other["id"])
        assert verdict(found, token_of(other)) == (403, "revoked")
        assert verdict(found, token_of(made)) == (200, "")
        assert here.audit_is_whole(found)
        assert found.end() == 0


def mount(*words: str) -> bool:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode == 0


def test_a_file_system_that_is_read_only_is_said_at_the_start(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(disk)):
        pytest.skip("no file system can be mounted here")
    try:
        argv = (*OPEN, "--data-dir", str(disk))
        with process(tmp_path, *argv) as found:
            assert found.end() == 0
            assert mount("-o", "remount,ro", str(disk))
            found.start(wait=False)
            assert found.child is not None
            assert found.child.wait(30) == 2
            assert "KAN-" in found.err()
            assert "Traceback" not in found.err()
            assert mount("-o", "remount,rw", str(disk))
            assert found.start().end() == 0
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


# ------------------------------------------------------------------------------------------------ the end


def test_asked_to_end_in_the_middle_of_writes_it_keeps_all_it_acknowledged(tmp_path: Path) -> None:
    with process(tmp_path, *OPEN) as found:
        here = Pair(found, found, found.key, None)  # type: ignore[arg-type]
        with Writers([found], here.key, 8) as writers:
            for _ in range(2):
                writers.wait(40)
                assert found.end() == 0, found.err()
                assert found.events()[-1]["event"] == "stopped"
                found.start()
        assert writers.unexpected == []
        rows = here.rows(found)
        assert set(writers.issued) <= set(rows)
        assert set(writers.revoked) <= {one.hex() for one in list_of(found).ids}
        assert here.audit_is_whole(found)
        assert found.end() == 0


def test_an_exchange_in_hand_at_the_end_is_answered(tmp_path: Path, issuer: IssuerProcess) -> None:
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "deploy.yaml").write_text(policy(issuer.url), encoding="utf-8")
    issuer.reset()
    keyless = ("--policy-dir", str(policies), "--public-url", PUBLIC, "--oidc-issuers", issuer.url)
    with process(tmp_path, *OPEN, *keyless) as found:
        token, statuses = issuer.token(audience()), list[int]()
        issuer.serve("well", seconds=1)

        def send() -> None:
            statuses.append(found.post(EXCHANGE, ask(token)).status_code)

        sender = Thread(target=send)
        sender.start()
        until(lambda: issuer.fetches() == 1, 10, "the issuer is not asked")
        assert found.end() == 0
        sender.join(20)
        assert statuses == [200]
    issuer.reset()
