"""What data would teach: the expected information gain, corrected for the finite simulation."""
