//! Positions, events and subscriptions of a per-practice stream; knows nothing of claims.
