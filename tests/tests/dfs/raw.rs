//! A client made by our compiler: one method for each call, with nothing between the test and the server.

use crate::contract::mount3::{MountV3Client, Mountres3};
use crate::contract::nfs3::*;
use crate::stage::Stage;
use rpc_core::{Bounded, Claim, Client as _};
use std::os::unix::ffi::OsStrExt;

pub type Answer<T> = Result<T, Nfsstat3>;

/// A client that has mounted the export.
pub struct Raw {
    pub nfs: NfsV3Client,
    pub root: NfsFh3,
}

/// Attributes that leave all as the server would have it.
pub const USUAL: Sattr3 = Sattr3 {
    mode: None,
    uid: None,
    gid: None,
    size: None,
    atime: SetAtime::Default(TimeHow::DontChange),
    mtime: SetMtime::Default(TimeHow::DontChange),
};

/// Calls a procedure, and takes its result apart.
macro_rules! call {
    ($client:expr, $method:ident, $args:expr, $result:ident) => {
        match $client
            .nfs
            .$method($args)
            .wait()
            .expect("the server answers")
        {
            $result::Nfs3Ok(ok) => Ok(ok),
            $result::Default(status, ..) => Err(status),
        }
    };
}

impl Raw {
    pub fn new(stage: &Stage) -> Self {
        let nfs = NfsV3Client::connect(stage.endpoint()).expect("the server is there");
        let root = mount(stage, stage.export().as_os_str().as_bytes());
        let root = root.expect("it is exported");
        Self { nfs, root }
    }

    /// A client that says it is this user, in this group and these others.
    pub fn claiming(stage: &Stage, uid: u32, gid: u32, gids: &[u32]) -> Self {
        let claim = Claim::new("somewhere", uid, gid, gids).expect("a short claim");
        let nfs = NfsV3Client::connect_as(stage.endpoint(), &claim).expect("it is there");
        Self {
            nfs,
            ..Self::new(stage)
        }
    }

    /// A client whose calls are datagrams.
    pub fn by_datagrams(stage: &Stage) -> Self {
        let nfs = NfsV3Client::connect(stage.datagrams()).expect("the server is there");
        Self {
            nfs,
            ..Self::new(stage)
        }
    }

    pub fn getattr(&self, object: &NfsFh3) -> Answer<Fattr3> {
        let object = object.clone();
        let answer = call!(self, nfsproc3_getattr, Getattr3args { object }, Getattr3res);
        answer.map(|ok: Getattr3resok| ok.obj_attributes)
    }

    pub fn setattr(
        &self,
        object: &NfsFh3,
        new_attributes: Sattr3,
        guard: Sattrguard3,
    ) -> Answer<WccData> {
        let args = Setattr3args {
            object: object.clone(),
            new_attributes,
            guard,
        };
        let answer = call!(self, nfsproc3_setattr, args, Setattr3res);
        answer.map(|ok: Setattr3resok| ok.obj_wcc)
    }

    pub fn lookup(&self, dir: &NfsFh3, name: &[u8]) -> Answer<NfsFh3> {
        let what = place(dir, name);
        let answer = call!(self, nfsproc3_lookup, Lookup3args { what }, Lookup3res);
        answer.map(|ok: Lookup3resok| ok.object)
    }

    pub fn access(&self, object: &NfsFh3, access: u32) -> Answer<u32> {
        let args = Access3args {
            object: object.clone(),
            access,
        };
        let answer = call!(self, nfsproc3_access, args, Access3res);
        answer.map(|ok: Access3resok| ok.access)
    }

    pub fn readlink(&self, symlink: &NfsFh3) -> Answer<Vec<u8>> {
        let symlink = symlink.clone();
        let answer = call!(
            self,
            nfsproc3_readlink,
            Readlink3args { symlink },
            Readlink3res
        );
        answer.map(|ok: Readlink3resok| ok.data)
    }

    pub fn read(&self, file: &NfsFh3, offset: u64, count: u32) -> Answer<(Vec<u8>, bool)> {
        let args = Read3args {
            file: file.clone(),
            offset,
            count,
        };
        let answer = call!(self, nfsproc3_read, args, Read3res);
        answer.map(|ok: Read3resok| (ok.data, ok.eof))
    }

    pub fn write(
        &self,
        file: &NfsFh3,
        offset: u64,
        data: &[u8],
        stable: StableHow,
    ) -> Answer<Write3resok> {
        let args = Write3args {
            file: file.clone(),
            offset,
            count: u32::try_from(data.len()).expect("a short piece"),
            stable,
            data: data.to_vec(),
        };
        call!(self, nfsproc3_write, args, Write3res)
    }

    pub fn commit(&self, file: &NfsFh3) -> Answer<Commit3resok> {
        let args = Commit3args {
            file: file.clone(),
            offset: 0,
            count: 0,
        };
        call!(self, nfsproc3_commit, args, Commit3res)
    }

