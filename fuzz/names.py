"""What people type and paste: scopes, durations, keys, names, times, escaped text. One text, all of their readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from fuzz.changes import TEXTS, worn
from fuzz.ground import judged, need
from kanoniv_auth.core import durations, encoding, sodium
from kanoniv_auth.core.durations import MAX_TTL, format_ttl, parse_ttl
from kanoniv_auth.core.encoding import b64u, escape, unb64u, unescape
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.keys import KeyPair, check_did, did_key, parse_public, parse_secret
from kanoniv_auth.core.payload import check_name
from kanoniv_auth.core.proof import check_audience
from kanoniv_auth.core.redaction import redact
from kanoniv_auth.core.rfc3339 import format_time, parse_time
from kanoniv_auth.core.scopes import check_scope, check_wire, covers, parse_scopes, scope
from vectors import forge

PAIR = KeyPair(forge.CI.seed)
HONEST = (
    "deploy.staging", "read:payments", "a,b\nc", "repo.a%2eb", "30s", "1h30m", "4h", "never", "3600", "deploys.example",
    PAIR.did, PAIR.did_key, PAIR.secret_text(), b64u(PAIR.public), PAIR.seed.hex(), PAIR.public.hex(),
    f'{{"private_key": "{PAIR.seed.hex()}"}}', "2026-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z", "caf%c3%a9",
)  # fmt: skip


class Names:
    """The input is text in UTF-8, lone surrogates included."""

    def seeds(self, *, honest: bool) -> Iterator[bytes]:
        """One of each kind; and then the odd ones."""
        for text in (*HONEST, *(() if honest else TEXTS)):
            if text:
                yield text.encode("utf-8", "surrogatepass")

    def mutate(self, data: bytes, random: Random) -> bytes:
        """Change a character, or set two texts one behind the other."""
        text = data.decode("utf-8", "surrogatepass")
        for _ in range(random.choice((1, 1, 2, 4))):
            if not text or random.random() < 0.2:
                text += random.choice(TEXTS)
            elif random.random() < 0.4:
                at = random.randrange(len(text) + 1)
                letter = random.choice(".:%0123456789abcdefdhmsTZ-_=+/ \n")
                text = text[:at] + letter + text[at + random.randrange(2) :]
            elif random.random() < 0.5:
                at = random.randrange(len(text) + 1)
                text = text[:at] + text[at + random.choice((1, 1, 2)) :]
            else:
                text = worn(text, random)
        return text[:4000].encode("utf-8", "surrogatepass")

    def check(self, data: bytes) -> None:
        """Everything is read or refused; what is read can be written, and reads as the same again."""
        try:
            text = data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return
        for reader in (_check_scopes, _check_times, _check_keys, _check_texts):
            reader(text)

    def plants(self) -> dict[str, Callable[[], None]]:
        """Bugs of the kinds that are looked for."""
        return {
            "no bounds": lambda: setattr(durations, "_bounded", lambda seconds, _: seconds),
            "any base64": lambda: setattr(encoding, "_LAST", (encoding._LAST[3],) * 4),  # noqa: SLF001
        }


def _read(text: str, reader: Callable[[str], object]) -> object:
    """What a reader makes of a text, None for a refusal."""
    found = judged(len(text), lambda: reader(text))
    return None if isinstance(found, AuthError) else found


def _check_scopes(text: str) -> None:
    typed = _read(text, check_scope)
    if isinstance(typed, str):
        need(check_wire(typed) == typed, "a scope that people may type and tokens may not hold")
        need(typed in {text, text.strip().replace(":", ".")}, "a scope was made into another one")
        need(
            covers({typed}, typed + ".x") and not covers({typed + ".x"}, typed), "it covers upwards"
        )
        # the one escape of a byte: what is decoded and built again is the same scope
        built = [bytes_of(part).decode("utf-8", "replace") for part in typed.split(".")]
        if "\ufffd" not in typed and "\ufffd" not in "".join(built):
            need(
                _read(text, lambda _: scope(*built)) in {typed, None}, "a scope with two spellings"
            )
    many = _read(text, parse_scopes)
    if isinstance(many, tuple):
        need(parse_scopes(many) == many == tuple(sorted(set(many))), "a list that is not one")
    _read(text, scope)


def bytes_of(part: str) -> bytes:
    """A segment of a scope without its escapes."""
    head, *rest = part.split("%")
    return head.encode() + b"".join([bytes.fromhex(r[:2]) + r[2:].encode() for r in rest])


def _check_times(text: str) -> None:
    seconds = _read(text, lambda value: (parse_ttl(value),))
    if isinstance(seconds, tuple) and seconds[0] is not None:
        found = seconds[0]
        need(type(found) is int and 1 <= found <= MAX_TTL, "a time to live outside its bounds")
        need(
            int(found / 60) == 0 or 0 < (parse_ttl(format_ttl(found)) or 0) <= found,
            "it prints as more",
        )
    moment = _read(text, parse_time)
    if isinstance(moment, int):
        need(
            format_time(moment // 1000)[:-4] == text[:-4], "a time that is another one when written"
        )


def _check_keys(text: str) -> None:
    public = _read(text, parse_public)
    if isinstance(public, bytes):
        need(
            len(public) == 32 and parse_public(did_key(public)) == public,
            "a key that is another one",
        )
        sodium.backend.check_point(public)
    pair = _read(text, parse_secret)
    if isinstance(pair, KeyPair):
        need(parse_secret(pair.secret_text()) == pair, "a key that is another one")
        need(pair.seed.hex() not in f"{pair!r}{pair}", "a key that shows its seed")
    label = _read(text, check_did)
    need(label in {None, text}, "a DID was made into another one")


def _check_texts(text: str) -> None:
    for reader in (check_name, check_audience, check_wire):
        need(_read(text, reader) in {None, text}, "a name was made into another one")
    raw = _read(text, unb64u)
    need(raw is None or b64u(raw) == text, "base64url with two spellings")  # type: ignore[arg-type]
    plain = _read(text, unescape)
    need(plain is None or escape(plain) == text, "an escaped text with two spellings")  # type: ignore[arg-type]
    wire = _read(text, escape)
    need(wire is None or unescape(wire) == text, "a text that does not come back")  # type: ignore[arg-type]
    need("kd2." + "A" * 40 not in redact(text + "kd2." + "A" * 40), "a token in a redacted text")
