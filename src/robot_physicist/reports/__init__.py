"""What people read: tables, sentences and figures."""
