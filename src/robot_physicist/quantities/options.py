"""What all parts of the campaign's model are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
Name = Annotated[str, Field(pattern=NAME)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
#: A key that names a file: the type of each of `quantities.labels.FILES`, and of no other.
FileName = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A part of the campaign file: immutable, and a key that is not listed is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
