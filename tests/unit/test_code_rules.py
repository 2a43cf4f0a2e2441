"""The tests are laid out as the sources are, and none leans on another."""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
CALLBACKS_MAX = 16
"""The most functions that classes may hold. The same count of f80b5a4, where this began, is 54 in 245 classes."""


def sources(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from (ROOT / package).rglob("*.py")


def imported(module: ast.Module) -> set[str]:
    """Return the full names that a module imports: modules, and what is taken out of them."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{each.name}" for each in node.names)
    return names


def test_no_test_module_is_imported() -> None:
    """The parts that two of them need lie in tests/support: a test can be renamed or deleted without looking at
    others."""
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for path in TESTS.rglob("*.py")
        for name in imported(ast.parse(path.read_text()))
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split(".")[:-1])
    }
    assert not wrong


@pytest.mark.parametrize("package", ["schemas", "workers", "stream"])
def test_every_folder_of_unit_tests_is_named_as_the_room_it_tests(package: str) -> None:
    below = TESTS / "unit" / package
    folders = [path.parent.relative_to(TESTS / "unit") for path in below.rglob("test_*.py")]
    assert folders and [str(folder) for folder in folders if not (ROOT / folder).is_dir()] == []


SEVERAL_MODULES = {
    "stream/sync/test_one_file_in_all_commands.py",  # produce, sync and formats check
    "workers/embedder/test_models.py",  # the registry, the files of a model and the embedder
    "workers/words/test_catalogues.py",  # the words of whole catalogues
    "workers/words/test_terms.py",  # all that a text goes through to become terms
}
"""The unit tests of several modules, named after what these do together."""


def test_every_unit_test_begins_with_the_name_of_the_module_it_tests() -> None:
    """A sentence may follow the name: a reader finds all tests of `fold.py` at `test_fold*`."""
    others = set()
    for path in (
        path for room in ("schemas", "workers", "stream") for path in (TESTS / "unit" / room).rglob("test_*.py")
    ):
        room = ROOT / path.parent.relative_to(TESTS / "unit")
        if not any(f"{path.stem}_".startswith(f"test_{module.stem}_") for module in room.iterdir()):
            others.add(str(path.relative_to(TESTS / "unit")))
    assert others == SEVERAL_MODULES


def test_no_function_is_longer_than_fifty_lines() -> None:
    functions = (
        (path, node)
        for path in sources("schemas", "workers", "stream", "tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    lengths = {
        (str(path.relative_to(ROOT)), node.name): (node.end_lineno or 0) - node.lineno for path, node in functions
    }
    assert lengths and {function for function, lines in lengths.items() if lines >= 50} == set()


def test_an_error_that_the_table_lacks_stays_in_its_room() -> None:
    """`schemas.errors` says what follows from each error that a room may get from another one."""
    table = ROOT / "schemas/errors.py"
    known = {node.name for node in ast.parse(table.read_text()).body if isinstance(node, ast.ClassDef)}
    known |= {name for name, each in vars(builtins).items() if isinstance(each, type) and issubclass(each, Exception)}
    rooms = {
        node.name: path.parent
        for path in sources("schemas", "workers", "stream")
        if path != table
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and known & {ast.unparse(base) for base in node.bases}
    }
    elsewhere = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources("schemas", "workers", "stream")
        for name in imported(ast.parse(path.read_text()))
        if path.parent != rooms.get(name.rpartition(".")[2], path.parent)
    ]
    assert len(rooms) > 5 and elsewhere == []


def test_no_name_of_a_class_means_two_things() -> None:
    """A reader who searches for a class finds one. Private classes are read where they are used."""
    rooms = defaultdict(list)
    for path in sources("schemas", "workers", "stream"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                rooms[node.name].append(str(path.relative_to(ROOT)))
    assert rooms and {name: paths for name, paths in rooms.items() if len(paths) > 1} == {}


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 130


PATCHES = {"setattr", "setitem", "delattr", "object", "multiple", "dict", "patch"}
"""The methods of pytest's monkeypatch and of unittest.mock that put something else in the place of a name."""
OUR_PACKAGES = ("schemas", "workers", "stream", "tests")
LIMITS = "limits"
"""`workers.state.limits`: what an item keeps at most is part of the format of its state, which all processes share. A
parameter of it would go through each step of the fold, some 10 us of work, and could differ between two processes."""


def patched_constants(module: ast.Module) -> Iterator[str]:
    """Yield the constants of our own modules that a test replaces: names in capitals of a module that it imports."""
    ours = {
        name.asname or name.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OUR_PACKAGES
        for name in node.names
    } - {LIMITS}
    for call in ast.walk(module):
        if not isinstance(call, ast.Call) or not call.args or ast.unparse(call.func).split(".")[-1] not in PATCHES:
            continue
        first, *others = (ast.literal_eval(each) if isinstance(each, ast.Constant) else each for each in call.args)
        if isinstance(first, str):
            package, _, name = first.partition(".")
            name = name.rpartition(".")[2] if package in OUR_PACKAGES else ""
        elif not isinstance(first, ast.Name) or first.id not in ours:
            continue
        else:
            names = [
                first.id,
                *(each for each in others if isinstance(each, str)),
                *(key.arg or "" for key in call.keywords),
            ]
            name = next((each for each in names if each.isupper()), "")
        if name.isupper():
            yield ast.unparse(call)[:80]


def test_no_test_replaces_a_constant_of_ours() -> None:
    """A bound that tests need smaller is a parameter with a default: then a reader of the class sees it."""
    found = [
        f"{path.relative_to(ROOT)}: {constant}"
        for path in TESTS.rglob("*.py")
        for constant in patched_constants(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ('monkeypatch.setattr("workers.lanes.alert_sending.RETRY_S", 1)', True),
        ('patched.setattr(listing, "BROWSED_MAX", 11)', True),
        ('monkeypatch.setitem(OPTIONS, "keepalive", 1)', True),
        ("mock.patch.multiple(listing, BROWSED_MAX=1)", True),
        ('mock.patch("workers.lanes.alert_sending.RETRY_S", 1)', True),
        ('monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)', False),
        ('monkeypatch.setattr(listing, "is_indexed", None)', False),
        ('patch.object(limits, "SELLERS_MAX", 2)', False),
    ],
)
def test_the_rule_finds_a_replaced_constant(line: str, is_found: bool) -> None:
    imports = "from workers.search.browsing import listing\nfrom workers.state import limits\n"
    parsed = ast.parse(f"{imports}from workers.x import OPTIONS\n{line}")
    assert bool(list(patched_constants(parsed))) is is_found


def callables(*packages: str) -> set[str]:
    """Return the names that annotate a function: `Callable`, and the aliases of its forms."""
    aliases = {
        ast.unparse(node.targets[0])
        for path in sources(*packages)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Callable[")
    }
    return {"Callable", *aliases}


def stored_callbacks(node: ast.ClassDef, functions: set[str]) -> Iterator[str]:
    """Yield the fields and attributes of a class that hold a function, by their annotations."""

    def is_function(annotation: ast.expr | None) -> bool:
        return annotation is not None and any(
            isinstance(each, ast.Name) and each.id in functions for each in ast.walk(annotation)
        )

    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and is_function(statement.annotation):
            yield f"{node.name}.{ast.unparse(statement.target)}"
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            arguments = [*statement.args.args, *statement.args.kwonlyargs]
            given = {each.arg for each in arguments if is_function(each.annotation)}
            for each in ast.walk(statement):
                if isinstance(each, ast.Assign):
                    stored = each.value.elts if isinstance(each.value, ast.Tuple) else [each.value]
                    yield from (f"{node.name}.{of.id}" for of in stored if isinstance(of, ast.Name) and of.id in given)
                if isinstance(each, ast.AnnAssign) and is_function(each.annotation):
                    yield f"{node.name}.{ast.unparse(each.target)}"


def test_few_classes_hold_a_function() -> None:
    """A reader cannot see where a stored function comes from: an object with a method of a name says it."""
    packages = ("schemas", "workers", "stream")
    functions = callables(*packages)
    found = [
        f"{path.relative_to(ROOT)}: {callback}"
        for path in sources(*packages)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for callback in stored_callbacks(node, functions)
    ]
    assert 0 < len(found) <= CALLBACKS_MAX, "\n".join(found)
