//! idlc.
fn main() {}
