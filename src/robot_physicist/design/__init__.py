"""What to measure next: the ranking of the settings, searches, sequences of experiments, shares of a luminosity."""
