//! With whose permissions a caller's wishes are carried out.

use super::disk::{Caller, LEAVE_IT, OwnIds, User};
use rpc_core::{Claim, Peer};
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
    /// None only if the server is not root, and can be nobody but itself.
    anonymous: Option<Ids>,
    server: Arc<OwnIds>,
}

impl Squash {
    /// Fails if others' permissions are wanted and the server cannot take them on.
    ///
    /// A server that runs as root gives root's permissions to all only if `anonymous` says so.
    pub fn new(mapping: Mapping, anonymous: Option<Ids>) -> Result<Self, String> {
        let server = OwnIds::this_process()
            .map_err(|errno| format!("the server's own groups cannot be told: {errno}"))?;
        let needs_root = mapping != Mapping::All || anonymous.is_some();
        if needs_root && !server.is_root() {
            return Err("only root can act as other users: start dfs as root, or leave --squash and --anonymous out, and all callers act as you".to_owned());
        }
        Ok(Self {
            mapping,
            anonymous: anonymous.or(server.is_root().then_some(NOBODY)),
            server: Arc::new(server),
        })
    }

    /// Whether whoever connects may do what root may, within the export.
    pub fn makes_root(&self) -> bool {
        match self.mapping {
            Mapping::All | Mapping::Root => self.anonymous.is_some_and(|ids| ids.uid == 0),
            Mapping::None => true,
        }
    }

    /// Whose permissions this peer has.
    pub fn caller(&self, peer: &Peer) -> Caller {
        match self.user(peer.claimed()) {
            Some((ids, groups)) if !self.server.are(ids.uid, ids.gid, &groups) => {
                Caller::User(User {
                    uid: ids.uid,
                    gid: ids.gid,
                    groups,
                    server: Arc::clone(&self.server),
                })
            }
            _ => Caller::Server,
        }
    }

    /// The user and the further groups as which one acts who claims this; none is the server itself.
    fn user(&self, claim: Option<&Claim>) -> Option<(Ids, Vec<u32>)> {
        let anonymous = self.anonymous?;
        let claim = claim.filter(|claim| self.mapping != Mapping::All && names_users(claim));
        let Some(claim) = claim else {
            return Some((anonymous, Vec::new()));
        };
        let not_root = self.mapping == Mapping::Root;
        let squashed = |id, nobody| if id == 0 && not_root { nobody } else { id };
        let ids = Ids {
            uid: squashed(claim.uid(), anonymous.uid),
            gid: squashed(claim.gid(), anonymous.gid),
        };
        let groups = claim.gids().iter();
        let groups = groups.map(|&gid| squashed(gid, anonymous.gid));
        Some((ids, groups.collect()))
    }
}

/// Whether all numbers are those of a user or a group: the system takes [`LEAVE_IT`] for "leave it as it is", which is root.
fn names_users(claim: &Claim) -> bool {
    let ids = [claim.uid(), claim.gid()];
    ids.iter().chain(claim.gids()).all(|&id| id != LEAVE_IT)
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
        let id = |text: &str| text.parse().ok().filter(|id| *id != LEAVE_IT);
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

#[cfg(test)]
mod tests {
    use super::*;

    const CHOSEN: Ids = Ids { uid: 7, gid: 8 };

    fn squash(mapping: Mapping, anonymous: Option<Ids>) -> Squash {
        let server = OwnIds::this_process().expect("a process has groups");
        Squash {
            mapping,
            anonymous,
            server: Arc::new(server),
        }
    }

    #[test]
    fn a_claim_becomes_a_user_who_is_not_more() {
        use Mapping::{All, None as Nobody, Root};
        let highest = u32::MAX;
        let chosen = (7, 8, &[][..]);
        for (mapping, claim, expected) in [
            (All, None, chosen),
            (All, Some((0, 0, &[0][..])), chosen),
            (All, Some((5, 6, &[9])), chosen),
            (Root, None, chosen),
            (Root, Some((5, 6, &[9])), (5, 6, &[9])),
            (Root, Some((0, 6, &[9])), (7, 6, &[9])),
            (Root, Some((5, 0, &[9, 0])), (5, 8, &[9, 8])),
            (Root, Some((highest, 6, &[9])), chosen),
            (Root, Some((5, highest, &[9])), chosen),
            (Root, Some((5, 6, &[9, highest])), chosen),
            (Nobody, None, chosen),
            (Nobody, Some((0, 0, &[0])), (0, 0, &[0])),
            (Nobody, Some((highest, 0, &[])), chosen),
            (Nobody, Some((5, highest, &[])), chosen),
            (Nobody, Some((5, 6, &[highest])), chosen),
        ] {
            let said = claim.map(|(uid, gid, gids)| {
                Claim::new("somewhere", uid, gid, gids).expect("a short claim")
            });
            let user = squash(mapping, Some(CHOSEN)).user(said.as_ref());
            let (uid, gid, groups) = expected;
            let expected = (Ids { uid, gid }, groups.to_vec());
            assert_eq!(user, Some(expected), "{mapping:?} {claim:?}");
        }
        assert_eq!(squash(All, None).user(None), None);
    }

    #[test]
    fn root_is_given_away_only_if_that_is_said() {
        let root = Ids { uid: 0, gid: 0 };
        for (mapping, anonymous, makes_root) in [
            (Mapping::All, NOBODY, false),
            (Mapping::All, root, true),
            (Mapping::Root, NOBODY, false),
            (Mapping::Root, root, true),
            (Mapping::None, NOBODY, true),
        ] {
            let squash = squash(mapping, Some(anonymous));
            assert_eq!(squash.makes_root(), makes_root, "{mapping:?} {anonymous:?}");
        }
        assert!(!squash(Mapping::All, None).makes_root());
        // Whoever runs this test: root is nobody to callers, and others are themselves.
        let usual = Squash::new(Mapping::All, None).expect("everybody may");
        let expected = usual.server.is_root().then_some((NOBODY, Vec::new()));
        assert_eq!(usual.user(None), expected);
        assert!(!usual.makes_root());
    }
}