    /// The new file, and what became of the directory.
    pub fn create(&self, dir: &NfsFh3, name: &[u8], how: Createhow3) -> Answer<(NfsFh3, WccData)> {
        let r#where = place(dir, name);
        let answer = call!(
            self,
            nfsproc3_create,
            Create3args { r#where, how },
            Create3res
        );
        answer.map(|ok: Create3resok| (ok.obj.expect("a new file has a handle"), ok.dir_wcc))
    }

    /// A new file that must not be there yet.
    pub fn create_new(&self, dir: &NfsFh3, name: &[u8]) -> Answer<NfsFh3> {
        let how = Createhow3::Unchecked(Createmode3::Guarded, USUAL);
        self.create(dir, name, how).map(|(file, _)| file)
    }

    pub fn mkdir(&self, dir: &NfsFh3, name: &[u8]) -> Answer<NfsFh3> {
        let args = Mkdir3args {
            r#where: place(dir, name),
            attributes: USUAL,
        };
        let answer = call!(self, nfsproc3_mkdir, args, Mkdir3res);
        answer.map(|ok: Mkdir3resok| ok.obj.expect("a new directory has a handle"))
    }

    pub fn symlink(&self, dir: &NfsFh3, name: &[u8], target: &[u8]) -> Answer<NfsFh3> {
        let args = Symlink3args {
            r#where: place(dir, name),
            symlink: Symlinkdata3 {
                symlink_attributes: USUAL,
                symlink_data: target.to_vec(),
            },
        };
        let answer = call!(self, nfsproc3_symlink, args, Symlink3res);
        answer.map(|ok: Symlink3resok| ok.obj.expect("a new link has a handle"))
    }

    pub fn mknod(&self, dir: &NfsFh3, name: &[u8], what: Mknoddata3) -> Answer<NfsFh3> {
        let r#where = place(dir, name);
        let answer = call!(
            self,
            nfsproc3_mknod,
            Mknod3args { r#where, what },
            Mknod3res
        );
        answer.map(|ok: Mknod3resok| ok.obj.expect("a new file has a handle"))
    }

    pub fn remove(&self, dir: &NfsFh3, name: &[u8]) -> Answer<()> {
        let object = place(dir, name);
        let answer = call!(self, nfsproc3_remove, Remove3args { object }, Remove3res);
        answer.map(|_: Remove3resok| ())
    }

    pub fn rmdir(&self, dir: &NfsFh3, name: &[u8]) -> Answer<()> {
        let object = place(dir, name);
        let answer = call!(self, nfsproc3_rmdir, Rmdir3args { object }, Rmdir3res);
        answer.map(|_: Rmdir3resok| ())
    }

    pub fn rename(&self, from: (&NfsFh3, &[u8]), to: (&NfsFh3, &[u8])) -> Answer<()> {
        let args = Rename3args {
            from: place(from.0, from.1),
            to: place(to.0, to.1),
        };
        let answer = call!(self, nfsproc3_rename, args, Rename3res);
        answer.map(|_: Rename3resok| ())
    }

    pub fn link(&self, file: &NfsFh3, dir: &NfsFh3, name: &[u8]) -> Answer<()> {
        let args = Link3args {
            file: file.clone(),
            link: place(dir, name),
        };
        let answer = call!(self, nfsproc3_link, args, Link3res);
        answer.map(|_: Link3resok| ())
    }

    pub fn readdir(
        &self,
        dir: &NfsFh3,
        (cookie, cookieverf): (u64, Cookieverf3),
        count: u32,
    ) -> Answer<Readdir3resok> {
        let args = Readdir3args {
            dir: dir.clone(),
            cookie,
            cookieverf,
            count,
        };
        call!(self, nfsproc3_readdir, args, Readdir3res)
    }

    pub fn readdirplus(
        &self,
        dir: &NfsFh3,
        (cookie, cookieverf): (u64, Cookieverf3),
        maxcount: u32,
    ) -> Answer<Readdirplus3resok> {
        let args = Readdirplus3args {
            dir: dir.clone(),
            cookie,
            cookieverf,
            dircount: maxcount,
            maxcount,
        };
        call!(self, nfsproc3_readdirplus, args, Readdirplus3res)
    }
}

/// The handle of a directory, or why there is none.
pub fn mount(stage: &Stage, path: &[u8]) -> Result<NfsFh3, u32> {
    let client = MountV3Client::connect(stage.endpoint()).expect("the server is there");
    let path = Bounded::new(path.to_vec()).expect("a short path");
    match client.mountproc3_mnt(path).wait().expect("it answers") {
        Mountres3::Mnt3Ok(mounted) => Ok(handle(&mounted.fhandle)),
        Mountres3::Default(status) => Err(status as u32),
    }
}

/// A handle of any bytes.
pub fn handle(bytes: &[u8]) -> NfsFh3 {
    let data = Bounded::new(bytes.to_vec()).expect("at most 64 bytes");
    NfsFh3 { data }
}

/// A name in a directory.
pub fn place(dir: &NfsFh3, name: &[u8]) -> Diropargs3 {
    Diropargs3 {
        dir: dir.clone(),
        name: name.to_vec(),
    }
}
