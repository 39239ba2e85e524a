"""Systematic uncertainties of a campaign, as HistFactory has them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..quantities.options import FileName, Name, Positive, Section


class LumiSystematic(Section):
    """Uncertainty of the luminosity, common to all samples (HistFactory `lumi`)."""

    type: Literal["lumi"]
    """`lumi`."""
    name: Literal["lumi"] = "lumi"
    """HistFactory allows one luminosity parameter, named lumi."""
    uncertainty: float = Field(gt=0, lt=1)
    """Relative standard uncertainty."""


class NormSystematic(Section):
    """Uncertainty of a sample's normalisation (HistFactory `normsys`)."""

    type: Literal["normsys"]
    """`normsys`."""
    name: Name
    """Name of the nuisance parameter."""
    samples: list[Name] = Field(min_length=1)
    """Samples it acts on: `signal` or names of backgrounds."""
    up: Positive
    """Factor at +1 standard deviation."""
    down: Positive
    """Factor at −1 standard deviation."""


class ShapeSystematic(Section):
    """Uncertainty of a sample's shape (HistFactory `histosys`)."""

    type: Literal["histosys"]
    """`histosys`."""
    name: Name
    """Name of the nuisance parameter."""
    samples: list[Name] = Field(min_length=1)
    """Samples it acts on: `signal` or names of backgrounds."""
    file: FileName
    """ROOT or JSON file with the histograms, relative to the campaign file."""
    up: str
    """Name of the histogram of ratios to nominal at +1 standard deviation."""
    down: str
    """Name of the histogram of ratios to nominal at −1 standard deviation."""


Systematic = Annotated[LumiSystematic | NormSystematic | ShapeSystematic, Field(discriminator="type")]
