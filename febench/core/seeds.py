"""Every seed of febench: a hash of what it is for, so that no result depends on order or on what else runs."""

from __future__ import annotations

import hashlib
import json


def derive_seed(*parts: str | int) -> int:
    """A 32-bit seed from the SHA-256 of its parts; the same parts give the same seed everywhere, for ever."""
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big")
