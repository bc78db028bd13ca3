"""The grammar of bash, from the extra `[agents]`: its two compiled modules, without the packages around them.

Those import `typing` and `importlib.resources`, which cost three times what the compiled modules do. Pure.
"""

from __future__ import annotations

import sys

from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks.shell.words import RESERVED, NotUnderstood

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tree_sitter import Node

_EDGES = (b"", b" ", b"\t", b"\n", b";", b"&", b"|", b"(", b")")


class Grammar(Value):
    """What parses. parser: of tree-sitter."""

    __slots__ = ("_parser",)

    def __init__(self) -> None:
        binding, bash = _binding("tree_sitter"), _binding("tree_sitter_bash")
        self._fill(binding.Parser(binding.Language(bash.language())))  # type: ignore[attr-defined]

    def parse(self, data: bytes) -> Node:
        """The root of the tree. data: UTF-8."""
        root: Node = self._parser.parse(data).root_node  # type: ignore[attr-defined]
        return root


def _binding(package: str) -> object:
    """Import one package's compiled module, by way of an empty package that is taken away again.

    Raises: ImportError where the package is not installed.
    """
    name = f"{package}._binding"
    if name not in sys.modules:
        there = sys.modules.get(package)
        if there is None:
            sys.modules[package] = _empty(package)
        try:
            __import__(name)
        finally:
            if there is None:
                del sys.modules[package]
    return sys.modules[name]


def _empty(package: str) -> type(sys):  # type: ignore[valid-type]
    for finder in sys.meta_path:
        spec = finder.find_spec(package, None)
        if spec is not None and spec.submodule_search_locations is not None:
            made = type(sys)(package)
            made.__path__ = list(spec.submodule_search_locations)
            return made
    raise ImportError(name=package)


def check_reserved(root: Node, data: bytes) -> None:
    """For bash, a reserved word is one only between blanks and operators. Raises: NotUnderstood."""
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.type == "brace_expression":
            continue  # `{1..3}`, which the plain reader reads again
        nodes += node.children
        if not node.is_named and node.type in RESERVED:
            before = data[max(node.start_byte - 1, 0) : node.start_byte]
            if before not in _EDGES or data[node.end_byte : node.end_byte + 1] not in _EDGES:
                raise NotUnderstood("a reserved word inside another one")
