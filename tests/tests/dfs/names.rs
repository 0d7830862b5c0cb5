//! Making, removing and changing names, and what the directories were before and after.

use crate::contract::nfs3::*;
use crate::raw::{Raw, USUAL, place};
use crate::stage::Stage;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};

#[test]
fn an_exclusive_create_knows_its_own_file_again() {
    let mut stage = Stage::new("exclusive", &[]);
    let raw = Raw::new(&stage);
    let mine = [0x80, 1, 2, 3, 0xff, 5, 6, 7];
    let theirs = [0x80, 1, 2, 3, 0xff, 5, 6, 8];
    let exclusive = |raw: &Raw, verifier| {
        let how = Createhow3::Exclusive(verifier);
        raw.create(&raw.root, b"file", how).map(|(file, _)| file)
    };
    let exists = Err(Nfsstat3::Nfs3ErrExist);
    let file = exclusive(&raw, mine).expect("a new file");
    assert_eq!(exclusive(&raw, mine).as_ref(), Ok(&file));
    assert_eq!(exclusive(&raw, theirs), exists);
    assert_eq!(raw.create_new(&raw.root, b"file"), exists);

    stage.restart();
    let raw = Raw::new(&stage);
    assert_eq!(exclusive(&raw, mine).as_ref(), Ok(&file));
    assert_eq!(exclusive(&raw, theirs), exists);
    // Its maker goes on with it, and then it is a file like others.
    let attributes = Sattr3 {
        mode: Some(0o640),
        mtime: SetMtime::Default(TimeHow::SetToServerTime),
        ..USUAL
    };
    raw.setattr(&file, attributes, None).expect("they are set");
    assert_eq!(exclusive(&raw, mine), exists);
}

#[test]
fn a_create_takes_or_refuses_what_is_there() {
    let stage = Stage::new("create", &[]);
    let raw = Raw::new(&stage);
    let attributes = |size| Sattr3 {
        mode: Some(0o4751),
        size,
        ..USUAL
    };
    let create = |mode, size| {
        let how = Createhow3::Unchecked(mode, attributes(size));
        raw.create(&raw.root, b"file", how).map(|(file, _)| file)
    };
    let file = create(Createmode3::Guarded, Some(5)).expect("a new file");
    let found = raw.getattr(&file).expect("it is there");
    assert_eq!((found.mode, found.size), (0o4751, 5));
    let refused = create(Createmode3::Guarded, None);
    assert_eq!(refused, Err(Nfsstat3::Nfs3ErrExist));
    assert_eq!(create(Createmode3::Unchecked, None).as_ref(), Ok(&file));
    assert_eq!(raw.getattr(&file).map(|found| found.size), Ok(5));
    assert_eq!(create(Createmode3::Unchecked, Some(0)).as_ref(), Ok(&file));
    assert_eq!(raw.getattr(&file).map(|found| found.size), Ok(0));
}

#[test]
fn files_of_all_kinds_are_made_but_devices() {
    let stage = Stage::new("kinds", &[]);
    let raw = Raw::new(&stage);
    let attributes = Sattr3 {
        mode: Some(0o620),
        ..USUAL
    };
    let special = |kind| Mknoddata3::Nf3Sock(kind, attributes.clone());
    raw.mknod(&raw.root, b"pipe", special(Ftype3::Nf3Fifo))
        .expect("a pipe");
    raw.mknod(&raw.root, b"socket", special(Ftype3::Nf3Sock))
        .expect("a socket");
    let target = [b"/\xff/".as_slice(), &[b'x'; 300]].concat();
    let link = raw.symlink(&raw.root, b"link", &target).expect("a link");
    assert_eq!(raw.readlink(&link), Ok(target));
    raw.mkdir(&raw.root, b"directory").expect("a directory");
    let at = |name| fs::symlink_metadata(stage.export().join(name)).expect("it is there");
    assert!(at("pipe").file_type().is_fifo());
    assert_eq!(at("pipe").permissions().mode() & 0o7777, 0o620);
    assert!(at("socket").file_type().is_socket());
    assert!(at("link").file_type().is_symlink());
    assert!(at("directory").is_dir());

    let device = |kind| {
        let device = Devicedata3 {
            dev_attributes: USUAL,
            spec: Specdata3 {
                specdata1: 1,
                specdata2: 3,
            },
        };
        Mknoddata3::Nf3Chr(kind, device)
    };
    for what in [
        device(Ftype3::Nf3Chr),
        device(Ftype3::Nf3Blk),
        Mknoddata3::Default(Ftype3::Nf3Reg),
    ] {
        let refused = raw.mknod(&raw.root, b"device", what);
        assert_eq!(refused, Err(Nfsstat3::Nfs3ErrBadtype));
    }
    // What is no regular file has nothing to read or write, and a pipe must not hold up the server.
    let pipe = raw.lookup(&raw.root, b"pipe").expect("it is there");
    let invalid = Err(Nfsstat3::Nfs3ErrInval);
    assert_eq!(raw.read(&pipe, 0, 10).map(drop), invalid);
    let written = raw.write(&pipe, 0, b"x", StableHow::Unstable);
    assert_eq!(written.map(drop), invalid);
    assert_eq!(raw.readlink(&pipe).map(drop), invalid);
}

