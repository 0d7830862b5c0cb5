//! The transports that a relay understands.

use std::fmt;
use std::io;
use std::str::FromStr;

/// How the clients talk to the bank.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    Tcp,
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl FromStr for Transport {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Self> {
        match text {
            "tcp" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            other => Err(io::Error::other(format!(
                "{other} is not a transport that the relay carries"
            ))),
        }
    }
}
