"""What the stages read: the files of a campaign, checked against it."""
