"""What validates statistics by repeats."""
