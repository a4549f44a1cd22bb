"""Reads our own source: which module imports which, and where. test_house.py holds it to the plan of the house."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

# What each room may import of ours, besides itself (docs/architecture.md).
ROOMS: Mapping[str, frozenset[str]] = {
    "storage": frozenset(),
    "flows": frozenset({"storage"}),
    "admin_web": frozenset({"flows", "storage"}),
    "bot": frozenset({"flows", "storage"}),
}
HOUSE = "bot.house"
CHANNELS = "bot.channels."
COMMANDS = "bot.commands."
DRIVERS = ("bot.telegram.with_", "bot.telegram.within_", "bot.signal.client")
"""Those that know a platform's library, which costs seconds and much memory; what lives within a host, nobody of ours
imports."""


@dataclass(frozen=True)
class Import:
    """One module of ours imports another."""

    importer: str
    imported: str
    line: int = 1
    in_function: bool = False

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}, imports {self.imported}"


def module_names(root: Path) -> dict[str, Path]:
    """Every module of the four rooms and its file, `bot/channels/__init__.py` being `bot.channels`."""
    files = [file for room in ROOMS for file in sorted((root / room).rglob("*.py"))]
    return {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def read_imports(root: Path) -> list[Import]:
    """Every import of a module of ours by a module of ours."""
    modules = module_names(root)
    return [found for name, file in modules.items() for found in imports_of(name, file, modules)]


def imports_of(name: str, file: Path, modules: Iterable[str]) -> Iterator[Import]:
    """The imports of one module. Those under TYPE_CHECKING count: they too tie two modules together."""
    known = set(modules)
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node, in_function in walk(ast.parse(file.read_text("utf-8"), str(file))):
        for target in targets(node, package, known):
            if target.partition(".")[0] in ROOMS:
                yield Import(name, target, getattr(node, "lineno", 0), in_function)


def walk(node: ast.AST, in_function: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below this one, and whether it stands inside a function."""
    for child in ast.iter_child_nodes(node):
        yield child, in_function
        inside = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from walk(child, inside)


def targets(node: ast.AST, package: str, known: set[str]) -> list[str]:
    """What a node imports: `from storage import ballots` is storage.ballots where that is a module."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            base = absolute(module or "", level, package)
            full = [f"{base}.{alias.name}" for alias in names]
            return sorted({name if name in known else base for name in full})
        case ast.Call(
            func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name))],
        ):
            return [name]
    return []


def absolute(module: str, level: int, package: str) -> str:
    """A relative import's full name: one dot is the package itself."""
    if level == 0:
        return module
    parts = package.split(".")
    base = ".".join(parts[: len(parts) - level + 1])
    return f"{base}.{module}" if module else base


def goes_against_the_grain(one: Import) -> bool:
    """Whether an import leads to a room that this room may not know."""
    room, other = one.importer.partition(".")[0], one.imported.partition(".")[0]
    if one.importer == HOUSE and other == "admin_web":
        return False
    return other != room and other not in ROOMS[room]


def is_a_channel(module: str) -> bool:
    """Whether a module is one of the channels, or part of one; the package itself is their contract."""
    return module.startswith(CHANNELS)


def is_opened_late(module: str) -> bool:
    """Whether a module is only imported by the house, when it is switched on."""
    return is_a_channel(module) or module.startswith(DRIVERS)


def opens_a_channel(one: Import) -> bool:
    """Whether an import takes a channel it may not: only the house does, in a function; a channel may have parts."""
    if not is_opened_late(one.imported):
        return False
    if is_a_channel(one.importer) and one.importer.split(".")[2] == one.imported.split(".")[2]:
        return False
    return one.importer != HOUSE or not one.in_function


def hides_in_a_function(one: Import) -> bool:
    """Whether an import stands in a function without one of the two reasons for it."""
    if not one.in_function:
        return False
    return not (f"{one.importer}.".startswith(COMMANDS) or (one.importer == HOUSE and is_opened_late(one.imported)))


def find_circle(imports: Iterable[Import]) -> list[str]:
    """The modules of one circle of imports, in their order, or nothing."""
    graph: dict[str, set[str]] = {}
    for one in imports:
        if one.importer != one.imported:
            graph.setdefault(one.importer, set()).add(one.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]  # graphlib names what is imported first
    return []


def long_functions(file: Path, limit: int) -> Iterator[str]:
    """The functions of a file with more lines than the limit, as `file:line name (lines)`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"), str(file))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > limit:
                yield f"{file}:{node.lineno} {node.name} ({lines})"
