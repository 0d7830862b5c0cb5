//! A service whose answer says who gave it.

use rpc_core::rpc;

/// Says which process answers.
#[rpc(program = 0x2000_0f00, version = 1)]
pub trait Who {
    /// The process that answers.
    #[rpc(readonly)]
    fn process(&self) -> u32;
}

/// The next version of [`Who`], for those who ask the old one for it.
#[rpc(program = 0x2000_0f00, version = 2, name = "Who")]
pub trait WhoV2 {
    /// The process that answers, and the user that it runs for.
    #[rpc(readonly)]
    fn process(&self) -> (u32, u32);
}

/// Answers with this process.
#[derive(Debug)]
pub struct Myself;

impl Who for Myself {
    fn process(&self) -> u32 {
        std::process::id()
    }
}
