//! A service whose answer says who gave it.

use rpc_core::rpc;

/// Says which process answers.
#[rpc(program = 0x2000_0f00, version = 1)]
pub trait Who {
    /// The process that answers.
    #[rpc(readonly)]
    fn process(&self) -> u32;
    /// The number of whoever it runs for; made up.
    #[rpc(readonly)]
    fn user(&self) -> u32;
}

/// The next version of [`Who`], for those who ask the old one for it.
#[rpc(program = 0x2000_0f00, version = 2, name = "Who")]
pub trait WhoV2 {
    /// The process that answers, and the user that it runs for.
    #[rpc(readonly)]
    fn process(&self) -> (u32, u32);
}

/// What somebody believes [`Who`] to be: one method as it is, and one that it describes differently.
#[rpc(program = 0x2000_0f00, version = 1, name = "Who")]
pub trait Misunderstood {
    /// The process that answers, which is no text.
    #[rpc(readonly)]
    fn process(&self) -> String;
    /// The number of whoever it runs for, as in [`Who`].
    #[rpc(readonly)]
    fn user(&self) -> u32;
}

/// Answers with this process.
#[derive(Debug)]
pub struct Myself;

impl Who for Myself {
    fn process(&self) -> u32 {
        std::process::id()
    }

    fn user(&self) -> u32 {
        7
    }
}
