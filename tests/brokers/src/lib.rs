//! Starts real brokers, the issuer, agent and gateway for tests, demo and benchmarks.
