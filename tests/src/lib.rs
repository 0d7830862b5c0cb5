//! What the whole-system tests share.

mod alone;
pub mod disk;
mod program;
pub mod simulation;
mod skip;
pub mod sweep;
pub mod values;
mod wait;
pub mod who;

pub use alone::{alone, is_alone, missing_program, obstacle};
pub use program::{Running, program};
pub use skip::skip;
pub use wait::eventually;