#[test]
fn what_cannot_be_done_has_its_own_error() {
    let stage = Stage::new("errors", &[]);
    let raw = Raw::new(&stage);
    let root = &raw.root;
    let file = raw.create_new(root, b"file").expect("a new file");
    let full = raw.mkdir(root, b"full").expect("a new directory");
    raw.create_new(&full, b"entry").expect("a new file");
    raw.mkdir(root, b"empty").expect("a new directory");
    let long = [b'x'; 256];
    let rename = |from: &[u8], to: &[u8]| raw.rename((root, from), (root, to));
    use Nfsstat3 as Status;
    for (what, answer, expected) in [
        ("no entry", raw.remove(root, b"none"), Status::Nfs3ErrNoent),
        (
            "no name",
            raw.lookup(root, b"none").map(drop),
            Status::Nfs3ErrNoent,
        ),
        (
            "long",
            raw.lookup(root, &long).map(drop),
            Status::Nfs3ErrNametoolong,
        ),
        (
            "long new",
            raw.mkdir(root, &long).map(drop),
            Status::Nfs3ErrNametoolong,
        ),
        (
            "within a file",
            raw.lookup(&file, b"x").map(drop),
            Status::Nfs3ErrNotdir,
        ),
        (
            "a file's ..",
            raw.lookup(&file, b"..").map(drop),
            Status::Nfs3ErrNotdir,
        ),
        (
            "new in a file",
            raw.mkdir(&file, b"x").map(drop),
            Status::Nfs3ErrNotdir,
        ),
        (
            "remove a directory",
            raw.remove(root, b"empty"),
            Status::Nfs3ErrIsdir,
        ),
        ("remove ..", raw.remove(root, b".."), Status::Nfs3ErrIsdir),
        (
            "rmdir a file",
            raw.rmdir(root, b"file"),
            Status::Nfs3ErrNotdir,
        ),
        (
            "rmdir a full one",
            raw.rmdir(root, b"full"),
            Status::Nfs3ErrNotempty,
        ),
        ("rmdir .", raw.rmdir(root, b"."), Status::Nfs3ErrInval),
        ("rmdir ..", raw.rmdir(root, b".."), Status::Nfs3ErrExist),
        (
            "mkdir again",
            raw.mkdir(root, b"full").map(drop),
            Status::Nfs3ErrExist,
        ),
        (
            "mkdir ..",
            raw.mkdir(root, b"..").map(drop),
            Status::Nfs3ErrExist,
        ),
        ("rename none", rename(b"none", b"new"), Status::Nfs3ErrNoent),
        (
            "rename to full",
            rename(b"empty", b"full"),
            Status::Nfs3ErrNotempty,
        ),
        (
            "rename to a directory",
            rename(b"file", b"empty"),
            Status::Nfs3ErrIsdir,
        ),
        (
            "rename to a file",
            rename(b"empty", b"file"),
            Status::Nfs3ErrNotdir,
        ),
        ("rename ..", rename(b"..", b"new"), Status::Nfs3ErrInval),
        (
            "link again",
            raw.link(&file, root, b"full"),
            Status::Nfs3ErrExist,
        ),
        (
            "link a directory",
            raw.link(&full, root, b"new"),
            Status::Nfs3ErrPerm,
        ),
        (
            "read a directory",
            raw.read(&full, 0, 1).map(drop),
            Status::Nfs3ErrInval,
        ),
        (
            "no link",
            raw.readlink(&file).map(drop),
            Status::Nfs3ErrInval,
        ),
    ] {
        assert_eq!(answer, Err(expected), "{what}");
    }
}

