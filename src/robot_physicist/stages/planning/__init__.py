"""What a campaign will cost, and how many events an error needs."""
