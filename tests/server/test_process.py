"""`kanoniv-auth-server` as a process: its first start, its end, its death, and clients that mean no good."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from kanoniv_auth.core.revocation_list import read_list
from tests.support.service import ROOT, Process, process, sealed

OPEN = ("--open-rate", "0", "--rate", "0")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("service")
    argv = (*OPEN, "--read-timeout", "1", "--concurrency", "20")
    with process(folder, *argv) as found:
        yield found
        assert found.end() == 0, found.err()
        secrets_are_nowhere(found)


def secrets_are_nowhere(found: Process) -> None:
    """All of stderr is JSON lines, without a key or a token."""
    found.events()
    text = found.err()
    assert "kas_" not in text
    assert not re.search(r"kd2\.[A-Za-z0-9_-]{16}|kdb2\.[A-Za-z0-9_-]{16}", text)
    assert "Traceback" not in text
    assert "Warning" not in text


def connect(found: Process) -> socket.socket:
    parts = urlsplit(found.url)
    one = socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=15)
    one.settimeout(15)
    return one


def request(path: str, body: object, key: str) -> bytes:
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n"
    )
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(data) + data


def everything(one: socket.socket) -> bytes:
    data = b""
    try:
        while piece := one.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


# ----------------------------------------------------------------------------------- start and end


def test_the_first_start_prints_the_key_once_and_the_second_nothing(tmp_path: Path) -> None:
    with process(tmp_path) as found:
        key = found.key
        assert found.out().count("kas_") == 1
        assert found.post("/v1/delegations", {"scopes": ["a"]}, key).status_code == 201
        for name in ("root.key", "kanoniv.db", "once.db"):
            assert (tmp_path / "data" / name).stat().st_mode & 0o077 == 0, name
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
        assert found.end() == 0
        found.start()
        assert found.out() == ""
        answer = httpx.get(
            f"{found.url}/v1/delegations", headers={"authorization": f"Bearer {key}"}
        )
        assert len(answer.json()["delegations"]) == 1
        assert found.end() == 0
        secrets_are_nowhere(found)


def test_the_key_goes_into_a_file_where_that_is_wished(tmp_path: Path) -> None:
    path = tmp_path / "admin.key"
    with process(tmp_path, "--admin-key-file", str(path)) as found:
        assert found.out() == ""
        assert path.stat().st_mode & 0o777 == 0o600
        key = path.read_text(encoding="ascii").strip()
        assert found.post("/v1/delegations", {"scopes": ["a"]}, key).status_code == 201
        assert found.end() == 0
        # a second start has no key to write, and leaves the file alone
        found.start()
        assert path.read_text(encoding="ascii").strip() == key
        assert found.end() == 0


def test_a_root_key_that_is_gone_is_not_replaced(tmp_path: Path) -> None:
    with process(tmp_path) as found:
        assert found.end() == 0
        (tmp_path / "data/root.key").unlink()
        found.start(wait=False)
        assert found.child is not None
        assert found.child.wait(30) == 2
        assert "KAN-KEY-001" in found.err()
        assert "Traceback" not in found.err()
        assert not (tmp_path / "data/root.key").exists()


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path, here: Process) -> None:
    port = str(urlsplit(here.url).port)
    found = Process(tmp_path, "--port", port).start(wait=False)
    try:
        assert found.child is not None
        assert found.child.wait(30) == 2
        assert "cannot listen on 127.0.0.1:" in found.err()
        assert "Traceback" not in found.err()
    finally:
        found.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_hand_is_finished_before_the_end(tmp_path: Path, number: int) -> None:
    with process(tmp_path) as found:
        body = b'{"scopes":["a"]}'
        with connect(found) as slow, connect(found) as idle:
            head = (
                f"POST /v1/delegations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {found.key}\r\n"
            )
            slow.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            whole = b""
            while not whole.endswith(b'{"status":"ok"}'):  # it may come in pieces
                piece = idle.recv(4096)
                assert piece, whole
                whole += piece
            assert whole.startswith(b"HTTP/1.1 200")
            time.sleep(0.3)
            assert found.child is not None
            found.child.send_signal(number)
            time.sleep(0.5)
            assert found.child.poll() is None
            with pytest.raises(OSError, match="refused"):
                connect(found)
            slow.sendall(body[5:])
            assert everything(slow).startswith(b"HTTP/1.1 201")
            assert everything(idle) == b""
        assert found.child.wait(15) == 0
        assert found.events()[-1]["event"] == "stopped"


def test_who_never_ends_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with process(tmp_path, "--read-timeout", "300") as found, connect(found) as slow:
        slow.sendall(b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        time.sleep(0.3)
        began = time.monotonic()
        assert found.end(30) == 0
        assert time.monotonic() - began < 15


class Busy(threading.Thread):
    """Issues and revokes until the service dies. issued, revoked: what was acknowledged."""

    def __init__(self, found: Process, key: str) -> None:
        super().__init__()
        self.url, self.key = found.url, key
        self.issued: set[str] = set()
        self.revoked: set[str] = set()

    def run(self) -> None:
        headers = {"authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=10) as client:
            try:
                while True:
                    made = client.post("/v1/delegations", json={"scopes": ["a"]})
                    one = made.raise_for_status().json()["id"]
                    self.issued.add(one)
                    client.post("/v1/revocations", json={"ids": [one]}).raise_for_status()
                    self.revoked.add(one)
            except httpx.HTTPError:
                return


def ledger(client: httpx.Client) -> set[str]:
    rows: set[str] = set()
    query = {"limit": 1000}
    while True:
        page = client.get("/v1/delegations", params=query).json()
        rows |= {row["id"] for row in page["delegations"]}
        if page["next"] is None:
            return rows
        query["cursor"] = page["next"]


def test_killed_at_any_time_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    with process(tmp_path, *OPEN) as found:
        key = found.key
        for _ in range(2):
            workers = [Busy(found, key) for _ in range(4)]
            for one in workers:
                one.start()
            end = time.monotonic() + 20
            while sum(len(one.revoked) for one in workers) < 20 and time.monotonic() < end:
                time.sleep(0.05)
            assert found.child is not None
            found.child.send_signal(signal.SIGKILL)
            found.child.wait(10)
            for one in workers:
                one.join(20)
            found.start()
            headers = {"authorization": f"Bearer {key}"}
            with httpx.Client(base_url=found.url, headers=headers) as client:
                listed = set(read_list(client.get("/v1/revocations").text.strip()).ids)
                rows = ledger(client)
                audit = client.get("/v1/audit", params={"verify": "true", "limit": 1}).json()
            revoked = {one for worker in workers for one in worker.revoked}
            assert len(revoked) >= 20
            assert {bytes.fromhex(one) for one in revoked} <= listed
            assert {one for worker in workers for one in worker.issued} <= rows
            assert audit["verified"]["intact"] is True


# ------------------------------------------------------------------------------- clients that mean no good


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET /hea", b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
     b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
     b'POST /v1/verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"tok'],
    ids=["nothing", "half a line", "half a head", "half a body", "half a chunk"],
)  # fmt: skip
def test_a_request_that_does_not_arrive_ends_in_408(here: Process, begun: bytes) -> None:
    with connect(here) as slow:
        slow.sendall(begun)
        began = time.monotonic()
        answer = everything(slow)
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        assert b"urn:kanoniv:error:too_slow" in answer
        assert 0.5 < time.monotonic() - began < 5


def test_a_byte_at_a_time_gains_no_time(here: Process) -> None:
    with connect(here) as slow:
        began, answer = time.monotonic(), b""
        slow.settimeout(0.2)
        try:
            while time.monotonic() - began < 6 and not answer:
                slow.sendall(b"G" if time.monotonic() - began < 0.1 else b"E")
                try:
                    answer = slow.recv(4096)
                except TimeoutError:
                    continue
        except OSError:
            pass
        assert time.monotonic() - began < 4


def test_slow_ones_do_not_keep_the_others_out(here: Process) -> None:
    slow = [connect(here) for _ in range(100)]
    try:
        for one in slow:
            one.sendall(b"POST /v1/verify HTTP/1.1\r\nHost: x\r\n")
        assert httpx.get(f"{here.url}/healthz").status_code == 200
    finally:
        for one in slow:
            one.close()


@pytest.mark.parametrize("path", ["/v1/verify", "/v1/delegations", "/verify", "/delegate"])
def test_ten_megabytes_are_refused_and_the_answer_arrives(here: Process, path: str) -> None:
    headers = {"authorization": f"Bearer {here.key}"}
    body = b"x" * 10_000_000
    answer = httpx.post(here.url + path, content=body, headers=headers, timeout=20)
    assert answer.status_code == 413

    def parts() -> Iterator[bytes]:
        for _ in range(160):
            yield b"x" * 65536

    answer = httpx.post(here.url + path, content=parts(), headers=headers, timeout=20)
    assert answer.status_code == 413


def test_a_head_without_end_is_refused(here: Process) -> None:
    with connect(here) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        try:
            for _ in range(200):
                one.sendall(b"X-Long: " + b"x" * 8000 + b"\r\n")
                time.sleep(0.001)
        except OSError:
            pass
        answer = everything(one)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
    assert httpx.get(f"{here.url}/healthz").status_code == 200


@pytest.mark.parametrize(
    "raw",
    [b"\0\0\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
     b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
     b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
     b"GET http://evil/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
     b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
     b"CONNECT evil:443 HTTP/1.1\r\nHost: x\r\n\r\n",
     b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
)  # fmt: skip
def test_what_is_hardly_http_brings_nothing_down(here: Process, raw: bytes) -> None:
    with connect(here) as one:
        one.sendall(raw)
        one.settimeout(5)
        try:
            answer = one.recv(65536)
        except (TimeoutError, ConnectionResetError):
            answer = b""
    assert b" 500 " not in answer[:30]
    assert httpx.get(f"{here.url}/healthz").status_code == 200


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with process(tmp_path_factory.mktemp("roomy"), *OPEN, "--concurrency", "20") as found:
        yield found
        assert found.end() == 0
        secrets_are_nowhere(found)


def test_a_thousand_at_once_are_answered_or_told_to_wait(roomy: Process) -> None:
    here = roomy
    made = here.post("/v1/delegations", {"scopes": ["deploy.staging"]}, here.key).json()
    body = {"token": sealed(made), "scope": "deploy.staging"}
    requests = [
        request("/v1/verify", body, here.key),
        request("/v1/delegations", {"scopes": ["a"]}, here.key),
    ]
    parts = urlsplit(here.url)

    async def one(raw: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(raw)
            return await reader.read()
        finally:
            writer.close()

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(*[one(requests[n % 2]) for n in range(1000)])

    answers = asyncio.run(all_at_once())
    statuses = [answer[9:12] for answer in answers]
    assert set(statuses) == {b"200", b"201", b"503"}
    busy = [answer for answer in answers if answer[9:12] == b"503"]
    assert all(b"\r\nretry-after: 1\r\n" in answer for answer in busy)
    assert here.post("/v1/verify", body).status_code == 200


# ----------------------------------------------------------------------------- a database that is not well


def test_a_database_that_is_locked_is_503_and_then_works_again(tmp_path: Path) -> None:
    with process(tmp_path, *OPEN) as found:
        body = {"scopes": ["a"]}
        made = found.post("/v1/delegations", body, found.key).json()
        other = sqlite3.connect(tmp_path / "data/kanoniv.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        assert found.post("/v1/delegations", body, found.key).status_code == 503
        assert found.post("/v1/revocations", {"ids": [made["id"]]}, found.key).status_code == 503
        assert time.monotonic() - began < 8
        other.execute("ROLLBACK")
        other.close()
        assert found.post("/v1/delegations", body, found.key).status_code == 201
        assert found.end() == 0
        secrets_are_nowhere(found)


def test_a_database_that_is_removed_is_503_never_an_allow(tmp_path: Path) -> None:
    with process(tmp_path, *OPEN) as found:
        made = found.post("/v1/delegations", {"scopes": ["deploy"]}, found.key).json()
        ask = {"token": sealed(made), "scope": "deploy"}
        assert found.post("/v1/verify", ask).status_code == 200
        for path in (tmp_path / "data").glob("kanoniv.db*"):
            path.rename(tmp_path / path.name)
        assert found.post("/v1/delegations", {"scopes": ["a"]}, found.key).status_code == 503
        end = time.monotonic() + 10
        while found.post("/v1/verify", ask).status_code == 200 and time.monotonic() < end:
            time.sleep(0.2)
        assert found.post("/v1/verify", ask).status_code == 503
        assert httpx.get(f"{found.url}/readyz").status_code == 503
        assert httpx.get(f"{found.url}/healthz").status_code == 200
        for path in tmp_path.glob("kanoniv.db*"):
            path.rename(tmp_path / "data" / path.name)
        end = time.monotonic() + 10
        while found.post("/v1/verify", ask).status_code != 200 and time.monotonic() < end:
            time.sleep(0.2)
        assert found.post("/v1/verify", ask).status_code == 200
        end = time.monotonic() + 10
        told = {"store away", "store back"}  # a moment after it is so
        while not told <= {line["event"] for line in found.events()} and time.monotonic() < end:
            time.sleep(0.1)
        assert told <= {line["event"] for line in found.events()}
        assert found.end() == 0
        secrets_are_nowhere(found)


def test_a_disk_that_is_full_is_503(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here, so none can be filled")
    try:
        with process(tmp_path, *OPEN, "--data-dir", str(disk)) as found:
            made = found.post("/v1/delegations", {"scopes": ["deploy"]}, found.key).json()
            ask = {"token": sealed(made), "scope": "deploy"}
            with (disk / "ballast").open("wb", buffering=0) as ballast:
                try:
                    while True:
                        ballast.write(b"\0" * 4096)
                except OSError:
                    pass
            statuses = {
                found.post("/v1/delegations", {"scopes": ["a"]}, found.key).status_code
                for _ in range(40)
            }
            assert 503 in statuses
            assert statuses <= {201, 503}
            assert (
                found.post("/v1/revocations", {"ids": [made["id"]]}, found.key).status_code == 503
            )
            # what is known is known, and it is not revoked
            assert found.post("/v1/verify", ask).status_code in {200, 503}
            (disk / "ballast").unlink()
            assert (
                found.post("/v1/revocations", {"ids": [made["id"]]}, found.key).status_code == 200
            )
            assert found.post("/v1/verify", ask).status_code == 403
            assert found.end() == 0
            secrets_are_nowhere(found)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_two_processes_on_one_file_see_each_others_revocations(tmp_path: Path) -> None:
    with process(tmp_path / "a", *OPEN) as one:
        shared = str(tmp_path / "a/data")
        with process(tmp_path / "b", *OPEN, "--data-dir", shared) as other:
            assert other.out() == ""
            made = one.post("/v1/delegations", {"scopes": ["deploy"]}, one.key).json()
            ask = {"token": sealed(made), "scope": "deploy"}
            assert other.post("/v1/verify", ask).status_code == 200
            assert other.post("/v1/revocations", {"ids": [made["id"]]}, one.key).status_code == 200
            done = time.monotonic()
            assert other.post("/v1/verify", ask).status_code == 403
            while one.post("/v1/verify", ask).status_code != 403:
                assert time.monotonic() - done < 3
                time.sleep(0.02)
            assert one.end() == other.end() == 0


def test_without_its_packages_it_says_what_to_install(tmp_path: Path) -> None:
    # as in an environment where only the library was installed
    code = (
        "import sys, importlib.abc\n"
        "class Missing(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'uvicorn', 'sqlalchemy', 'redis', 'prometheus_client', 'alembic'}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from kanoniv_server.cli import main\n"
        "sys.exit(main(['check']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "KANONIV_SERVER_DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "pip install 'kanoniv-auth[server]'" in done.stderr
