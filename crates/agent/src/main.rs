//! Placeholder replaced by the first working step.
fn main() {}
