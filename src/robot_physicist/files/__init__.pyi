"""What the room shows of itself; its modules load when they are used."""

from . import expressions, origin
from .documents import check_digest, read_document, read_json, write_document, write_json
from .whole_files import copy, modified, sha256, whole, write_bytes

__all__ = [
    "check_digest",
    "copy",
    "expressions",
    "modified",
    "origin",
    "read_document",
    "read_json",
    "sha256",
    "whole",
    "write_bytes",
    "write_document",
    "write_json",
]
