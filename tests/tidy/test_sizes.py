"""How long, wide and deep code may be."""

import ast

from tests.tidy import source
from tests.tidy.source import Function, Module

FUNCTION_LINES_MAX = 40  # of code: docstring, comments and blank lines don't count
FILE_LINES_MAX = 500
LINE_CHARS_MAX = 100
PARAMETERS_MAX = 5  # self and cls don't count
NESTING_MAX = 3

BLOCKS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


def test_functions_are_short() -> None:
    source.check(
        "function-lines",
        (
            f"{module.path}:{name} {lines}"
            for module in source.modules()
            for name, function in module.functions()
            if (lines := code_lines(module, function)) > FUNCTION_LINES_MAX
        ),
    )


def test_files_are_short() -> None:
    source.check(
        "file-lines",
        (
            f"{file.path} {len(file.lines)}"
            for file in (*source.modules(), *source.web_sources())
            if len(file.lines) > FILE_LINES_MAX
        ),
    )


def test_lines_are_short() -> None:
    source.check(
        "line-chars",
        (
            f"{file.path}:{number} {len(line)}"
            for file in (*source.modules(), *source.web_sources())
            for number, line in enumerate(file.lines, 1)
            if len(line) > LINE_CHARS_MAX
        ),
    )


def test_functions_take_few_parameters() -> None:
    source.check(
        "parameters",
        (
            f"{module.path}:{name} {count}"
            for module in source.modules()
            for name, function in module.functions()
            if (count := parameter_count(function)) > PARAMETERS_MAX
        ),
    )


def test_blocks_are_nested_little() -> None:
    source.check(
        "nesting",
        (
            f"{module.path}:{name} {depth}"
            for module in source.modules()
            for name, function in module.functions()
            if (depth := nesting(function.body)) > NESTING_MAX
        ),
    )


def test_parameters_are_named() -> None:
    source.check(
        "star-parameters",
        (
            f"{module.path}:{name}"
            for module in source.shipped_modules()
            if "storage" not in module.words  # SQL parameters
            for name, function in module.functions()
            if function.args.vararg or function.args.kwarg
        ),
    )


def code_lines(module: Module, function: Function) -> int:
    first, last = function.lineno, function.end_lineno or function.lineno
    documentation: range = range(0)
    head = function.body[0]
    if ast.get_docstring(function) is not None:
        documentation = range(head.lineno, (head.end_lineno or head.lineno) + 1)
    lines = module.lines
    return sum(
        1
        for number in range(first, last + 1)
        if number not in documentation
        and (line := lines[number - 1].strip())
        and not line.startswith("#")
    )


def parameter_count(function: Function) -> int:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(1 for argument in named if argument.arg not in ("self", "cls"))


def nesting(body: list[ast.stmt]) -> int:
    """How deep blocks stand in each other; `elif` is no deeper than its `if`."""
    return max((_depth(statement) for statement in body), default=0)


def _depth(statement: ast.stmt) -> int:
    if not isinstance(statement, BLOCKS):
        return 0
    deeper = [nesting(body) for body in inner_bodies(statement)]
    alternative = getattr(statement, "orelse", [])
    if is_elif(alternative):
        deeper.append(_depth(alternative[0]) - 1)
    return 1 + max(deeper)


def inner_bodies(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The bodies of a block's branches, but for an `elif`."""
    alternative = getattr(statement, "orelse", [])
    parts = [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]
    return [
        getattr(statement, "body", []),
        [] if is_elif(alternative) else alternative,
        getattr(statement, "finalbody", []),
        *(part.body for part in parts),
    ]


def is_elif(alternative: list[ast.stmt]) -> bool:
    return len(alternative) == 1 and isinstance(alternative[0], ast.If)


def test_nesting_counts_blocks_in_blocks() -> None:
    text = "if a:\n pass\nelif b:\n for x in y:\n  try:\n   f()\n  except E:\n   if z: pass\n"
    assert nesting(ast.parse(text).body) == 4
