"""Settings that are proposed round by round."""
