//! Doing something with somebody's permissions.

use super::attributes::Attributes;
use rustix::process::{getegid, geteuid, getgroups};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use rustix::{fs::Gid, fs::Uid, io};
use std::process::abort;
use std::sync::Arc;

/// The system takes this number of a user or a group for "leave it as it is".
pub const LEAVE_IT: u32 = u32::MAX;

/// With whose permissions something is done.
#[derive(Debug, Clone)]
pub enum Caller {
    /// With those of the server, whatever they are.
    Server,
    /// With those of a user, which only root can take on.
    User(User),
}

/// A user, and who the server itself is.
#[derive(Debug, Clone)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
    pub server: Arc<OwnIds>,
}

/// Who the server is.
#[derive(Debug)]
pub struct OwnIds {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

impl OwnIds {
    pub fn this_process() -> io::Result<Self> {
        Ok(Self {
            uid: geteuid(),
            gid: getegid(),
            groups: getgroups()?,
        })
    }

    /// Whether it can take on the permissions of others.
    pub fn is_root(&self) -> bool {
        self.uid.is_root()
    }

    /// Whether it is this user, in this group, with no further groups that it lacks.
    pub fn are(&self, uid: u32, gid: u32, groups: &[u32]) -> bool {
        let further = |group: &u32| self.groups.iter().any(|own| own.as_raw() == *group);
        (self.uid.as_raw(), self.gid.as_raw()) == (uid, gid) && groups.iter().all(further)
    }
}

impl Caller {
    /// Does something on this thread with the caller's permissions.
    ///
    /// The kernel decides what they allow, as it does for a local user: nothing here reads permission bits.
    pub fn act<T, E: From<io::Errno>>(&self, deed: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let _acting = match self {
            Self::Server => None,
            Self::User(user) => Some(Acting::begin(user)?),
        };
        deed()
    }

    /// Whether the file is the caller's own, as far as that can be known.
    pub fn owns(&self, file: &Attributes) -> bool {
        match self {
            Self::Server => false,
            Self::User(user) => user.uid == file.uid,
        }
    }
}

/// While this exists, the thread has a user's permissions.
struct Acting<'a>(&'a OwnIds);

impl<'a> Acting<'a> {
    fn begin(user: &'a User) -> io::Result<Self> {
        // The thread would stay root.
        if [user.uid, user.gid].contains(&LEAVE_IT) || user.groups.contains(&LEAVE_IT) {
            return Err(io::Errno::INVAL);
        }
        let groups: Vec<Gid> = user.groups.iter().copied().map(Gid::from_raw).collect();
        // Dropped on an error, which takes back what was done. The user comes last: after that the rest is forbidden.
        let acting = Self(&user.server);
        set_thread_groups(&groups)?;
        set_thread_res_gid(None, Gid::from_raw(user.gid), None)?;
        set_thread_res_uid(None, Uid::from_raw(user.uid), None)?;
        Ok(acting)
    }

    fn end(&self) -> io::Result<()> {
        set_thread_res_uid(None, self.0.uid, None)?;
        set_thread_res_gid(None, self.0.gid, None)?;
        set_thread_groups(&self.0.groups)
    }
}

impl Drop for Acting<'_> {
    fn drop(&mut self) {
        if let Err(errno) = self.end() {
            // The thread would go on with permissions that are not its own.
            eprintln!("dfs: the server's own permissions cannot be taken on again: {errno}");
            abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_done_as_a_user_who_is_none() {
        let server = OwnIds::this_process().expect("a process has groups");
        let server = Arc::new(server);
        for (uid, gid, group) in [(LEAVE_IT, 5, 5), (5, LEAVE_IT, 5), (5, 5, LEAVE_IT)] {
            let caller = Caller::User(User {
                uid,
                gid,
                groups: vec![group],
                server: Arc::clone(&server),
            });
            let done = caller.act(|| Ok::<_, io::Errno>(()));
            assert_eq!(done, Err(io::Errno::INVAL), "{uid} {gid} {group}");
        }
    }
}
