//! What the system does not grant: other file systems, room, changes, open files.

use crate::contract::nfs3::*;
use crate::raw::{Answer, Raw, USUAL, mount};
use crate::stage::{self, Stage};
use crate::stock::run;
use std::fs;
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;
use testkit::{alone, eventually};

const DENIED: Nfsstat3 = Nfsstat3::Nfs3ErrAcces;
/// How long anything may take that should happen soon: long enough for a busy machine.
const SOON: Duration = Duration::from_secs(20);
const LIMIT: u64 = 1 << 16;

/// Whether this test can mount something, where nobody else sees it; if so, it has to go on.
fn may_mount(test: &str) -> bool {
    match testkit::obstacle() {
        Some(missing) => {
            testkit::skip(test, &missing);
            false
        }
        None => alone(test, stage::built),
    }
}

fn mount_at(place: &Path, options: &str) {
    let place = place.display().to_string();
    run("mount", &["-t", "tmpfs", "-o", options, "none", &place]);
}

#[test]
fn what_is_mounted_within_the_export_is_not_exported() {
    if !may_mount("limits::what_is_mounted_within_the_export_is_not_exported") {
        return;
    }
    let stage = Stage::new("mounted", &[]);
    let raw = Raw::new(&stage);
    let root = &raw.root;
    let covered = raw.mkdir(root, b"inner").expect("a new directory");
    let below = raw.create_new(&covered, b"below").expect("a new file");
    let place = stage.export().join("inner");
    mount_at(&place, "size=64k");
    fs::write(place.join("file"), "elsewhere").expect("it can be written");

    assert_eq!(raw.lookup(root, b"inner").map(drop), Err(DENIED));
    assert_eq!(raw.rmdir(root, b"inner"), Err(DENIED));
    assert_eq!(raw.rename((root, b"inner"), (root, b"new")), Err(DENIED));
    let path = [stage.export().as_os_str().as_bytes(), b"/inner"].concat();
    assert_eq!(mount(&stage, &path), Err(13));
    let listed = raw.readdirplus(root, (0, [0; 8]), 4096).expect("a list");
    let mut listed = listed.reply.entries.into_iter();
    let entry = listed.find(|entry| entry.name == b"inner");
    let entry = entry.expect("the name is there");
    assert_eq!((entry.name_attributes, entry.name_handle), (None, None));
    // What is under it cannot be reached either, until it is uncovered.
    for hidden in [&covered, &below] {
        assert_eq!(raw.getattr(hidden), Err(Nfsstat3::Nfs3ErrStale));
    }
    run("umount", &[&place.display().to_string()]);
    assert_eq!(raw.lookup(root, b"inner").as_ref(), Ok(&covered));
    assert_eq!(raw.lookup(&covered, b"below"), Ok(below));
}

#[test]
fn a_file_is_found_again_where_directories_have_other_numbers_for_it() {
    let test = "limits::a_file_is_found_again_where_directories_have_other_numbers_for_it";
    if !may_mount(test) {
        return;
    }
    let mut stage = Stage::new("layers", &[]);
    stage.kill();
    let above = stage.beside("").display().to_string();
    let layer = |name: &str| format!("{above}{name}");
    for name in ["lower", "upper"] {
        fs::create_dir_all(stage.beside(name)).expect("it can be made");
        mount_at(&stage.beside(name), "size=1m");
    }
    for folder in [
        "lower/folder",
        "upper/files",
        "upper/work",
        "upper/files/folder",
    ] {
        fs::create_dir(stage.beside(folder)).expect("it can be made");
    }
    fs::write(stage.beside("lower/folder/old"), "old").expect("it can be written");
    let (lower, upper) = (layer("lower"), layer("upper"));
    let layers = format!("lowerdir={lower},upperdir={upper}/files,workdir={upper}/work,xino=off");
    let place = stage.export().display().to_string();
    run("mount", &["-t", "overlay", "-o", &layers, "none", &place]);
    stage.start();
    let raw = Raw::new(&stage);
    let folder = raw.lookup(&raw.root, b"folder").expect("it is there");
    let old = raw.lookup(&folder, b"old").expect("it is there");
    let new = raw.create_new(&folder, b"new").expect("a new file");
    stage.restart();
    let raw = Raw::new(&stage);
    assert_eq!(raw.root, Raw::new(&stage).root);
    for (name, file) in [("folder", &folder), ("new", &new), ("old", &old)] {
        assert!(raw.getattr(file).is_ok(), "{name}");
    }
    let listed = raw.readdirplus(&folder, (0, [0; 8]), 4096).expect("a list");
    for entry in listed.reply.entries {
        let inode = entry.name_attributes.map(|attributes| attributes.fileid);
        assert_eq!(inode, Some(entry.fileid), "{:?}", entry.name);
    }
    stage.kill();
    for place in ["export", "lower", "upper"] {
        run("umount", &["-l", &layer(place)]);
    }
}

