//! As whom callers act.

use crate::contract::nfs3::*;
use crate::raw::{Raw, USUAL};
use crate::stage::Stage;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;

const DENIED: Nfsstat3 = Nfsstat3::Nfs3ErrAcces;
const READS: u32 = ACCESS3_READ;
const CHANGES: u32 = ACCESS3_MODIFY | ACCESS3_EXTEND;

/// Only root can act as others; none, if this process cannot.
fn stage(test: &str, name: &str, options: &[&str]) -> Option<Stage> {
    let id = Command::new("id").arg("-u").output().expect("id starts");
    if id.stdout != b"0\n" {
        testkit::skip(test, "only root can act as other users");
        return None;
    }
    let stage = Stage::new(name, options);
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
    ] {
        let name = format!("of{owner}");
        // The second one finds the file of the first, who is nobody too.
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
