"""Attempt number, policy and seed to delay. Pure: the random part is drawn from the seed, so replays wait the same."""

from __future__ import annotations

import hashlib

from ..definition.plan import RetryPolicy
from ..errors import ErrorInfo


def may_retry(policy: RetryPolicy, error: ErrorInfo, attempts_made: int) -> bool:
    """Say whether another attempt is allowed after `attempts_made` (interrupted ones not counted)."""
    if attempts_made >= policy.max_attempts or not error.retryable:
        return False
    return not policy.on or error.code in policy.on


def delay_s(policy: RetryPolicy, attempts_made: int, seed: str) -> float:
    """Seconds to wait before the next attempt; `attempts_made` counts from 1."""
    steps = attempts_made - 1
    if policy.backoff == "constant":
        base = policy.delay_s
    elif policy.backoff == "linear":
        base = policy.delay_s * attempts_made
    else:
        base = policy.delay_s * policy.factor ** min(steps, 64)
    base = min(base, policy.max_delay_s)
    digest = hashlib.sha256(f"{seed}:{attempts_made}".encode()).digest()
    share = int.from_bytes(digest[:8]) / 2**64
    return base * (1 + policy.jitter * (2 * share - 1))
