from __future__ import annotations

import pickle
import re
import sys
from pathlib import Path

import pytest

from febench.core.dataset import DATASETS
from febench.core.errors import UsageError
from febench.core.method import METHODS, Method, method
from febench.core.registry import Registry, load_plugin
from febench.running.tasks import dumps


def test_a_function_and_a_class_become_methods_and_stay_what_they_are() -> None:
    @method("built", cite="X 2020")
    def build(C: float = 1.0, random_state: int | None = None) -> tuple[float, int | None]:
        """Builds something."""
        return C, random_state

    found = METHODS.get("built")
    assert (found.params, found.about, found.cite) == ({"C": 1.0}, "Builds something.", "X 2020")
    assert found.make({"C": 2.0}, random_state=5, device="cpu") == (2.0, 5) == build(2.0, 5)

    @method("classy")
    class Classy:
        def __init__(self, depth: int = 3) -> None:
            self.depth = depth

    assert METHODS.get("classy").make({"depth": 4}, random_state=0, device="cpu").depth == 4


def test_a_name_taken_twice_is_an_error_but_the_same_source_may_register_again() -> None:
    def build() -> None: ...

    method("mine")(build)
    method("mine")(build)

    def other() -> None: ...

    other.__module__ = "elsewhere"
    with pytest.raises(UsageError, match="the method name 'mine' is taken by"):
        method("mine")(other)
    with pytest.raises(UsageError, match=r"taken by baselines\.hwt"):
        method("hwt")(build)


def test_a_builder_needs_defaults() -> None:
    def build(C: float) -> None: ...

    with pytest.raises(UsageError, match="parameter 'C' of method 'bare' has no default"):
        method("bare")(build)


def test_a_parameter_that_may_be_none_or_a_number_takes_nothing_else() -> None:
    @method("open", version="1")
    def build(C: float | None = None, k: int | None = None, name: str | None = None) -> None: ...

    resolve = METHODS.get("open").resolve
    assert resolve({"C": "1"}) == {"C": 1.0, "k": None, "name": None} and type(resolve({"C": 1})["C"]) is float
    assert resolve({"C": "none", "k": "3", "name": "x"}) == {"C": None, "k": 3, "name": "x"}
    for given, kind in (({"C": "much"}, "a number"), ({"k": "1.5"}, "a whole number"), ({"k": True}, "a whole number")):
        with pytest.raises(UsageError, match=rf"takes {kind} \(its default is None\)"):
            resolve(given)


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean resnet18"):
        METHODS.get("resnet19")


def test_unknown_parameters_get_the_nearest() -> None:
    def build(hidden: int = 20) -> None: ...

    method("net")(build)
    with pytest.raises(UsageError, match="has no parameter 'hiden'; did you mean hidden"):
        METHODS.get("net").resolve({"hiden": "3"})


def test_labels_tell_what_differs_from_the_defaults() -> None:
    def build(a: int = 1, b: str = "x") -> None: ...

    method("net")(build)
    found = METHODS.get("net")
    assert found.label(found.resolve({})) == "net"
    assert found.label(found.resolve({"a": "2"})) == "net[a=2]"
    assert METHODS.select("net[b=y]")[1] == {"a": 1, "b": "y"}


def test_a_plugin_file_registers_and_a_hash_of_its_code_is_its_version(tmp_path: Path) -> None:
    file = tmp_path / "p.py"
    text = 'from febench import method\n@method("p", version="declared")\ndef p(C=1):\n    return C\n'
    file.write_text(text)
    load_plugin(file)
    first = METHODS.get("p").version
    file.write_text(text.replace("return C", "return -C"))
    load_plugin(file)
    assert first != METHODS.get("p").version and len(first) == 64


def test_methods_of_a_plugin_file_travel_to_other_processes(tmp_path: Path) -> None:
    file = tmp_path / "p.py"
    file.write_text('from febench import method\nK = 41\n@method("q")\ndef q(C=1):\n    return C + K\n')
    load_plugin(file)
    blob = dumps(METHODS.get("q"))
    del sys.modules[METHODS.get("q").build.__module__]
    travelled: Method = pickle.loads(blob)
    assert travelled.make({"C": 1}, random_state=0, device="cpu") == 42


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f(:\n", r"syntax error in line 1"),
        ("import nothing_of_that_name\n", "ModuleNotFoundError"),
        ("1 / 0\n", "ZeroDivisionError"),
        ('from febench import method\nmethod("hwt")(print)\n', r"taken by baselines\.hwt|has no default"),
    ],
)
def test_a_bad_plugin_file_is_a_sentence_with_its_name(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.py"
    file.write_text(text)
    with pytest.raises(UsageError, match=rf"bad\.py.*({words})"):
        load_plugin(file)


def test_a_missing_plugin_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no plugin file"):
        load_plugin(tmp_path / "none.py")


@pytest.mark.parametrize("module", ["no_such_package", "no_such_package.part"])
def test_what_is_missing_is_told_with_the_command_that_brings_it(module: str) -> None:
    def build() -> None: ...

    method("needy", needs=[module], extra="deep")(build)
    assert METHODS.get("needy").missing == f"needs {module}: pip install 'febench[deep]'"


def test_every_built_in_comes_through_an_entry_point_and_is_whole() -> None:
    fresh: Registry[Method] = Registry(Method, "febench.methods")
    assert {"hwt", "cso", "bbo", "resnet18", "resnet50"} <= set(fresh.names)
    for name in ("hwt", "cso", "bbo", "resnet18", "resnet50"):
        found = METHODS.get(name)
        assert found.cite and found.version and found.about


@pytest.mark.parametrize(("name", "near"), [("JAFFE", "jaffe"), ("ck+", "ckplus"), ("Yale", "yale")])
def test_names_in_another_case_are_recognised_as_near(name: str, near: str) -> None:
    with pytest.raises(UsageError, match=rf"there is no data set '{re.escape(name)}'; did you mean .*{near}"):
        DATASETS.get(name)
