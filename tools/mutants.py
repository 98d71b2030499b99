"""Mutants of a file: one operator, number, condition, named argument or statement is another."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}

NOT_RESULTS = ("stacklevel", "dtype", "strict")
"""Named arguments that change where a warning points to, or what a mistake of ours would do, but no result."""


@dataclass(frozen=True)
class Mutant:
    """One changed place.

    Attributes:
        path: The file, relative to the repository.
        line: Where the changed statement begins.
        last_line: Where the changed place ends.
        before: The changed expression or statement as it was.
        after: What it became.
        changed_line: The first line of the file that differs, without the white space around it.
        source: The whole file with the change.
    """

    path: str
    line: int
    last_line: int
    before: str
    after: str
    changed_line: str
    source: str

    @property
    def name(self) -> str:
        """The file and the changed line: the same for the same change, wherever in the file it moves to."""
        instead = f" instead of {self.before}" if self.after == "pass" else ""
        return f"{self.path}: {self.changed_line}{instead}"


def mutants(path: str) -> Iterator[Mutant]:
    """Every mutant of a file.

    Args:
        path: Relative to the repository.
    """
    source = (REPOSITORY / path).read_text(encoding="utf-8")
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    seen: set[tuple[int, int, str]] = set()
    for node in mutable(tree):
        for changed in changes(node):
            after = ast.unparse(changed)
            place = (node.lineno, node.col_offset, after)
            if place in seen:
                continue
            seen.add(place)
            new = _replaced(lines, node, f"({after})" if isinstance(node, ast.expr) else after)
            with suppress(SyntaxError):
                ast.parse(new)
                yield Mutant(
                    path, node.lineno, node.end_lineno or node.lineno, ast.unparse(node), after, _changed(lines, new), new
                )


def _changed(lines: list[str], new: str) -> str:
    pairs = zip(lines, new.splitlines(keepends=True), strict=False)
    return next((after.strip() for before, after in pairs if before != after), "")


def _replaced(lines: list[str], node: ast.stmt | ast.expr, text: str) -> str:
    last_line = node.end_lineno or node.lineno
    # The tree counts bytes.
    first, last = lines[node.lineno - 1].encode("utf-8"), lines[last_line - 1].encode("utf-8")
    before, after = first[: node.col_offset].decode("utf-8"), last[node.end_col_offset :].decode("utf-8")
    return "".join([*lines[: node.lineno - 1], before + text + after, *lines[last_line:]])


def mutable(tree: ast.AST) -> Iterator[ast.stmt | ast.expr]:
    """The statements and expressions that a program's result depends on: no annotations, words or errors' texts."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "bases", "type_comment"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST) or _is_words(node):
                continue
            if isinstance(node, ast.keyword) and node.arg in NOT_RESULTS:
                continue
            if isinstance(node, ast.stmt | ast.expr):
                yield node
            yield from mutable(node)


def _is_words(node: ast.AST) -> bool:
    """Imports, docstrings, texts, and calls that only make a sentence for a person."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Name) and called.id in (
        "InputError",
        "InputWarning",
        "TypeVar",
        "cast",
        "Finding",
        "Quantity",
    )


def changes(node: ast.stmt | ast.expr) -> Iterator[ast.stmt | ast.expr]:
    """What a place may become."""
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            yield _with(node, "ops", number, COMPARED[type(operator)]())
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in COMPUTED:
        yield _set(node, "op", COMPUTED[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield _set(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _other_constant(node)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.If | ast.While):
        # Comparisons and `and` within it are changed by themselves.
        if isinstance(node.test, ast.Name | ast.Call | ast.Attribute | ast.NamedExpr):
            yield _set(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Call):
        for number, keyword in enumerate(node.keywords):
            if keyword.arg not in (None, *NOT_RESULTS):
                yield _without(node, number)
    elif isinstance(node, ast.Continue | ast.Break | ast.Expr):
        yield ast.Pass()


def _other_constant(node: ast.Constant) -> Iterator[ast.expr]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)


def _set(node: ast.stmt | ast.expr, field: str, value: object) -> ast.stmt | ast.expr:
    changed = copy.copy(node)
    setattr(changed, field, value)
    return changed


def _with(node: ast.stmt | ast.expr, field: str, number: int, value: object) -> ast.stmt | ast.expr:
    values = list(getattr(node, field))
    values[number] = value
    return _set(node, field, values)


def _without(node: ast.Call, number: int) -> ast.stmt | ast.expr:
    return _set(node, "keywords", [keyword for other, keyword in enumerate(node.keywords) if other != number])
