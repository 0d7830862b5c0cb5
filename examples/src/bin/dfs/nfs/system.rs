//! What the file system and the server can do.

use super::convert::status;
use super::files::LARGEST_PIECE;
use super::{Fault, Nfs};
use crate::contract::nfs3::*;
use crate::disk::Node;
use rpc_core::Context;
use rustix::fs::{StatVfs, fstatvfs};
use rustix::process::{Resource, getrlimit};

/// What is sure to fit into one datagram.
const LARGEST_DATAGRAM_PIECE: u32 = 32 << 10;
/// What is best read of a directory at a time.
const USUAL_LIST: u32 = 32 << 10;
/// Reads and writes are best whole pages.
const PAGE: u32 = 4096;
/// What a file system says that has no limit of its own worth naming.
const MOST_LINKS: u32 = 32_000;

impl Nfs {
    pub(super) fn fsstat(&self, args: &Fsstat3args) -> Fsstat3res {
        let found = self.find(&args.fsroot);
        let obj_attributes = self.after_if_found(&found);
        match found.and_then(volume) {
            Ok(volume) => {
                let bytes = |blocks: u64| blocks.saturating_mul(volume.f_frsize);
                Fsstat3res::Nfs3Ok(Fsstat3resok {
                    obj_attributes,
                    tbytes: bytes(volume.f_blocks),
                    fbytes: bytes(volume.f_bfree),
                    abytes: bytes(volume.f_bavail),
                    tfiles: volume.f_files,
                    ffiles: volume.f_ffree,
                    afiles: volume.f_favail,
                    invarsec: 0,
                })
            }
            Err(fault) => Fsstat3res::Default(status(fault), Fsstat3resfail { obj_attributes }),
        }
    }

    pub(super) fn fsinfo(&self, args: &Fsinfo3args, piece: u32) -> Fsinfo3res {
        let found = self.find(&args.fsroot);
        let obj_attributes = self.after_if_found(&found);
        if let Err(fault) = found {
            return Fsinfo3res::Default(status(fault), Fsinfo3resfail { obj_attributes });
        }
        Fsinfo3res::Nfs3Ok(Fsinfo3resok {
            obj_attributes,
            rtmax: piece,
            rtpref: piece,
            rtmult: PAGE,
            wtmax: piece,
            wtpref: piece,
            wtmult: PAGE,
            dtpref: USUAL_LIST,
            maxfilesize: self.longest_file,
            time_delta: Nfstime3 {
                seconds: 0,
                nseconds: 1,
            },
            properties: FSF3_LINK | FSF3_SYMLINK | FSF3_HOMOGENEOUS | FSF3_CANSETTIME,
        })
    }

    pub(super) fn pathconf(&self, args: &Pathconf3args) -> Pathconf3res {
        let found = self.find(&args.object);
        let obj_attributes = self.after_if_found(&found);
        match found.and_then(volume) {
            Ok(volume) => Pathconf3res::Nfs3Ok(Pathconf3resok {
                obj_attributes,
                linkmax: MOST_LINKS,
                name_max: u32::try_from(volume.f_namemax).unwrap_or(u32::MAX),
                no_trunc: true,
                chown_restricted: true,
                case_insensitive: false,
                case_preserving: true,
            }),
            Err(fault) => Pathconf3res::Default(status(fault), Pathconf3resfail { obj_attributes }),
        }
    }
}

/// The most bytes that a call of this caller reads, writes or lists.
pub(super) fn largest_piece(cx: &Context) -> u32 {
    // Without a connection each message is one datagram.
    match cx.peer().connection() {
        Some(_) => LARGEST_PIECE,
        None => LARGEST_DATAGRAM_PIECE,
    }
}

/// The most bytes that a file of the server's may have. The system ends a process that writes behind the limit set for it.
pub(super) fn longest_file() -> u64 {
    const OFFSETS: u64 = i64::MAX as u64;
    let limit = getrlimit(Resource::Fsize).current;
    limit.map_or(OFFSETS, |limit| limit.min(OFFSETS))
}

fn volume(node: Node) -> Result<StatVfs, Fault> {
    Ok(fstatvfs(node)?)
}
