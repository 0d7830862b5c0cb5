//! pingpong.
fn main() {}
