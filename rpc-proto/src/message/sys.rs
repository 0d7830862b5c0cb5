use super::{Auth, AuthStatus, CallHeader, Flavor};
use crate::xdr::{self, Bounded, DecodeError, Limits};
use rpc_macros::Xdr;

/// The body of an AUTH_SYS credential (RFC 5531, appendix A): who a caller says it is. Nothing in it is proven.
///
/// ```
/// use rpc_proto::message::SysCredential;
///
/// let said = SysCredential::new("wagner", 1000, 100, &[100, 27])?;
/// assert_eq!(SysCredential::from_bytes(&said.to_bytes()), Ok(said));
/// # Ok::<(), rpc_proto::message::ClaimError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Xdr)]
pub struct SysCredential {
    stamp: u32,
    machine: Bounded<String, 255>,
    uid: u32,
    gid: u32,
    gids: Bounded<Vec<u32>, 16>,
}

/// Bytes of the stamp, which stands first in the body. Some clients write the time into it anew in each copy of a call, so it says
/// nothing of who they are.
pub(crate) const SYS_STAMP: usize = 4;

impl SysCredential {
    /// A caller on `machine` (at most 255 bytes), of this user and group, and of at most 16 further groups.
    pub fn new(machine: &str, uid: u32, gid: u32, gids: &[u32]) -> Result<Self, ClaimError> {
        Ok(Self {
            stamp: 0,
            machine: Bounded::new(machine.to_owned())
                .map_err(|_| ClaimError::Machine(machine.len()))?,
            uid,
            gid,
            gids: Bounded::new(gids.to_vec()).map_err(|_| ClaimError::Groups(gids.len()))?,
        })
    }

    /// Reads the body of a credential, all of it.
    pub fn from_bytes(body: &[u8]) -> Result<Self, DecodeError> {
        xdr::from_slice(body, LIMITS)
    }

    /// The body of a credential: at most 340 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Both lists are bounded, so there is nothing that the encoder could refuse.
        xdr::to_vec(self).unwrap_or_default()
    }

    /// The name of the caller's host.
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// The effective user.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The effective group.
    pub fn gid(&self) -> u32 {
        self.gid
    }

    /// Further groups.
    pub fn gids(&self) -> &[u32] {
        &self.gids
    }
}

/// What cannot be said in an AUTH_SYS credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// The name of the host is too long: so many bytes.
    #[error("the name of a host has {0} bytes, and an AUTH_SYS credential has room for 255")]
    Machine(usize),
    /// There are too many groups.
    #[error("there are {0} further groups, and an AUTH_SYS credential has room for 16")]
    Groups(usize),
}

const LIMITS: Limits = Limits {
    message: super::MAX_AUTH as usize,
    depth: 4,
    allocation: 1024,
};

/// What a call without a session says of its caller; `Err`: what to refuse it with (M-10).
pub(crate) fn claimed(header: &CallHeader<'_>) -> Result<Option<SysCredential>, AuthStatus> {
    match header.credential.flavor() {
        Flavor::NONE => Ok(None),
        // Procedure 0 asks for nothing, so nobody has to prove who asks (M-7).
        _ if header.procedure == 0 => Ok(None),
        Flavor::SYS if header.verifier.flavor() != Flavor::NONE => Err(AuthStatus::BadVerifier),
        Flavor::SYS => match SysCredential::from_bytes(header.credential.body()) {
            Ok(said) => Ok(Some(said)),
            Err(_) => Err(AuthStatus::BadCredential),
        },
        // A short name for a credential that we, who give none out, cannot know: the caller has to send the credential itself.
        Flavor::SHORT => Err(AuthStatus::RejectedCredential),
        _ => Err(AuthStatus::TooWeak),
    }
}

/// The credential of a caller that claims to be somebody, or AUTH_NONE. `body` is from [`SysCredential::to_bytes`].
pub(crate) fn credential(body: Option<&[u8]>) -> Auth<'_> {
    let sys = body.and_then(|body| Auth::new(Flavor::SYS, body).ok());
    sys.unwrap_or(Auth::NONE)
}
