"""The HistFactory model: its specification, rates, derivatives, interpolation and nuisance parameters."""
