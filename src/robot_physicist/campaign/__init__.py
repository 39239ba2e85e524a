"""The campaign file: its model, how it is read and checked, its branches, digests and rounds."""
