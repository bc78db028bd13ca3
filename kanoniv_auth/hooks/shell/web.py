"""curl and wget: which host is asked, whether anything is sent there, and which files are read and written. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.words import LITERAL, NotUnderstood, Word
from kanoniv_auth.hooks.weburl import host_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

_CURL = (
    "s S f L i I k v g N 4 6 O J # R a: A: e: b< c> d: F: H: m: o> T< u: w: X: D> E< r: C: y: Y: z: G 0 1 2 3 j l n! "
    "silent show-error fail location include head verbose globoff no-buffer remote-name remote-header-name request: "
    "data: data-raw: data-binary: data-urlencode: data-ascii: json: form: form-string: header: output> upload-file< "
    "user: write-out: max-time: connect-timeout: retry: retry-delay: retry-all-errors retry-connrefused user-agent: "
    "referer: compressed insecure fail-with-body http1.1 http2 http1.0 ipv4 ipv6 create-dirs output-dir> get url: "
    "no-progress-meter progress-bar range: continue-at: cacert< cert< key< dump-header> cookie< cookie-jar> "
    "max-redirs: tlsv1.2 tlsv1.3 proto: path-as-is limit-rate: remote-time"
)
_WGET = (
    "q v c N S n! O> P> o> a> T: t: U: w: L r! l: k p m! e! quiet verbose continue timestamping server-response "
    "output-document> directory-prefix> output-file> timeout: tries: user-agent: wait: no-check-certificate header: "
    "spider no-verbose show-progress progress: max-redirect: post-data: post-file< method: body-data: body-file< "
    "user: password: content-disposition no-clobber"
)
_SENDS = frozenset(
    ("d", "F", "T", "data", "data-raw", "data-binary", "data-urlencode", "data-ascii", "json", "form", "form-string",
     "upload-file", "post-data", "post-file", "body-data", "body-file")
)  # fmt: skip
# what names a file behind an @, or behind an =
_MAY_NAME_FILES = ("d", "F", "H", "w", "data", "data-binary", "data-urlencode", "data-ascii", "json", "form", "header",
                   "write-out")  # fmt: skip
_GETS = ("GET", "HEAD", "OPTIONS")
_HOST = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")


def judge(scene: Scene, name: str) -> None:
    """Ask for `net.fetch.HOST`, `net.send.HOST`, and for the files. Raises: NotUnderstood."""
    line = options.read(scene.args, _CURL if name == "curl" else _WGET)
    if "n" in line.given or (name == "wget" and not line.given.isdisjoint(("e", "r", "m"))):
        raise NotUnderstood(f"an option of {name} that reaches further")
    for key, _, word in line.values:
        if word.kind != LITERAL:
            raise NotUnderstood("a value that is sent, and not certain")
        if key in ("w", "write-out") and "%output" in word.text:
            raise NotUnderstood("what is shown goes to a file")
        if key in _MAY_NAME_FILES:
            _named_file(scene, word.text, several=key in ("F", "form"))
    scene.paths(line)
    _kept(scene, name, line)
    method = line.value("X", "request", "method")
    sends = not line.given.isdisjoint(_SENDS) and "G" not in line.given and "get" not in line.given
    if method is not None and method.text.upper() not in _GETS:
        sends = True
    words = [*line.operands, *[word for key, _, word in line.values if key == "url"]]
    if not words:
        raise NotUnderstood("no address")
    verb = "send" if sends else "fetch"
    for word in words:
        scene.named("it reaches a host", "net", verb, _host(word))
    if _follows(name, line):
        scene.need(f"net.{verb}", "it goes on to whatever host that one sends it to")


def _follows(name: str, line: options.Line) -> bool:
    """Whether the other side may name another host: wget goes there unless told not to, curl when it is told to."""
    most = line.value("max-redirs", "max-redirect")
    if most is not None and most.text == "0":
        return False
    return name == "wget" or not line.given.isdisjoint(("L", "location"))


def reached(scene: Scene, address: str, *, send: bool = False) -> None:
    """Ask for reaching an address that git is given: `https://…`, `ssh://…`, `host:path`. Raises: NotUnderstood."""
    scheme, mark, rest = address.partition("://")
    host: str | None
    if mark and scheme in ("http", "https"):
        host = host_of(address)
    else:
        path = rest if mark else address.partition(":")[2]
        host = (rest.partition("/")[0] if mark else address.partition(":")[0]).rpartition("@")[2]
        host = host.partition(":")[0].lower()
        certain = scheme == "ssh" if mark else address.partition(":")[1] and path[:1] != ":"
        host = (
            host if certain and _HOST.issuperset(host) and host[:1] not in ("", "-", ".") else None
        )
    if host is None:
        raise NotUnderstood("an address of another kind")
    scene.named("it reaches a host", "net", "send" if send else "fetch", host)


def _kept(scene: Scene, name: str, line: options.Line) -> None:
    """Files that are named after the address, or by the other side."""
    folder = line.value("output-dir", "P", "directory-prefix") or Word(".")
    if name == "curl" and not line.given.isdisjoint(
        ("O", "J", "remote-name", "remote-header-name")
    ):
        if not line.given.isdisjoint(("J", "remote-header-name")):
            scene.write(folder, below=True)
        for word in line.operands:
            scene.write(Word(f"{folder.text}/{_last(word.text)}"))
    elif (
        name == "wget" and line.value("O", "output-document") is None and "spider" not in line.given
    ):
        if "content-disposition" in line.given:
            scene.write(folder, below=True)
        for word in line.operands:
            if "%" in word.text:
                raise NotUnderstood("a name that is decoded")
            scene.write(Word(f"{folder.text}/{_last(word.text)}"))


def _last(address: str) -> str:
    return address.partition("?")[0].rstrip("/").rpartition("/")[2] or "index.html"


def _named_file(scene: Scene, text: str, *, several: bool) -> None:
    for sign in ("@", "<"):
        _, found, path = text.partition(sign)
        if found and several and "," in path:
            raise NotUnderstood("several files")
        if found:
            scene.read(Word(path.partition(";")[0] or "-"))


def _host(word: Word) -> str:
    text = word.text
    # a `?` or `[` in an address that is not quoted: no file is called so, but nobody knows
    host = host_of(text if "://" in text else f"http://{text}") if word.kind == LITERAL else None
    if host is None or any(sign in text for sign in "{}[]"):
        raise NotUnderstood("an address whose host is not certain")
    return host
