"""A20: a key that also signs for SSH, git or another protocol.

People paste the key they have, so a root may be an SSH key. The attacker gets it to sign bytes of his choosing
through the other protocol (an SSH login, a commit, a JWT) and feeds the signature in. All those protocols put bytes
of their own first, none of which is the beginning of a tag of ours. A tool that signs bare files (minisign -l,
openssl) has no such bytes: a key shared with one of those protects nothing, and no format could help.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from tests.advisories.attacker import (
    ALICE,
    BOB,
    ENVELOPE_TAG,
    LINK_TAG,
    POP_TAG,
    ROOT,
    SEAL_TAG,
    ZEROS,
    Links,
    b64,
    envelope_payload,
    honest,
)  # fmt: skip
from tests.advisories.verifier import envelope_verdict, verdict

CHAIN = honest()


def ssh_string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def sshsig(message: bytes) -> bytes:
    """What `ssh-keygen -Y sign` and git sign; the namespace is the attacker's choice."""
    hashed = ssh_string(b"sha512") + ssh_string(hashlib.sha512(message).digest())
    return b"SSHSIG" + ssh_string(message[:64]) + ssh_string(b"") + hashed


def ssh_login(message: bytes) -> bytes:
    return (
        ssh_string(message[:32].ljust(32))
        + b"\x32"
        + ssh_string(b"git")
        + ssh_string(b"ssh-connection")
        + message
    )


def git_commit(message: bytes) -> bytes:
    return b"tree " + b"0" * 40 + b"\nauthor a <a> 0 +0000\n\n" + message


def git_tag(message: bytes) -> bytes:
    return b"object " + b"0" * 40 + b"\ntype commit\ntag x\n\n" + message


def jws(message: bytes) -> bytes:
    return ".".join([b64(b'{"alg":"EdDSA"}'), b64(message)]).encode()


def paseto(message: bytes) -> bytes:
    parts = (b"v4.public.", message, b"", b"")
    return len(parts).to_bytes(8, "little") + b"".join(
        len(p).to_bytes(8, "little") + p for p in parts
    )


def dsse(message: bytes) -> bytes:
    return b"DSSEv1 4 text %d " % len(message) + message


def tls(message: bytes) -> bytes:
    return b" " * 64 + b"TLS 1.3, client CertificateVerify\0" + message


def certificate(message: bytes) -> bytes:
    return b"\x30\x82" + len(message).to_bytes(2, "big") + message


PROTOCOLS = [sshsig, ssh_login, git_commit, git_tag, jws, paseto, dsse, tls, certificate]


def wanted() -> dict[str, bytes]:
    """What the attacker would like to have signed."""
    seal = CHAIN.until.to_bytes(8, "big")
    return {
        "link": LINK_TAG + ZEROS + Links().payload(ALICE),
        "seal": SEAL_TAG + CHAIN.id + seal,
        "pop": POP_TAG + CHAIN.id,
        "env": ENVELOPE_TAG + envelope_payload(CHAIN),
    }


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_signature_from_another_protocol(protocol: Callable[[bytes], bytes]) -> None:
    message = wanted()
    link = Links().append(ROOT.sign(protocol(message["link"])), Links().payload(ALICE), ALICE)
    assert verdict(link.sealed()) == "bad_signature"
    rest = CHAIN.until.to_bytes(8, "big")
    assert (
        verdict(f"{CHAIN.text}~s{b64(BOB.sign(protocol(message['seal'])) + rest)}")
        == "bad_signature"
    )
    pop = BOB.sign(protocol(message["pop"])) + rest + bytes(16)
    assert verdict(f"{CHAIN.text}~p{b64(pop)}") == "bad_signature"
    payload = envelope_payload(CHAIN)
    receipt = f"kde2.{b64(BOB.sign(protocol(message['env'])) + payload)}~{CHAIN.text[4:]}"
    assert envelope_verdict(receipt) == "bad_signature"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("tag", [LINK_TAG, SEAL_TAG, POP_TAG, ENVELOPE_TAG])
def test_no_protocol_signs_bytes_that_begin_as_ours(
    protocol: Callable[[bytes], bytes], tag: bytes
) -> None:
    signed = protocol(tag + bytes(64))
    assert not signed.startswith(tag)
    assert not tag.startswith(signed[:5])


@pytest.mark.parametrize("tag", [LINK_TAG, SEAL_TAG, POP_TAG, ENVELOPE_TAG])
def test_what_we_sign_is_no_message_of_another_protocol(tag: bytes) -> None:
    assert tag.startswith(b"kanoniv-auth/2 ")
    # read as an SSH string or a PASETO count, the first bytes are a length no message has
    assert int.from_bytes(tag[:4], "big") > 2**30
    assert int.from_bytes(tag[:8], "little") > 2**60
