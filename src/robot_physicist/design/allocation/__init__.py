"""A luminosity that is shared among the settings."""
