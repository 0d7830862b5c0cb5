//! Files with several names, names that take the place of others, and names of any bytes.

use crate::contract::nfs3::*;
use crate::raw::{Raw, USUAL};
use crate::stage::Stage;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

const STALE: Nfsstat3 = Nfsstat3::Nfs3ErrStale;

#[test]
fn a_file_that_takes_its_own_place_stays_as_it_is() {
    let stage = Stage::new("itself", &[]);
    let raw = Raw::new(&stage);
    let root = &raw.root;
    let file = raw.create_new(root, b"file").expect("a new file");
    raw.link(&file, root, b"twin").expect("a second name");
    let folder = raw.mkdir(root, b"folder").expect("a new directory");
    for (from, to) in [
        ("file", "file"),
        ("file", "twin"),
        ("twin", "file"),
        ("folder", "folder"),
    ] {
        let renamed = raw.rename((root, from.as_bytes()), (root, to.as_bytes()));
        assert_eq!(renamed, Ok(()), "{from} {to}");
        assert_eq!(raw.getattr(&file).map(|found| found.nlink), Ok(2));
        for name in ["file", "twin"] {
            let found = raw.lookup(root, name.as_bytes());
            assert_eq!(found.as_ref(), Ok(&file), "{from} {to}");
        }
        assert!(raw.getattr(&folder).is_ok(), "{from} {to}");
    }
}

#[test]
fn what_is_replaced_is_gone_and_what_replaces_it_is_the_same() {
    let stage = Stage::new("replaced", &[]);
    let raw = Raw::new(&stage);
    let root = &raw.root;
    let old = raw.mkdir(root, b"old").expect("a new directory");
    let new = raw.mkdir(root, b"new").expect("a new directory");
    let within = raw.create_new(&new, b"file").expect("a new file");
    raw.rename((root, b"new"), (root, b"old"))
        .expect("it is empty");
    assert_eq!(raw.getattr(&old), Err(STALE));
    assert_eq!(raw.create_new(&old, b"late"), Err(STALE));
    assert_eq!(raw.lookup(root, b"old").as_ref(), Ok(&new));
    assert!(raw.getattr(&within).is_ok());
    // One of two names is replaced: the file has the other.
    let twin = raw.create_new(root, b"a").expect("a new file");
    raw.link(&twin, &new, b"b").expect("a second name");
    raw.rename((&new, b"file"), (&new, b"b"))
        .expect("it is replaced");
    assert_eq!(raw.getattr(&twin).map(|found| found.nlink), Ok(1));
    assert_eq!(raw.lookup(&new, b"b").as_ref(), Ok(&within));
}

#[test]
fn a_link_to_a_symbolic_link_is_one_more_name_of_that() {
    let stage = Stage::new("link-of-link", &[]);
    let outside = stage.beside("outside");
    fs::write(&outside, "secret").expect("it can be written");
    symlink(&outside, stage.export().join("door")).expect("a link");
    let raw = Raw::new(&stage);
    let door = raw.lookup(&raw.root, b"door").expect("it is there");
    raw.link(&door, &raw.root, b"other").expect("a second name");
    assert_eq!(raw.lookup(&raw.root, b"other").as_ref(), Ok(&door));
    let found = raw.getattr(&door).expect("it is there");
    assert_eq!((found.r#type, found.nlink), (Ftype3::Nf3Lnk, 2));
    // What is set is set of the link.
    let wanted = Sattr3 {
        mode: Some(0o777),
        mtime: SetMtime::Default(TimeHow::SetToServerTime),
        ..USUAL
    };
    let before = fs::metadata(&outside).expect("it is there");
    raw.setattr(&door, wanted, None).expect("the times are set");
    let after = fs::metadata(&outside).expect("it is there");
    assert_eq!((after.nlink(), after.mode()), (1, before.mode()));
    let times = |of: &fs::Metadata| (of.mtime(), of.mtime_nsec());
    assert_eq!(times(&after), times(&before));
}

#[test]
fn a_name_is_any_bytes() {
    let stage = Stage::new("bytes", &[]);
    let raw = Raw::new(&stage);
    let root = &raw.root;
    // All but 0 and the slash, and the longest that there are.
    let every: Vec<u8> = (1..=255).filter(|byte| *byte != b'/').collect();
    let names = [every, vec![0xff; 255], b"...".to_vec(), b" ".to_vec()];
    for name in &names {
        let file = raw.create_new(root, name).expect("a new file");
        assert_eq!(raw.lookup(root, name).as_ref(), Ok(&file));
    }
    let listed = raw.readdir(root, (0, [0; 8]), 8192).expect("a list");
    let listed = listed.reply.entries.into_iter().map(|entry| entry.name);
    let mut listed: Vec<_> = listed
        .filter(|name| *name != b"." && *name != b"..")
        .collect();
    listed.sort();
    let mut expected = names.to_vec();
    expected.sort();
    assert_eq!(listed, expected);
    for name in &names {
        raw.rename((root, name), (root, b"other"))
            .expect("it is there");
        raw.remove(root, b"other").expect("it is there");
    }
}

#[test]
fn a_hole_is_read_as_zeros_up_to_its_end() {
    let stage = Stage::new("hole", &[]);
    let raw = Raw::new(&stage);
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    let far = 1 << 40;
    let written = raw.write(&file, far, b"x", StableHow::FileSync);
    assert_eq!(written.map(|written| written.count), Ok(1));
    for (offset, count, data, eof) in [
        (0, 3, &[0, 0, 0][..], false),
        (far - 2, 2, &[0, 0], false),
        (far - 2, 3, &[0, 0, b'x'], true),
        (far, 100, b"x", true),
        (far + 1, 100, b"", true),
    ] {
        let read = raw.read(&file, offset, count);
        assert_eq!(read, Ok((data.to_vec(), eof)), "{offset} {count}");
    }
    let found = raw.getattr(&file).expect("it is there");
    assert_eq!(found.size, far + 1);
    assert!(found.used < 1 << 20, "{} bytes are used", found.used);
}
