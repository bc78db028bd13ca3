"""What the service is told: flags, variables, files; all that is wrong at once, and no password in any of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kanoniv_server.settings import OPTIONS, Settings, SettingsRefused, read_settings

PREFIX = "KANONIV_SERVER_"


def refused(flags: dict[str, str], environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsRefused) as caught:
        read_settings(flags, environ or {})
    return str(caught.value).splitlines()


def test_nothing_said_is_one_machine_and_nobody_else(tmp_path: Path) -> None:
    found = read_settings({"data-dir": str(tmp_path)}, {})
    assert (found.host, found.port, found.redis_url, found.policy_dir) == (
        "127.0.0.1", 7400, None, None,
    )  # fmt: skip
    assert found.database_url == f"sqlite:///{tmp_path}/kanoniv.db"
    assert found.root_key == tmp_path / "root.key"
    assert found.allow_old_root_key_route is False
    assert found.trusted_proxies == ()


def test_a_flag_wins_over_its_variable() -> None:
    environ = {PREFIX + "PORT": "1", PREFIX + "HOST": "h", "PORT": "9", "KANONIV_TOKEN": "x"}
    found = read_settings({"port": "2"}, environ)
    assert (found.port, found.host) == (2, "h")


def test_every_option_has_a_variable_of_its_name_and_works_by_it() -> None:
    assert {one.variable for one in OPTIONS if one.name != "root-key"} == {
        PREFIX + one.name.upper().replace("-", "_") for one in OPTIONS if one.name != "root-key"
    }
    found = read_settings({}, {PREFIX + "ROOT_KEY_FILE": "/k", PREFIX + "DATA_DIR": "/d"})
    assert str(found.root_key) == "/k"


def test_all_that_is_wrong_is_said_at_once_each_with_a_fix() -> None:
    lines = refused(
        {"port": "70000", "public-url": "ftp://x", "concurrency": "0", "trusted-proxies": "10.0/8",
         "database-url": "mysql://u:hunter2@h/d", "redis-url": "http://:hunter2@h",
         "allow-old-root-key-route": "maybe"},
        {PREFIX + "PROT": "1", PREFIX + "ROOT_KEY": "k", PREFIX + "ROOT_KEY_FILE": "/k"},
    )  # fmt: skip
    assert len(lines) == 9
    assert all(". Fix: " in line for line in lines)
    assert lines[0] == f"{PREFIX}PROT: this is no setting. Fix: write {PREFIX}PORT"
    assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize(
    ("name", "text"),
    [("port", ""), ("port", "-1"), ("port", "0x50"), ("port", "٣"), ("port", "9" * 40), ("host", ""),
     ("host", "a b"), ("host", "u@h"), ("data-dir", ""), ("rate", "1.5"), ("read-timeout", "0"),
     ("public-url", "https://"), ("public-url", "https://u:p@h"), ("public-url", "https://h/?q"),
     ("public-url", "https://h/#f"), ("public-url", "http://auth.example.com"),
     ("public-url", "https://h:x"), ("public-url", "https://a b"), ("public-url", "//h"),
     ("public-url", "https://[::1"), ("redis-url", "redis"), ("database-url", "")],
)  # fmt: skip
def test_what_cannot_be_meant(name: str, text: str) -> None:
    (line,) = refused({name: text})
    assert line.startswith(f"--{name}: ")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("https://auth.example.com/", "https://auth.example.com"), ("http://localhost:7400", None),
     ("http://127.0.0.1:1", None), ("https://h/base", None)],
)  # fmt: skip
def test_an_address_for_others_is_https_or_this_machine(text: str, meant: str | None) -> None:
    assert read_settings({"public-url": text}, {}).public_url == (meant or text)


def test_an_address_with_a_password_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://u:hunter2@h/d\n", encoding="utf-8")
    by_file = {"database-url-file": str(file)}
    for flags, environ in ((by_file, {}), ({}, {PREFIX + "DATABASE_URL_FILE": str(file)})):
        assert read_settings(flags, environ).database_url == "postgresql://u:hunter2@h/d"
    (line,) = refused({**by_file, "database-url": "memory:"})
    assert "twice" in line
    (line,) = refused({"redis-url-file": str(tmp_path / "none")})
    assert "No such file" in line
    file.write_bytes(b"\xff")
    assert "not text" in refused(by_file)[0]


def test_no_password_is_shown() -> None:
    found: Settings = read_settings(
        {"database-url": "postgresql://u:hunter2@h/d", "redis-url": "redis://:hunter2@h"}, {}
    )
    assert "hunter2" not in repr(found) + str(found) + f"{found!r}"
