//! MOUNT version 3: how a client gets the handle of the exported directory, or of one in it.

use super::contract::mount3::*;
use super::disk::{Caller, Export, Fault, Name, Node};
use rpc_core::{Bounded, Context, Peer};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of so many mounts it is remembered who made them. Nothing depends on it.
const REMEMBERED: usize = 1024;
/// AUTH_SYS and AUTH_NONE.
const FLAVOURS: [i32; 2] = [1, 0];

/// Answers for one exported directory.
pub struct Mount {
    export: Arc<Export>,
    mounted: Mutex<BTreeSet<(String, Vec<u8>)>>,
}

impl Mount {
    pub fn new(export: Arc<Export>) -> Self {
        Self {
            export,
            mounted: Mutex::default(),
        }
    }

    /// The directory of a path: the exported one or one below it.
    ///
    /// It is found with the server's permissions, as RFC 1813 expects of a mount; what may be done there is asked of each call.
    fn find(&self, path: &[u8]) -> Result<Node, Fault> {
        let exported = self.export.path().as_os_str().as_bytes();
        let below = match path.strip_prefix(exported) {
            Some(below) if below.is_empty() || below.starts_with(b"/") => below,
            Some(below) if exported == b"/" => below,
            _ => return Err(Errno::ACCESS.into()),
        };
        let mut at = self.export.root()?;
        for name in below.split(|byte| *byte == b'/') {
            if !name.is_empty() {
                let name = Name::entry(name, Errno::ACCESS)?;
                at = self.export.look_up(&Caller::Server, &at, name)?;
            }
        }
        if at.attributes.is_directory() {
            Ok(at)
        } else {
            Err(Errno::NOTDIR.into())
        }
    }

    fn mounted(&self) -> MutexGuard<'_, BTreeSet<(String, Vec<u8>)>> {
        self.mounted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MountV3 for Mount {
    fn mountproc3_mnt(&self, cx: &Context, arg: Dirpath) -> Mountres3 {
        let found = match self.find(&arg) {
            Ok(found) => found,
            Err(fault) => return Mountres3::Default(status(fault)),
        };
        let handle = self.export.handle(found.attributes.identity).to_vec();
        let Ok(fhandle) = Bounded::new(handle) else {
            return Mountres3::Default(Mountstat3::Mnt3ErrServerfault);
        };
        let mut mounted = self.mounted();
        if mounted.len() >= REMEMBERED {
            mounted.pop_first();
        }
        mounted.insert((host(cx.peer()), arg.into_inner()));
        Mountres3::Mnt3Ok(Mountres3Ok {
            fhandle,
            auth_flavors: FLAVOURS.to_vec(),
        })
    }

    fn mountproc3_dump(&self, _: &Context) -> Mountlist {
        let body = |(host, path): &(String, Vec<u8>)| {
            Some(Mountbody {
                ml_hostname: Bounded::new(host.clone().into_bytes()).ok()?,
                ml_directory: Bounded::new(path.clone()).ok()?,
            })
        };
        Mountlist(self.mounted().iter().filter_map(body).collect())
    }

    fn mountproc3_umnt(&self, cx: &Context, arg: Dirpath) {
        self.mounted().remove(&(host(cx.peer()), arg.into_inner()));
    }

    fn mountproc3_umntall(&self, cx: &Context) {
        let caller = host(cx.peer());
        self.mounted().retain(|(host, _)| *host != caller);
    }

    fn mountproc3_export(&self, _: &Context) -> Exports {
        let path = self.export.path().as_os_str().as_bytes().to_vec();
        let node = |ex_dir| Exportnode {
            ex_dir,
            ex_groups: Groups(Vec::new()),
        };
        Exports(Bounded::new(path).ok().map(node).into_iter().collect())
    }
}

/// What a host is known by: its address.
fn host(peer: &Peer) -> String {
    let address = peer.address();
    address.map_or_else(|| peer.to_string(), |address| address.ip().to_string())
}

fn status(fault: Fault) -> Mountstat3 {
    match fault {
        Fault::System(Errno::PERM) => Mountstat3::Mnt3ErrPerm,
        Fault::System(Errno::NOENT) => Mountstat3::Mnt3ErrNoent,
        Fault::System(Errno::IO) => Mountstat3::Mnt3ErrIo,
        // A symbolic link in the path is followed by nobody.
        Fault::System(Errno::ACCESS) | Fault::BadName => Mountstat3::Mnt3ErrAcces,
        Fault::System(Errno::NOTDIR | Errno::LOOP) => Mountstat3::Mnt3ErrNotdir,
        Fault::System(Errno::NAMETOOLONG) => Mountstat3::Mnt3ErrNametoolong,
        Fault::System(Errno::INVAL) => Mountstat3::Mnt3ErrInval,
        _ => Mountstat3::Mnt3ErrServerfault,
    }
}
