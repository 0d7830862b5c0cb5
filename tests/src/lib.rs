//! What the whole-system tests share.

mod program;
mod skip;

pub use program::{Running, program};
pub use skip::skip;
