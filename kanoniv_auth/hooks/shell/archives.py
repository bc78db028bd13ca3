"""Archives and patches: what they hold is not in the command, so everything below their target counts. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.scene import SCRIPT, TESTS
from kanoniv_auth.hooks.shell.words import LITERAL, NotUnderstood, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

_TAR = (
    "c x t r u v z j J p k m h a O f: C: create extract get list verbose gzip bzip2 xz zstd file: directory: exclude: "
    "strip-components: keep-old-files overwrite no-same-owner no-same-permissions to-stdout auto-compress wildcards "
    "exclude-vcs dereference"
)


def judge(scene: Scene, name: str) -> None:
    """Ask for what may be written. Raises: NotUnderstood."""
    scene.harmless()
    if name == "patch":
        scene.need(SCRIPT, "a patch may be a program for ed")
    {"tar": _tar, "zip": _zip, "unzip": _unzip, "patch": _patch}[name](scene)


def _tar(scene: Scene) -> None:
    line = options.read(_new_form(list(scene.args)), _TAR)
    archive = line.value("f", "file")
    place = line.value("C", "directory") or Word(".")
    if sum(name in ("C", "directory") for name, _, _ in line.values) > 1:
        raise NotUnderstood("several folders")
    if archive is not None and ":" in archive.text:
        raise NotUnderstood("an archive on another machine")
    if not line.given.isdisjoint(("c", "create", "r", "u")):
        if place.text != ".":
            raise NotUnderstood("files of another folder")
        if archive is not None and archive.text != "-":
            scene.write(archive)
        for word in line.operands:
            scene.read(word, below=True)
        return
    if archive is not None:
        scene.read(archive)
    if line.given.isdisjoint(("t", "list", "O", "to-stdout")):
        scene.write(place, below=True)
        _unpacked(scene)


def _unpacked(scene: Scene) -> None:
    scene.past.placed = True
    scene.need(TESTS, "what it holds may be a repository with settings that run something")


def _new_form(words: list[Word]) -> list[Word]:
    """`tar xf FILE` as `tar -xf FILE`."""
    first = words[0].literal if words else None
    if first is None:
        raise NotUnderstood("tar")
    if first[:1] != "-":
        words[0] = Word(f"-{first}")
        if any(letter in first[:-1] for letter in "fC"):
            raise NotUnderstood("an old form of tar's options")
    return words


def _zip(scene: Scene) -> None:
    line = options.read(scene.args, "# r q j v u x: 9 y recurse-paths quiet")
    for word in line.operands[:1]:
        if word.kind != LITERAL:
            raise NotUnderstood("an archive that is not certain")
        scene.write(word)
        scene.write(Word(f"{word.text}.zip"))
    for word in line.operands[1:]:
        scene.read(word, below=True)


def _unzip(scene: Scene) -> None:
    line = options.read(scene.args, "o n q l v t p j u d: Z 1")
    for word in line.operands[:1]:
        scene.read(word)
    if line.given.isdisjoint(("l", "v", "t", "p", "Z")):
        scene.write(line.value("d") or Word("."), below=True)
        _unpacked(scene)


def _patch(scene: Scene) -> None:
    line = options.read(
        scene.args,
        "p: R N s f u i< d: b E dry-run strip: reverse forward input< directory: silent force",
    )
    scene.paths(line)
    for word in line.operands[1:]:
        scene.read(word)
    for word in line.operands[:1]:
        scene.write(word)
    scene.write(line.value("d", "directory") or Word("."), below=True)
