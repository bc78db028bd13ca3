"""`[[ … ]]`: accepted where it only compares texts and looks at files. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell.words import NotUnderstood

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tree_sitter import Node

_TESTS = frozenset(
    ("unary_expression", "binary_expression", "parenthesized_expression", "negation_expression", "test_operator",
     "word", "string", "string_content", "raw_string", "simple_expansion", "variable_name", "special_variable_name",
     "extglob_pattern", "number", "concatenation")
)  # fmt: skip
_COMPARED = frozenset(("==", "!=", "=", "&&", "||", "!", "(", ")", "[[", "]]", "$", '"', "<", ">"))
_LOOKED_UP = frozenset(
    ("-a", "-d", "-e", "-f", "-h", "-L", "-n", "-nt", "-ot", "-r", "-s", "-w", "-x", "-z")
)
_RUNS = (b"$(", b"`", b"<(", b">(", b"${", b"$[", b"\\\n")


def check(node: Node, data: bytes) -> None:
    """Look at a condition: no substitution, no arithmetic, nothing that is not listed here. Raises: NotUnderstood."""
    text = data[node.start_byte : node.end_byte]
    if any(sign in text for sign in _RUNS):
        raise NotUnderstood("a test that runs something")
    at, nodes = node.start_byte, [node]
    while nodes:
        one = nodes.pop()
        if one.child_count and (one is node or one.type not in ("string", "concatenation")):
            nodes += reversed(one.children)
            if one is not node:
                _known(one, data)
            continue
        if data[at : one.start_byte].strip(b" \t\n"):
            raise NotUnderstood("something between the words of a test")
        _known(one, data)
        at = one.end_byte
    if at != node.end_byte:
        raise NotUnderstood("something after the words of a test")


def _known(node: Node, data: bytes) -> None:
    text = data[node.start_byte : node.end_byte].decode("utf-8")
    known = _TESTS if node.is_named else _COMPARED
    if node.type not in known or (node.type == "test_operator" and text not in _LOOKED_UP):
        raise NotUnderstood("a test of another kind")
