"""What the keys of a campaign have to agree on with each other, with the simulator, and with results."""