#[test]
fn a_full_disk_and_one_that_is_not_written_to_are_told() {
    if !may_mount("limits::a_full_disk_and_one_that_is_not_written_to_are_told") {
        return;
    }
    let mut stage = Stage::new("full", &[]);
    stage.kill();
    mount_at(&stage.export(), "size=64k,nr_inodes=6");
    stage.start();
    let raw = Raw::new(&stage);
    let root = &raw.root;
    let (file, full) = fill(&raw);
    for (what, answer) in changes(&raw, &file, b"0", b"new") {
        assert_eq!(answer.err(), full(what), "{what}");
    }
    let place = stage.export().display().to_string();
    run("mount", &["-o", "remount,ro", &place]);
    let removed = ("remove", raw.remove(root, b"file"));
    let tried = changes(&raw, &file, b"new", b"other");
    for (what, answer) in tried.into_iter().chain([removed]) {
        assert_eq!(answer, Err(Nfsstat3::Nfs3ErrRofs), "{what}");
    }
    let bits = ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND | ACCESS3_DELETE;
    assert_eq!(raw.access(&file, bits), Ok(ACCESS3_READ));
    assert_eq!(raw.access(root, bits), Ok(ACCESS3_READ));
    assert_eq!(raw.read(&file, 0, 1), Ok((vec![7], false)));
    // The mount goes with this host; the folder has to be empty by then.
    run("umount", &["-l", &place]);
}

/// Fills a small disk: with data, and then with files. The answers to [`changes`] after that.
fn fill(raw: &Raw) -> (NfsFh3, impl Fn(&str) -> Option<Nfsstat3>) {
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    let (mut end, piece) = (0, [7; 10_000]);
    let refused = loop {
        match raw.write(&file, end, &piece, StableHow::FileSync) {
            Ok(written) => end += u64::from(written.count),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, Nfsstat3::Nfs3ErrNospc);
    assert_eq!(raw.getattr(&file).map(|found| found.size), Ok(end));
    let mut number = 0;
    while raw.symlink(&raw.root, &[b'0' + number], b"x").is_ok() {
        number += 1;
        assert!(number < 9, "six files are all");
    }
    let full = |what: &str| {
        let needs_room = ["create", "mkdir", "symlink", "mknod", "write"].contains(&what);
        needs_room.then_some(Nfsstat3::Nfs3ErrNospc)
    };
    (file, full)
}

/// Changes of each kind: those that make something of this new name, and those of what is there.
fn changes(raw: &Raw, file: &NfsFh3, old: &[u8], new: &[u8]) -> Vec<(&'static str, Answer<()>)> {
    let root = &raw.root;
    let how = Createhow3::Exclusive([3; 8]);
    let pipe = Mknoddata3::Nf3Sock(Ftype3::Nf3Fifo, USUAL);
    let mode = Sattr3 {
        mode: Some(0o640),
        ..USUAL
    };
    let end = raw.getattr(file).expect("it is there").size;
    let written = raw.write(file, end, b"more", StableHow::Unstable);
    vec![
        ("create", raw.create(root, new, how).map(drop)),
        ("mkdir", raw.mkdir(root, new).map(drop)),
        ("symlink", raw.symlink(root, new, b"x").map(drop)),
        ("mknod", raw.mknod(root, new, pipe).map(drop)),
        ("write", written.map(drop)),
        ("setattr", raw.setattr(file, mode, None).map(drop)),
        ("rename", raw.rename((root, old), (root, new))),
    ]
}

#[test]
fn a_file_that_would_be_longer_than_the_server_may_write_is_refused() {
    let limit = format!("--fsize={LIMIT}:{LIMIT}");
    let stage = Stage::limited("short", &root_is_root(), &[&limit]);
    let raw = Raw::new(&stage);
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    let fsroot = raw.root.clone();
    let most = raw.nfs.nfsproc3_fsinfo(Fsinfo3args { fsroot }).wait();
    let Fsinfo3res::Nfs3Ok(most) = most.expect("an answer") else {
        panic!("it is refused")
    };
    assert_eq!(most.maxfilesize, LIMIT);
    let write = |offset| {
        let written = raw.write(&file, offset, b"ab", StableHow::Unstable);
        written.map(|written| written.count)
    };
    let long = Sattr3 {
        size: Some(LIMIT + 1),
        ..USUAL
    };
    let how = Createhow3::Unchecked(Createmode3::Guarded, long.clone());
    let too_long = Nfsstat3::Nfs3ErrFbig;
    assert_eq!(write(LIMIT - 1), Err(too_long));
    assert_eq!(raw.setattr(&file, long, None).map(drop), Err(too_long));
    let made = raw.create(&raw.root, b"new", how).map(drop);
    assert_eq!(made, Err(too_long));
    let missing = raw.lookup(&raw.root, b"new").map(drop);
    assert_eq!(missing, Err(Nfsstat3::Nfs3ErrNoent));
    assert_eq!(write(LIMIT - 2), Ok(2));
}

#[test]
fn a_server_that_is_short_of_open_files_says_to_try_again() {
    let stage = Stage::limited("files", &root_is_root(), &["--nofile=40:40"]);
    let raw = Raw::new(&stage);
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    let address = stage.endpoint().trim_start_matches("tcp://");
    let mut callers = Vec::new();
    eventually("no file can be opened", SOON, || {
        callers.push(TcpStream::connect(address).expect("the server is there"));
        (raw.getattr(&file) == Err(Nfsstat3::Nfs3ErrJukebox)).then_some(())
    });
    drop(callers);
    eventually("the file is found again", SOON, || {
        raw.getattr(&file).is_ok().then_some(())
    });
}

/// Options with which a caller may do what this process may.
fn root_is_root() -> Vec<&'static str> {
    match stage::is_root() {
        true => vec!["--anonymous", "0:0"],
        false => Vec::new(),
    }
}