#[test]
fn a_change_comes_with_what_was_before_and_after() {
    let stage = Stage::new("before-and-after", &[]);
    let raw = Raw::new(&stage);
    let before = raw.getattr(&raw.root).expect("it is there");
    let how = Createhow3::Unchecked(Createmode3::Guarded, USUAL);
    let (file, change) = raw.create(&raw.root, b"file", how).expect("a new file");
    let expected = WccAttr {
        size: before.size,
        mtime: before.mtime,
        ctime: before.ctime,
    };
    assert_eq!(change.before, Some(expected));
    assert_eq!(change.after, raw.getattr(&raw.root).ok());
    assert_ne!(change.after.map(|after| after.mtime), Some(before.mtime));

    // A failed call says so too.
    let object = place(&raw.root, b"none");
    let args = Remove3args { object };
    let failed = raw.nfs.nfsproc3_remove(args).wait().expect("an answer");
    let Remove3res::Default(Nfsstat3::Nfs3ErrNoent, failed) = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(failed.dir_wcc.after, raw.getattr(&raw.root).ok());

    // Two directories, of which each has its own.
    let inner = raw.mkdir(&raw.root, b"inner").expect("a new directory");
    let (from, to) = (place(&raw.root, b"file"), place(&inner, b"file"));
    let args = Rename3args { from, to };
    let moved = raw.nfs.nfsproc3_rename(args).wait().expect("an answer");
    let Rename3res::Nfs3Ok(moved) = moved else {
        panic!("{moved:?}")
    };
    assert_eq!(moved.fromdir_wcc.after, raw.getattr(&raw.root).ok());
    assert_eq!(moved.todir_wcc.after, raw.getattr(&inner).ok());
    assert!(raw.getattr(&file).is_ok());
}

#[test]
fn attributes_are_set_unless_the_guard_forbids_it() {
    let stage = Stage::new("attributes", &[]);
    let raw = Raw::new(&stage);
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    let seen = raw.getattr(&file).expect("it is there");
    let moment = |seconds| Nfstime3 {
        seconds,
        nseconds: 123_000,
    };
    let wanted = Sattr3 {
        mode: Some(0o1604),
        size: Some(7),
        atime: SetAtime::SetToClientTime(moment(1_000_000_000)),
        mtime: SetMtime::SetToClientTime(moment(2_000_000_000)),
        ..USUAL
    };
    let change = raw
        .setattr(&file, wanted.clone(), Some(seen.ctime))
        .expect("nobody else changed it");
    let now = raw.getattr(&file).expect("it is there");
    assert_eq!(change.after.as_ref(), Some(&now));
    assert_eq!((now.mode, now.size), (0o1604, 7));
    assert_eq!(
        (now.atime, now.mtime),
        (moment(1_000_000_000), moment(2_000_000_000))
    );
    for nseconds in [1_000_000_000, 0x3fff_fffe, 0x3fff_ffff, u32::MAX] {
        let time = Nfstime3 {
            seconds: 5,
            nseconds,
        };
        let (atime, mtime) = (
            SetAtime::SetToClientTime(time),
            SetMtime::SetToClientTime(time),
        );
        for wanted in [
            Sattr3 {
                atime,
                size: Some(1),
                ..USUAL
            },
            Sattr3 {
                mtime,
                size: Some(1),
                ..USUAL
            },
        ] {
            let how = Createhow3::Unchecked(Createmode3::Guarded, wanted.clone());
            let made = raw.create(&raw.root, b"other", how).map(drop);
            assert_eq!(made, Err(Nfsstat3::Nfs3ErrInval), "{nseconds}");
            let set = raw.setattr(&file, wanted, None).map(drop);
            assert_eq!(set, Err(Nfsstat3::Nfs3ErrInval), "{nseconds}");
        }
    }
    assert_eq!(raw.getattr(&file).as_ref(), Ok(&now));
    let late = raw.setattr(&file, wanted.clone(), Some(seen.ctime));
    assert_eq!(late, Err(Nfsstat3::Nfs3ErrNotSync));
    let size = |size| Sattr3 {
        size: Some(size),
        ..USUAL
    };
    for (file, size, refusal) in [
        (&file, u64::MAX, Nfsstat3::Nfs3ErrFbig),
        (&raw.root, 0, Nfsstat3::Nfs3ErrInval),
    ] {
        let wanted = Sattr3 {
            size: Some(size),
            ..USUAL
        };
        assert_eq!(raw.setattr(file, wanted, None), Err(refusal));
    }
    raw.setattr(&file, size(1 << 33), None).expect("a hole");
    let found = fs::metadata(stage.export().join("file")).expect("it is there");
    assert_eq!(found.size(), 1 << 33);
}
