"""How modules hang together: none is left over, none has state that changes, no test waits."""

import ast
from collections.abc import Iterator

from tests.tidy import source
from tests.tidy.source import Function, Module

ENTRY_POINTS = {"kentong.cli.main"}
CHANGING_METHODS = {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "move_to_end"),
    *("pop", "popitem", "popleft", "remove", "setdefault", "update"),
}
WAITING_CALLS = {"asyncio.sleep", "time.sleep", "page.wait_for_timeout"}
MAY_WAIT = ("tests/sim/", "tests/slow/")


def test_no_module_is_left_over() -> None:
    names = {
        module.name
        for module in source.shipped_modules()
        if not module.path.endswith(("/__init__.py", "/__main__.py"))
    }
    imported = {
        name
        for module in source.shipped_modules()
        for name in imports(module)
        if name != module.name
    }
    source.check("never-imported", names - imported - ENTRY_POINTS)


def test_no_module_has_state_that_changes() -> None:
    source.check(
        "module-state",
        (
            f"{module.path}:{function_name} changes {name}"
            for module in source.shipped_modules()
            for function_name, name in module_state_changes(module)
        ),
    )


def test_no_test_waits_for_time_to_pass() -> None:
    source.check(
        "waits",
        (
            f"{module.path}:{name}"
            for module in source.modules()
            if module.path.startswith("tests/") and not module.path.startswith(MAY_WAIT)
            for name, function in module.functions()
            if any(map(is_wait, ast.walk(function)))
        ),
    )


def imports(module: Module) -> Iterator[str]:
    """Every name that could be a module and is imported somewhere in this one."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_state_changes(module: Module) -> Iterator[tuple[str, str]]:
    """Functions that rebind a module's name or change the container it holds."""
    held = {name for statement in module.tree.body for name in bound_names(statement)}
    for function_name, function in module.functions():
        local = local_names(function)
        for node in ast.walk(function):
            name = changed_name(node)
            if isinstance(node, ast.Global):
                yield function_name, ", ".join(node.names)
            elif name in held - local:
                yield function_name, name


def bound_names(statement: ast.stmt) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def local_names(function: Function) -> set[str]:
    stored = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return stored | {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}


def changed_name(node: ast.AST) -> str:
    """The name whose object this node changes in place: name[…] = …, name.append(…)."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        return ast.unparse(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return ast.unparse(node.func.value) if node.func.attr in CHANGING_METHODS else ""
    return ""


def is_wait(node: ast.AST) -> bool:
    """Whether this is a sleep; sleep(0), which only lets others run, is none."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) not in WAITING_CALLS:
        return False
    return any(isinstance(given, ast.Constant) and given.value != 0 for given in node.args)
