//! Whose files are, and what their owners and others may set.

use crate::contract::nfs3::*;
use crate::raw::{Raw, USUAL};
use crate::stage::{Stage, is_root};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

const NOW: SetMtime = SetMtime::Default(TimeHow::SetToServerTime);
const LONG_AGO: Nfstime3 = Nfstime3 {
    seconds: 1_000_000_000,
    nseconds: 0,
};

/// Only root can act as others; none, if this process cannot.
fn stage(test: &str, name: &str, options: &[&str]) -> Option<Stage> {
    if !is_root() {
        testkit::skip(test, "only root can act as other users");
        return None;
    }
    let stage = Stage::plain(name, options);
    set(&stage.export(), (0, 0), 0o777);
    Some(stage)
}

fn set(path: &Path, (uid, gid): (u32, u32), mode: u32) {
    chown(path, Some(uid), Some(gid)).expect("we are root");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("we are root");
}

#[test]
fn who_may_write_to_a_file_may_empty_it_now_and_set_no_other_time() {
    let test = "who_may_write_to_a_file_may_empty_it_now_and_set_no_other_time";
    let Some(stage) = stage(test, "touched", &["--squash", "root"]) else {
        return;
    };
    let path = stage.export().join("shared");
    fs::write(&path, "text").expect("it can be written");
    set(&path, (1001, 1003), 0o660);
    let alice = Raw::claiming(&stage, 1001, 1001, &[]);
    let bob = Raw::claiming(&stage, 1004, 1004, &[1003]);
    let eve = Raw::claiming(&stage, 1005, 1005, &[]);
    let file = alice.lookup(&alice.root, b"shared").expect("it is there");
    let (size, mtime) = (Some(0), NOW);
    // What a client makes of opening a file with O_TRUNC, and of touching it.
    let emptied = Sattr3 {
        size,
        mtime,
        ..USUAL
    };
    let touched = Sattr3 {
        mtime: NOW,
        ..USUAL
    };
    let read_now = Sattr3 {
        atime: SetAtime::Default(TimeHow::SetToServerTime),
        ..USUAL
    };
    let dated = Sattr3 {
        mtime: SetMtime::SetToClientTime(LONG_AGO),
        ..USUAL
    };
    let half_dated = Sattr3 {
        atime: SetAtime::SetToClientTime(LONG_AGO),
        mtime: NOW,
        ..USUAL
    };
    let (ours, denied) = (Nfsstat3::Nfs3ErrPerm, Nfsstat3::Nfs3ErrAcces);
    for (what, who, wanted, answer) in [
        ("alice dates", &alice, &dated, Ok(())),
        ("bob touches", &bob, &touched, Ok(())),
        ("bob reads", &bob, &read_now, Ok(())),
        ("bob empties", &bob, &emptied, Ok(())),
        ("bob dates", &bob, &dated, Err(ours)),
        ("bob dates half", &bob, &half_dated, Err(ours)),
        ("eve touches", &eve, &touched, Err(denied)),
        ("eve empties", &eve, &emptied, Err(denied)),
        ("eve dates", &eve, &dated, Err(ours)),
    ] {
        let set = who.setattr(&file, wanted.clone(), None).map(drop);
        assert_eq!(set, answer, "{what}");
        let now = who.getattr(&file).expect("it is there");
        assert_eq!(now.mtime == LONG_AGO, what == "alice dates", "{what}");
    }
    assert_eq!(fs::read(&path).expect("it is there"), b"");
}

#[test]
fn a_new_file_belongs_to_its_maker_whatever_is_asked_for() {
    let test = "a_new_file_belongs_to_its_maker_whatever_is_asked_for";
    let Some(stage) = stage(test, "makers", &["--squash", "none"]) else {
        return;
    };
    let bob = Raw::claiming(&stage, 1004, 1004, &[1003]);
    let root = Raw::claiming(&stage, 0, 0, &[]);
    for (name, raw, wanted, owner) in [
        ("none", &bob, (None, None), (1004, 1004)),
        ("own", &bob, (Some(1004), Some(1004)), (1004, 1004)),
        ("group", &bob, (Some(1004), Some(1003)), (1004, 1003)),
        ("other", &bob, (Some(501), Some(20)), (1004, 1004)),
        ("mixed", &bob, (Some(501), Some(1003)), (1004, 1003)),
        ("root", &root, (Some(501), Some(20)), (501, 20)),
    ] {
        let (uid, gid) = wanted;
        let attributes = Sattr3 { uid, gid, ..USUAL };
        let how = Createhow3::Unchecked(Createmode3::Guarded, attributes);
        raw.create(&raw.root, name.as_bytes(), how)
            .expect("all may make files");
        let made = fs::metadata(stage.export().join(name)).expect("it is there");
        assert_eq!((made.uid(), made.gid()), owner, "{name}");
    }
}

#[test]
fn a_directory_hands_down_its_group_if_it_is_set_to() {
    let test = "a_directory_hands_down_its_group_if_it_is_set_to";
    let Some(stage) = stage(test, "groups", &["--squash", "root"]) else {
        return;
    };
    let shared = stage.export().join("shared");
    fs::create_dir(&shared).expect("it can be made");
    set(&shared, (0, 1003), 0o2777);
    let alice = Raw::claiming(&stage, 1001, 1001, &[]);
    let folder = alice.lookup(&alice.root, b"shared").expect("it is there");
    alice.create_new(&folder, b"file").expect("all may");
    alice.mkdir(&folder, b"inner").expect("all may");
    alice.symlink(&folder, b"link", b"x").expect("all may");
    for (name, mode) in [("file", 0o644), ("inner", 0o2755), ("link", 0o777)] {
        let made = fs::symlink_metadata(shared.join(name)).expect("it is there");
        assert_eq!((made.uid(), made.gid()), (1001, 1003), "{name}");
        assert_eq!(made.mode() & 0o7777, mode, "{name}");
    }
}

#[test]
fn nothing_is_found_by_way_of_a_closed_directory() {
    let test = "nothing_is_found_by_way_of_a_closed_directory";
    let Some(stage) = stage(test, "closed", &["--squash", "root"]) else {
        return;
    };
    let alice = Raw::claiming(&stage, 1001, 1001, &[]);
    let eve = Raw::claiming(&stage, 1005, 1005, &[]);
    let closed = alice.mkdir(&alice.root, b"closed").expect("all may");
    alice.create_new(&closed, b"file").expect("it is hers");
    for (mode, names, answer) in [
        (0o700, [".", "..", "file"], Err(Nfsstat3::Nfs3ErrAcces)),
        (0o704, [".", "..", "file"], Err(Nfsstat3::Nfs3ErrAcces)),
        (0o701, [".", "..", "file"], Ok(())),
    ] {
        set(&stage.export().join("closed"), (1001, 1001), mode);
        for name in names {
            let found = eve.lookup(&closed, name.as_bytes()).map(drop);
            assert_eq!(found, answer, "{name} {mode:o}");
            assert!(alice.lookup(&closed, name.as_bytes()).is_ok());
        }
    }
    // Who may read a directory and not go through it is told the names alone.
    set(&stage.export().join("closed"), (1001, 1001), 0o704);
    let listed = eve.readdirplus(&closed, (0, [0; 8]), 4096);
    let listed = listed.expect("all may read it").reply.entries;
    assert_eq!(listed.len(), 3);
    for entry in listed {
        assert_eq!((entry.name_attributes, entry.name_handle), (None, None));
    }
}
