//! Why something was not done.

use rustix::io::Errno;

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The system refused.
    System(Errno),
    /// The server never gave out this handle.
    BadHandle,
    /// The file of the handle is gone.
    Stale,
    /// No file can have this name.
    BadName,
    /// The file is not as the caller believes it to be.
    Changed,
    /// The cookie is of another directory, or of a server with another key.
    BadCookie,
    /// Not one entry fits.
    TooSmall,
    /// Files of this kind are not made here.
    BadKind,
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::System(errno)
    }
}
