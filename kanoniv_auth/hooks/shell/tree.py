"""The reader of compound commands: tree-sitter says where loops, branches and brackets are, the plain reader the rest.

Every simple command is read again by the plain reader, from its own piece of the text, and must be exactly one there
too: what the grammar takes for a command and bash for two, or the other way round, is not understood. Of the grammar
are believed only the nodes named here, and between two of them only blanks.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell import conditions, plain, variables
from kanoniv_auth.hooks.shell.grammar import Grammar, check_reserved
from kanoniv_auth.hooks.shell.values import line_variable, names
from kanoniv_auth.hooks.shell.words import (
    SHOWN,
    UNKNOWN,
    NotUnderstood,
    Place,
    Simple,
    Word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_GRAMMAR = Grammar()  # where there is none, this module cannot be imported
_MAX_VALUES, _MAX_COMMANDS, _MAX_DEPTH = 16, 256, 12
_LEAVES = frozenset(
    (
        "command",
        "variable_assignment",
        "variable_assignments",
        "declaration_command",
        "unset_command",
    )
)
_ENDINGS = frozenset((";", "&", "\n", ";;"))
_REDIRECTS = frozenset(("file_redirect", "herestring_redirect"))
_PATTERN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./*?| \"'")


def read(
    text: str, home: str, _: object = None, settled: frozenset[str] = frozenset()
) -> tuple[Simple, ...]:
    """Read a text. home: what `~` stands for · settled: as the plain reader has it. Raises: NotUnderstood."""
    if "<<" in text.replace("<<<", ""):
        raise NotUnderstood("a here-document in a compound command")
    data = text.encode("utf-8")
    root = _GRAMMAR.parse(data)
    if root.has_error:
        raise NotUnderstood("an error of syntax")
    check_reserved(root, data)
    walk = _Walk(data, home, settled)
    walk.statements(root, (), Place(), 0, len(data))
    return tuple(walk.found)


class _Walk:
    __slots__ = ("data", "found", "home", "known", "nests", "settled")

    def __init__(self, data: bytes, home: str, settled: frozenset[str]) -> None:
        self.data, self.home, self.settled, self.nests = data, home, settled, 0
        self.found: list[Simple] = []
        self.known: dict[str, Word] = {}

    def statements(
        self, node: Node, nest: tuple[int, ...], place: Place, start: int, end: int
    ) -> None:
        """Walk what stands between two places of a node, one command after the other."""
        for child in self._children(node, start, end):
            if child.is_named:
                self.one(child, nest, place)
            elif child.type not in _ENDINGS:
                raise NotUnderstood(f"`{child.type}` where a command ends")

    def _children(self, node: Node, start: int, end: int) -> Iterator[Node]:
        """A node's children within a piece, without comments; nothing but blanks may stand between them."""
        at = start
        for child in node.children:
            if child.start_byte < start or child.end_byte > end:
                continue
            self._gap(at, child.start_byte)
            at = child.end_byte
            if child.type == "comment":
                before = self.data[: child.start_byte].replace(b"\\\n", b"")
                if before[-1:] not in (b"", b" ", b"\t", b"\n", b";"):
                    raise NotUnderstood("a comment that may be none")
                continue
            yield child
        self._gap(at, end)

    def _gap(self, start: int, end: int) -> None:
        """Only blanks, and lines that go on: bash joins what stands around those, so blanks must be there besides."""
        for part in self.data[start:end].split(b"\\\n")[:-1]:
            if not part:
                raise NotUnderstood("a line that goes on inside a word")
        if self.data[start:end].replace(b"\\\n", b"").strip(b" \t\n"):
            raise NotUnderstood("something between two commands")

    def one(self, node: Node, nest: tuple[int, ...], place: Place) -> Simple:
        """Walk one statement; returns what stands for it in a pipe."""
        if len(nest) > _MAX_DEPTH or len(self.found) > _MAX_COMMANDS:
            raise NotUnderstood("too much of it")
        if node.type in _LEAVES or (node.type == "test_command" and self._starts(node, b"[ ")):
            return self._leaf(node.start_byte, node.end_byte, nest, place)
        walker = getattr(self, f"_{node.type}", None)
        if walker is None:
            raise NotUnderstood(node.type.replace("_", " "))
        found = walker(node, nest, place)
        return found if isinstance(found, Simple) else Simple((), nest=nest, again=place.again)

    def _starts(self, node: Node, text: bytes) -> bool:
        return self.data.startswith(text, node.start_byte)

    def _leaf(
        self, start: int, end: int, nest: tuple[int, ...], place: Place, *, before: str = ""
    ) -> Simple:
        text = before + self.data[start:end].decode("utf-8")
        found = plain.read(text, self.home, self.known)
        if sum(not each.nest for each in found) != 1:
            raise NotUnderstood("a command that may be two")
        self.nests += 1
        for each in found:
            self._keep(each.at((*nest, self.nests) if each.nest else nest, place))
        return self.found[-1]

    def _keep(self, simple: Simple) -> None:
        changed = variables.set_by(simple) if self.known else frozenset()
        if changed is None or not changed.isdisjoint(self.known):
            raise NotUnderstood("a loop's variable that is set in it")
        if not simple.again:
            variables.settle(self.known, self.settled, simple, self.found)
        self.found.append(simple)

    def _redirected_statement(self, node: Node, nest: tuple[int, ...], place: Place) -> Simple:
        body, *redirects = self._children(node, node.start_byte, node.end_byte)
        if any(each.type not in _REDIRECTS for each in redirects):
            raise NotUnderstood("a redirect of another kind")
        if body.type in _LEAVES:
            return self._leaf(node.start_byte, node.end_byte, nest, place)
        if body.type in _REDIRECTS:
            raise NotUnderstood("redirects without a command")
        self.one(body, nest, place)
        for each in redirects:
            kept = self._leaf(each.start_byte, each.end_byte, nest, Place(again=place.again))
            if kept.words or kept.assignments:
                raise NotUnderstood("words behind a redirect")
        return Simple((), nest=nest)

    def _list(self, node: Node, nest: tuple[int, ...], place: Place) -> Simple:
        left, sign, right = self._children(node, node.start_byte, node.end_byte)
        if sign.type not in ("&&", "||"):
            raise NotUnderstood("a list of another kind")
        # `a | b && c` comes as `a | (b && c)`: what comes through the pipe is the left one's alone
        self.one(left, nest, Place(place.source, place.after, again=place.again))
        return self.one(right, nest, Place(None, sign.type, piped=place.piped, again=place.again))

    def _pipeline(self, node: Node, nest: tuple[int, ...], place: Place) -> Simple:
        source = place.source
        *parts, last = self._children(node, node.start_byte, node.end_byte)
        for child in parts:
            if child.is_named:
                source = self.one(
                    child, nest, Place(source, place.after, piped=True, again=place.again)
                )
            elif child.type == "|&":
                source = Simple(())  # names, and what the command complains of
            elif child.type != "|":
                raise NotUnderstood("a pipe of another kind")
        return self.one(
            last, nest, Place(source, place.after, piped=place.piped, again=place.again)
        )

    def _negated_command(self, node: Node, nest: tuple[int, ...], place: Place) -> Simple:
        sign, body = self._children(node, node.start_byte, node.end_byte)
        if sign.type != "!":
            raise NotUnderstood("a negation of another kind")
        # what comes after it with && comes after a failure
        return self.one(body, nest, Place(place.source, "||", piped=True, again=place.again))

    def _inner(self, node: Node, nest: tuple[int, ...], place: Place, marks: str) -> None:
        opening, *_, closing = node.children
        if opening.type != marks[0] or closing.type != marks[1]:
            raise NotUnderstood("brackets of another kind")
        self.nests += 1
        inside = (*nest, self.nests if marks == "()" else -self.nests)
        self.statements(
            node, inside, Place(again=place.again), opening.end_byte, closing.start_byte
        )

    def _subshell(self, node: Node, nest: tuple[int, ...], place: Place) -> None:
        self._inner(node, nest, place, "()")

    def _compound_statement(self, node: Node, nest: tuple[int, ...], place: Place) -> None:
        self._inner(node, nest, place, "{}")

    def _if_statement(self, node: Node, nest: tuple[int, ...], place: Place) -> None:
        self.nests += 1
        self._branches(node, (*nest, -self.nests), Place(again=place.again))

    def _branches(self, node: Node, nest: tuple[int, ...], place: Place) -> None:
        for child in self._children(node, node.start_byte, node.end_byte):
            if child.type in ("elif_clause", "else_clause"):
                self._branches(child, nest, place)
            elif child.is_named:
                self.one(child, nest, place)
            elif child.type not in (*_ENDINGS, "if", "then", "elif", "else", "fi"):
                raise NotUnderstood(f"`{child.type}` in a branch")

    def _case_statement(self, node: Node, nest: tuple[int, ...], place: Place) -> None:
        _, value, *parts, end = self._children(node, node.start_byte, node.end_byte)
        self._leaf(value.start_byte, value.end_byte, nest, Place(again=place.again), before=": ")
        if end.type != "esac" or parts[0].type != "in":
            raise NotUnderstood("a choice of another kind")
        self.nests += 1
        for item in parts[1:]:
            if item.type == "\n":
                continue
            mark = next((child for child in item.children if child.type == ")"), None)
            if item.type != "case_item" or mark is None:
                raise NotUnderstood("a choice of another kind")
            if not _PATTERN.issuperset(self.data[item.start_byte : mark.start_byte]):
                raise NotUnderstood("a pattern that is not plain")
            inside = (*nest, -self.nests)
            self.statements(item, inside, Place(again=place.again), mark.end_byte, item.end_byte)

    def _test_command(self, node: Node, nest: tuple[int, ...], place: Place) -> None:
        conditions.check(node, self.data)
        self._keep(Simple((Word("[["),), nest=nest, after=place.after, again=place.again))

    def _while_statement(self, node: Node, nest: tuple[int, ...], _: Place) -> None:
        self.nests += 1
        inside = (*nest, -self.nests)
        first = len(self.found)
        for child in self._children(node, node.start_byte, node.end_byte):
            if child.type == "do_group":
                kinds = [each.type for each in node.children if each.type != "\n"]
                simple = kinds[:1] == ["while"] and "&" not in kinds
                name = line_variable(self.found[first:], inside) if simple else ""
                if name:
                    # a name only to show: what else reads in the loop may cut the lines in two
                    self._known(name, Word(f"${name}", SHOWN, single=False), child, inside)
                else:
                    self._do(child, inside)
            elif child.is_named:
                self.one(child, inside, Place(again=True))
            elif child.type not in (*_ENDINGS, "while", "until"):
                raise NotUnderstood(f"`{child.type}` in a loop")

    def _do(self, node: Node, nest: tuple[int, ...]) -> None:
        opening, *_, closing = node.children
        if opening.type != "do" or closing.type != "done":
            raise NotUnderstood("a loop of another kind")
        self.statements(node, nest, Place(again=True), opening.end_byte, closing.start_byte)

    def _for_statement(self, node: Node, nest: tuple[int, ...], _: Place) -> None:
        parts = list(self._children(node, node.start_byte, node.end_byte))
        kinds = [part.type for part in parts]
        ends = [number for number, kind in enumerate(kinds) if kind in _ENDINGS]
        if kinds[:3] != ["for", "variable_name", "in"] or kinds[-1] != "do_group" or not ends:
            raise NotUnderstood("a loop of another kind")
        values = self.data[parts[2].end_byte : parts[ends[0]].start_byte].decode("utf-8")
        if ends != list(range(ends[0], len(parts) - 1)):
            raise NotUnderstood("a loop of another kind")
        name = self.data[parts[1].start_byte : parts[1].end_byte].decode("utf-8")
        self.nests += 1
        inside = (*nest, -self.nests)
        for value in self._values(values, inside):
            self._with(name, value, parts[-1], inside)

    def _values(self, text: str, nest: tuple[int, ...]) -> tuple[Word, ...]:
        """The words of `for NAME in …`, read as a command's."""
        found = plain.read(f"echo {text}", self.home, self.known)
        *inner, last = found
        if any(not each.nest for each in inner) or last.assignments or last.redirects:
            raise NotUnderstood("a loop's words")
        self.nests += 1
        for each in inner:
            self._keep(each.at((*nest, self.nests), Place(again=True)))
        if len(last.words) - 1 > _MAX_VALUES:
            raise NotUnderstood("a loop over too many words")
        return last.words[1:]

    def _with(self, name: str, value: Word, body: Node, nest: tuple[int, ...]) -> None:
        self._keep(Simple((), ((name, value),), nest=nest, again=True))
        self._known(name, value, body, nest)

    def _known(self, name: str, value: Word, body: Node, nest: tuple[int, ...]) -> None:
        """Walk the body of a loop whose variable has a value."""
        if value.kind == SHOWN:
            value = names(value) or Word(value.text, SHOWN, single=False)
        if value.kind != UNKNOWN:
            self.known[name] = value
        self._do(body, nest)
        self.known.pop(name, None)
