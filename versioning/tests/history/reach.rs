//! What is reachable.
