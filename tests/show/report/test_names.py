from __future__ import annotations

import dataclasses

from febench.core.manifest import draw
from febench.show.names import People, initials
from tests.made_results import made_dataset


def test_names_become_initials_and_codes_stay() -> None:
    names = ["anna", "Anna-Maria Smith", "S005", "KA", "subject12", "王小明"]
    assert initials(names) == {
        "anna": "a.", "Anna-Maria Smith": "A.-M. S.", "subject12": "s.12", "王小明": "王.",
    }  # fmt: skip


def test_people_with_the_same_initials_are_numbered() -> None:
    assert initials(["anna", "adam", "bert"]) == {"adam": "a. 1", "anna": "a. 2", "bert": "b."}


def people(*names: str, synthetic: bool = False, show: bool = False) -> People:
    dataset = made_dataset(140, synthetic=synthetic)
    subjects = tuple(names[i % len(names)] for i in range(140))
    return People(draw(dataclasses.replace(dataset, subjects=subjects), "paper"), show)


def test_names_are_hidden_in_ids_in_any_case_and_within_words() -> None:
    hidden = people("ann", "anna")
    assert hidden.hide("happy/ANNA_1.png ~ myann2.png") == "happy/a. 2_1.png ~ mya. 12.png"


def test_names_of_synthetic_people_and_names_that_are_asked_for_stay() -> None:
    for kept in (people("anna", "bert", synthetic=True), people("anna", "bert", show=True)):
        assert kept.hide("anna/1.png") == "anna/1.png" and not kept.hidden
