//! The names that Unix sockets have.

use super::EndpointProblem;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The name of a Unix socket: the absolute path of a file, or an abstract name of Linux.
///
/// Written in an endpoint as `unix:/run/bank.sock` or `unix:@bank`. What follows `unix:` is taken as it stands; there are no
/// escapes. `unix:///run/bank.sock` is another spelling of the first. A relative path is refused: server, client and
/// matchmaker may each be in another directory, and would mean another file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SocketName(String);

impl SocketName {
    /// The path; none if the name is abstract.
    pub fn path(&self) -> Option<&Path> {
        (!self.0.starts_with('@')).then(|| Path::new(&self.0))
    }

    /// The abstract name, without its `@`; none if it is a path.
    pub fn abstract_name(&self) -> Option<&str> {
        self.0.strip_prefix('@')
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SocketName {
    type Err = EndpointProblem;

    fn from_str(text: &str) -> Result<Self, EndpointProblem> {
        // A URI may name an empty host.
        let name = match text.strip_prefix("//") {
            Some(path) if path.starts_with('/') => path,
            _ => text,
        };
        if matches!(name, "" | "@") {
            return Err(EndpointProblem::NoName);
        }
        let is_path = name.starts_with('/') && !name.starts_with("//") && !name.ends_with('/');
        if !(is_path || name.starts_with('@')) || name.chars().any(char::is_control) {
            return Err(EndpointProblem::SocketName(name.to_owned()));
        }
        // Of the system's 108 bytes, the one after a path and the one before an abstract name are always zero.
        let length = name.strip_prefix('@').map_or(name.len(), str::len);
        if length > LONGEST {
            return Err(EndpointProblem::SocketNameLength(length));
        }
        Ok(Self(name.to_owned()))
    }
}

/// The most bytes that a name may have.
const LONGEST: usize = 107;
