//! As whom callers act.

use crate::contract::nfs3::*;
use crate::raw::{Answer, Raw, USUAL};
use crate::stage::{Stage, is_root};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

const DENIED: Nfsstat3 = Nfsstat3::Nfs3ErrAcces;
const READS: u32 = ACCESS3_READ;
const CHANGES: u32 = ACCESS3_MODIFY | ACCESS3_EXTEND;

/// One of several ways to change a file.
type Way<'a> = &'a dyn Fn(&NfsFh3) -> Answer<()>;

/// Only root can act as others; none, if this process cannot.
fn stage(test: &str, name: &str, options: &[&str]) -> Option<Stage> {
    if !is_root() {
        testkit::skip(test, "only root can act as other users");
        return None;
    }
    let stage = Stage::plain(name, options);
    let everybody = fs::Permissions::from_mode(0o1777);
    fs::set_permissions(stage.export(), everybody).expect("it is ours");
    for (name, owner, group, mode) in [
        ("root", 0, 0, 0o600),
        ("alice", 1001, 1001, 0o600),
        ("group", 1002, 1003, 0o640),
        ("readable", 1001, 1001, 0o444),
        ("runnable", 0, 0, 0o711),
    ] {
        let path = stage.export().join(name);
        fs::write(&path, name).expect("it can be written");
        chown(&path, Some(owner), Some(group)).expect("we are root");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("we are root");
    }
    Some(stage)
}

#[test]
fn callers_are_who_they_claim_to_be_and_root_is_nobody() {
    let test = "callers_are_who_they_claim_to_be_and_root_is_nobody";
    let Some(stage) = stage(test, "squash-root", &["--squash", "root"]) else {
        return;
    };
    let alice = Raw::claiming(&stage, 1001, 1001, &[]);
    let bob = Raw::claiming(&stage, 1004, 1004, &[1003]);
    let root = Raw::claiming(&stage, 0, 0, &[0]);
    let unknown = Raw::new(&stage);
    let highest = Raw::claiming(&stage, u32::MAX, 1001, &[]);
    let in_highest = Raw::claiming(&stage, 1001, u32::MAX, &[]);
    let all = [&alice, &bob, &root, &unknown];
    for (name, readers) in [
        ("root", [false, false, false, false]),
        ("alice", [true, false, false, false]),
        ("group", [false, true, false, false]),
        ("readable", [true, true, true, true]),
        ("runnable", [true, true, true, true]),
    ] {
        for (raw, reads) in all.into_iter().zip(readers) {
            let file = raw
                .lookup(&raw.root, name.as_bytes())
                .expect("all may look");
            let read = raw.read(&file, 0, 100).map(|(data, _)| data);
            let expected = if reads { Ok(name.into()) } else { Err(DENIED) };
            assert_eq!(read, expected, "{name}");
            // To run a file is not to be allowed to read it; the server only takes one for the other.
            let runs = name == "runnable";
            let bits = raw.access(&file, READS).expect("an answer");
            assert_eq!(bits == READS, reads && !runs, "{name}");
        }
    }
    for (raw, owner) in [
        (&alice, 1001),
        (&bob, 1004),
        (&root, 65_534),
        (&unknown, 65_534),
        // To the system this number says "leave it as it is": root.
        (&highest, 65_534),
        (&in_highest, 65_534),
    ] {
        let name = format!("of{owner}");
        // Others who are nobody find the file of the first.
        let how = Createhow3::Unchecked(Createmode3::Unchecked, USUAL);
        raw.create(&raw.root, name.as_bytes(), how)
            .expect("all may");
        let made = fs::metadata(stage.export().join(&name)).expect("it is there");
        assert_eq!((made.uid(), made.gid()), (owner, owner));
    }
    // The directory is sticky: a file is removed by its owner only.
    let denied = bob.remove(&bob.root, b"alice");
    assert_eq!(denied, Err(Nfsstat3::Nfs3ErrPerm));
    alice.remove(&alice.root, b"alice").expect("it is hers");
}

