//! Who a caller says it is.

use rpc_proto::message::{ClaimError, SysCredential};
use std::io;
use std::sync::Arc;

/// Who a caller says it is: the credential AUTH_SYS of RFC 5531, appendix A. **Nothing proves it.** Whoever can reach the server
/// can write any user into it, so it is good for showing names and for sorting out honest mistakes, and as far as the network
/// keeps everybody else away. What the kernel vouches for are [`Credentials`](crate::Credentials), which are another type.
///
/// A server finds it in [`Peer::claimed`](crate::Peer::claimed); a client says it by [`Client::connect_as`](crate::Client::connect_as).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim(Arc<SysCredential>);

impl Claim {
    /// A caller on the host `machine` (at most 255 bytes), of this user and group, and of at most 16 further groups.
    pub fn new(machine: &str, uid: u32, gid: u32, gids: &[u32]) -> Result<Self, ClaimError> {
        Ok(Self(Arc::new(SysCredential::new(machine, uid, gid, gids)?)))
    }

    /// What is true of this process: its effective user and group, its first 16 further groups, and the name of this host.
    pub fn of_process() -> io::Result<Self> {
        use rustix::process::{getegid, geteuid, getgroups};
        let host = rustix::system::uname();
        let machine = host.nodename().to_string_lossy();
        let gids: Vec<u32> = getgroups()?
            .into_iter()
            .take(16)
            .map(|gid| gid.as_raw())
            .collect();
        Self::new(&machine, geteuid().as_raw(), getegid().as_raw(), &gids).map_err(io::Error::other)
    }

    pub(crate) fn credential(&self) -> Arc<SysCredential> {
        self.0.clone()
    }

    pub(crate) fn said(said: Arc<SysCredential>) -> Self {
        Self(said)
    }

    /// The name of the caller's host.
    pub fn machine(&self) -> &str {
        self.0.machine()
    }

    /// The user. 4,294,967,295 is nobody: to the system it says "leave it as it is" where a user is set, and so would leave a
    /// server that runs as root what it is. The same goes for the groups.
    pub fn uid(&self) -> u32 {
        self.0.uid()
    }

    /// The user's group.
    pub fn gid(&self) -> u32 {
        self.0.gid()
    }

    /// Further groups, at most 16.
    pub fn gids(&self) -> &[u32] {
        self.0.gids()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_claims_what_the_system_says_of_it() {
        let claim = Claim::of_process().expect("a process");
        let user = rustix::process::geteuid().as_raw();
        assert_eq!(claim.uid(), user);
        assert!(!claim.machine().is_empty() && claim.gids().len() <= 16);
    }

    #[test]
    fn what_the_credential_has_no_room_for_is_refused() {
        let rows = [
            ("m".repeat(255), vec![1; 16], None),
            ("m".repeat(256), vec![], Some(ClaimError::Machine(256))),
            ("m".to_owned(), vec![1; 17], Some(ClaimError::Groups(17))),
        ];
        for (machine, gids, error) in rows {
            assert_eq!(Claim::new(&machine, 1, 2, &gids).err(), error);
        }
    }
}
