//! With whose permissions a caller's wishes are carried out.

use super::disk::{Caller, OwnIds, User};
use rpc_core::Peer;
use std::str::FromStr;
use std::sync::Arc;

/// What is done with the user and the groups that callers claim (AUTH_SYS): nothing proves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// All callers are the same user. Nobody gains anything by a false claim.
    All,
    /// Callers are who they say, but nobody is root: who says so is nobody.
    Root,
    /// Callers are who they say, root too.
    None,
}

/// A user and a group, written `UID:GID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    pub uid: u32,
    pub gid: u32,
}

/// The user who owns nothing, by custom.
const NOBODY: Ids = Ids {
    uid: 65_534,
    gid: 65_534,
};

/// Which user each caller is.
pub struct Squash {
    mapping: Mapping,
    anonymous: Option<Ids>,
    server: Arc<OwnIds>,
}

impl Squash {
    /// Fails if others' permissions are wanted and the server cannot take them on.
    pub fn new(mapping: Mapping, anonymous: Option<Ids>) -> Result<Self, String> {
        let server = OwnIds::this_process()
            .map_err(|errno| format!("the server's own groups cannot be told: {errno}"))?;
        let needs_root = mapping != Mapping::All || anonymous.is_some();
        if needs_root && !server.is_root() {
            return Err("only root can act as other users: start dfs as root, or leave --squash and --anonymous out, and all callers act as you".to_owned());
        }
        Ok(Self {
            mapping,
            anonymous,
            server: Arc::new(server),
        })
    }

    /// Whether whoever connects may do what root may, within the export.
    pub fn makes_root(&self) -> bool {
        let anonymous = self.anonymous.map(|ids| ids.uid);
        match self.mapping {
            Mapping::All => anonymous.unwrap_or(0) == 0 && self.server.is_root(),
            Mapping::Root => false,
            Mapping::None => true,
        }
    }

    /// Whose permissions this peer has.
    pub fn caller(&self, peer: &Peer) -> Caller {
        match (self.mapping, peer.claimed(), self.anonymous) {
            (Mapping::All, _, None) => Caller::Server,
            (Mapping::All, _, Some(ids)) => self.user(ids, &[]),
            (_, None, anonymous) => self.user(anonymous.unwrap_or(NOBODY), &[]),
            (Mapping::Root, Some(claim), anonymous) => {
                let nobody = anonymous.unwrap_or(NOBODY);
                let group = |gid| if gid == 0 { nobody.gid } else { gid };
                let uid = if claim.uid() == 0 {
                    nobody.uid
                } else {
                    claim.uid()
                };
                let gid = group(claim.gid());
                let groups: Vec<u32> = claim.gids().iter().copied().map(group).collect();
                self.user(Ids { uid, gid }, &groups)
            }
            (Mapping::None, Some(claim), _) => {
                let (uid, gid) = (claim.uid(), claim.gid());
                self.user(Ids { uid, gid }, claim.gids())
            }
        }
    }

    fn user(&self, ids: Ids, groups: &[u32]) -> Caller {
        Caller::User(User {
            uid: ids.uid,
            gid: ids.gid,
            groups: groups.to_owned(),
            server: Arc::clone(&self.server),
        })
    }
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "root" => Ok(Self::Root),
            "none" => Ok(Self::None),
            _ => Err(format!("--squash is all, root or none, and not {text}")),
        }
    }
}

impl FromStr for Ids {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The highest number is the system's word for "leave it as it is".
        let id = |text: &str| text.parse().ok().filter(|id| *id != u32::MAX);
        let ids = text.split_once(':').and_then(|(uid, gid)| {
            Some(Self {
                uid: id(uid)?,
                gid: id(gid)?,
            })
        });
        ids.ok_or_else(|| {
            format!("--anonymous takes the numbers of a user and a group, such as 65534:65534, and not {text}")
        })
    }
}
