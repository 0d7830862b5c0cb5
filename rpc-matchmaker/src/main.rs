//! The matchmaker daemon.
fn main() {}
