"""Plain words: no phrase of pydantic reaches a reader, and how a program ended is said by the name of its signal."""

import itertools
import signal
import subprocess
import sys
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from robot_physicist.quantities.complaints import complaint, ending


class Sub(BaseModel, extra="forbid"):
    a: int


class Left(BaseModel):
    type: Literal["left"]


class Right(BaseModel):
    type: Literal["right"]


KINDS = {
    "int": int,
    "float": Annotated[float, Field(allow_inf_nan=False)],
    "text": Annotated[str, Field(min_length=1)],
    "bool": bool,
    "list": Annotated[list[int], Field(min_length=2, max_length=3)],
    "pair": tuple[float, float],
    "mapping": Annotated[dict[str, int], Field(min_length=1)],
    "model": Sub,
    "word": Literal["one", "two"],
    "above": Annotated[float, Field(gt=3)],
    "least": Annotated[int, Field(ge=3)],
    "below": Annotated[float, Field(lt=-3)],
    "most": Annotated[int, Field(le=-3)],
    "tagged": Annotated[Left | Right, Field(discriminator="type")],
}
VALUES = [
    None,
    "",
    "word",
    "1.5",
    0,
    2.5,
    float("inf"),
    True,
    [],
    [1],
    [1, "x"],
    [1, 2, 3, 4],
    {},
    {"a": "x"},
    {"b": 1},
]
FOREIGN = (
    "nput",
    "valid",
    "parse",
    "items after",
    "instance",
    "dictionary",
    "tuple",
    "tag",
    "extra",
    "discriminator",
)


@pytest.mark.parametrize(("kind", "value"), list(itertools.product(KINDS, VALUES)))
def test_every_wrong_value_is_answered_in_plain_words(kind, value):
    try:
        TypeAdapter(KINDS[kind]).validate_python(value)
    except ValidationError as error:
        for entry in error.errors():
            text = complaint(entry)
            assert not [word for word in FOREIGN if word in text], text
            assert text.startswith(("has to", "needs", "is ", "unknown key", "type "))


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (list[str], "prog", "has to be a list; write [prog]"),
        (list[str], "a, b", "has to be a list; write [a, b]"),
        (list[int], {"a": 1}, "has to be a list; begin each entry with `- `"),
        (int, 2.5, "has to be a whole number, such as 10, not 2.5"),
        (float, "x", "has to be a number, such as 0.5, not 'x'"),
        (str, 5, "has to be text; put it in quotes: '5'"),
        (KINDS["list"], [1], "needs at least 2 entries, and has 1"),
        (KINDS["list"], [1] * 4, "needs at most 3 entries, and has 4"),
        (KINDS["above"], 3, "has to be above 3, not 3"),
        (KINDS["word"], "three", "has to be 'one' or 'two', not 'three'"),
        (KINDS["tagged"], {"type": "up"}, "type has to be 'left' or 'right', not 'up'"),
    ],
)
def test_what_is_wanted_is_said(kind, value, text):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert complaint(caught.value.errors()[0]) == text


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGABRT", "SIGTERM", "SIGFPE"])
def test_a_signal_has_its_name_whether_the_program_or_a_shell_was_asked(name):
    number = getattr(signal, name)
    line = [sys.executable, "-c", f"import os; os.kill(os.getpid(), {int(number)})"]
    code = subprocess.run(line, check=False).returncode
    assert ending(code).startswith(f"was killed by {name} (")
    assert f"exit code {128 + number}: what it ran was killed by {name} (" in ending(128 + number)


@pytest.mark.parametrize("code", [1, 2, 127, 128, 255])
def test_other_exit_codes_are_numbers(code):
    assert ending(code) == f"failed with exit code {code}"


def test_a_signal_without_a_name_has_its_number():
    assert ending(-64) in ("was killed by signal 64", "was killed by SIGRTMAX (real-time signal 30)")
    assert ending(-200) == "was killed by signal 200"