#[test]
fn what_is_not_ones_own_is_not_changed() {
    let test = "what_is_not_ones_own_is_not_changed";
    let Some(stage) = stage(test, "owners", &["--squash", "none"]) else {
        return;
    };
    let alice = Raw::claiming(&stage, 1001, 1001, &[]);
    let bob = Raw::claiming(&stage, 1004, 1004, &[1003]);
    let root = Raw::claiming(&stage, 0, 0, &[]);
    let file = alice.lookup(&alice.root, b"readable").expect("it is there");
    let mode = |mode| Sattr3 {
        mode: Some(mode),
        ..USUAL
    };
    let owner = |uid| Sattr3 {
        uid: Some(uid),
        ..USUAL
    };
    let denied = Err(Nfsstat3::Nfs3ErrPerm);
    assert_eq!(bob.setattr(&file, mode(0o666), None).map(drop), denied);
    assert_eq!(alice.setattr(&file, owner(1004), None).map(drop), denied);
    assert_eq!(alice.access(&file, CHANGES), Ok(0));
    assert_eq!(root.access(&file, CHANGES), Ok(CHANGES));
    // A client that may write has asked when the file was opened, as it was then.
    let written = |raw: &Raw| raw.write(&file, 0, b"R", StableHow::Unstable).map(drop);
    assert_eq!(written(&bob), Err(DENIED));
    assert_eq!(written(&alice), Ok(()));
    alice.setattr(&file, mode(0o604), None).expect("it is hers");
    root.setattr(&file, owner(1004), None).expect("root may");
    assert_eq!(written(&alice), Err(DENIED));
    assert_eq!(written(&bob), Ok(()));
    // What may be done with a directory is more, and with one's own is all of it.
    let (of_files, of_folders) = (ACCESS3_EXECUTE, ACCESS3_LOOKUP | ACCESS3_DELETE);
    let all = READS | CHANGES | of_files | of_folders;
    assert_eq!(alice.access(&alice.root, all), Ok(all & !of_files));
    let runnable = alice.lookup(&alice.root, b"runnable").expect("it is there");
    assert_eq!(alice.access(&runnable, all), Ok(of_files));
    assert_eq!(root.access(&runnable, all), Ok(all & !of_folders));
    // A directory that may not be entered, but by its owner.
    let closed = bob.mkdir(&bob.root, b"closed").expect("all may");
    bob.setattr(&closed, mode(0o700), None).expect("it is his");
    bob.create_new(&closed, b"file").expect("it is his");
    assert_eq!(alice.lookup(&closed, b"file").map(drop), Err(DENIED));
    assert_eq!(
        alice.readdir(&closed, (0, [0; 8]), 4096).map(drop),
        Err(DENIED)
    );
    assert_eq!(alice.create_new(&closed, b"new").map(drop), Err(DENIED));
    // Nor is it told what is in there.
    for name in [&b"file"[..], b"none"] {
        let moved = alice.rename((&closed, name), (&alice.root, b"new"));
        assert_eq!(moved, Err(DENIED));
    }
}

#[test]
fn all_callers_are_one_user_if_that_is_wanted() {
    let test = "all_callers_are_one_user_if_that_is_wanted";
    let Some(stage) = stage(test, "squash-all", &["--anonymous", "1001:1003"]) else {
        return;
    };
    for (raw, turn) in [
        (Raw::new(&stage), "1"),
        (Raw::claiming(&stage, 0, 0, &[0]), "2"),
        (Raw::claiming(&stage, 1004, 1004, &[]), "3"),
    ] {
        let name = format!("new{turn}");
        raw.create_new(&raw.root, name.as_bytes()).expect("all may");
        let made = fs::metadata(stage.export().join(&name)).expect("it is there");
        assert_eq!((made.uid(), made.gid()), (1001, 1003));
        for (name, reads) in [("root", false), ("alice", true), ("group", true)] {
            let file = raw
                .lookup(&raw.root, name.as_bytes())
                .expect("all may look");
            assert_eq!(raw.read(&file, 0, 100).is_ok(), reads, "{name}");
        }
    }
}

#[test]
fn who_is_not_said_to_be_root_is_not() {
    let test = "who_is_not_said_to_be_root_is_not";
    let Some(stage) = stage(test, "not-root", &[]) else {
        return;
    };
    for raw in [Raw::new(&stage), Raw::claiming(&stage, 0, 0, &[0])] {
        let file = raw.lookup(&raw.root, b"root").expect("all may look");
        assert_eq!(raw.read(&file, 0, 100).map(drop), Err(DENIED));
    }
    let raw = Raw::new(&stage);
    let program = Sattr3 {
        mode: Some(0o4755),
        ..USUAL
    };
    let how = Createhow3::Unchecked(Createmode3::Guarded, program);
    raw.create(&raw.root, b"new", how).expect("all may");
    let made = fs::metadata(stage.export().join("new")).expect("it is there");
    assert_eq!((made.uid(), made.gid()), (65_534, 65_534));
}

#[test]
fn a_program_that_is_changed_by_another_loses_its_owners_rights() {
    let test = "a_program_that_is_changed_by_another_loses_its_owners_rights";
    let Some(stage) = stage(test, "set-user-id", &["--squash", "root"]) else {
        return;
    };
    let other = Raw::claiming(&stage, 1000, 1000, &[]);
    let emptied = Sattr3 {
        size: Some(0),
        ..USUAL
    };
    let write = |file: &NfsFh3| {
        let written = other.write(file, 0, b"code", StableHow::Unstable);
        written.map(drop)
    };
    let cut = |file: &NfsFh3| other.setattr(file, emptied.clone(), None).map(drop);
    let take = |_: &NfsFh3| {
        let how = Createhow3::Unchecked(Createmode3::Unchecked, emptied.clone());
        other.create(&other.root, b"program", how).map(drop)
    };
    let ways: [(&str, Way<'_>); 3] = [("write", &write), ("truncate", &cut), ("create", &take)];
    let path = stage.export().join("program");
    for (way, change) in ways {
        fs::write(&path, "program").expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o6777)).expect("it is ours");
        let file = other.lookup(&other.root, b"program").expect("all may");
        assert_eq!(change(&file), Ok(()), "{way}");
        let mode = fs::metadata(&path).expect("it is there").mode();
        assert_eq!(mode & 0o7777, 0o777, "{way}");
    }
}
