//! Directories that are listed in parts while others change them.

use crate::contract::nfs3::*;
use crate::raw::{Raw, handle};
use crate::stage::Stage;
use rpc_core::xdr::{self, Encode};
use std::collections::BTreeMap;
use std::fs;

/// So many bytes hold some five entries.
const SMALL: u32 = 300;
const SMALL_PLUS: u32 = 1000;

/// One part of a list: names and cookies, the verifier, and whether it is the last.
type Part = (Vec<(String, u64)>, Cookieverf3, bool);

#[test]
fn a_list_has_what_stays_once_and_what_goes_not_again() {
    for (name, part) in [
        ("list", readdir as fn(&Raw, u64, Cookieverf3) -> Part),
        ("list-plus", readdirplus),
    ] {
        let mut stage = Stage::new(name, &[]);
        for number in 0..300 {
            let file = stage.export().join(format!("file{number}"));
            fs::write(file, "").expect("it can be written");
        }
        let mut raw = Raw::new(&stage);
        let (mut seen, mut removed) = (BTreeMap::new(), BTreeMap::new());
        let (mut cookie, mut verifier, mut parts) = (0, [0; 8], 0_u32);
        loop {
            let (entries, cookieverf, last) = part(&raw, cookie, verifier);
            verifier = cookieverf;
            for (name, next) in entries {
                cookie = next;
                assert!(!removed.contains_key(&name), "{name} is gone and listed");
                *seen.entry(name).or_insert(0) += 1;
            }
            if last {
                break;
            }
            parts += 1;
            // One that was listed, one that may come, and one that comes new.
            let listed = seen.keys().rfind(|name| name.starts_with("file"));
            let listed = listed.expect("a part holds an entry").clone();
            for name in [listed, format!("file{parts}")] {
                if raw.remove(&raw.root, name.as_bytes()).is_ok() {
                    let before = seen.get(&name).copied().unwrap_or(0);
                    removed.insert(name, before);
                }
            }
            let new = format!("new{parts}");
            raw.create_new(&raw.root, new.as_bytes())
                .expect("a new file");
            if parts == 5 {
                // Cookies outlive the server too.
                stage.restart();
                raw = Raw::new(&stage);
            }
        }
        assert!(parts > 20, "{parts} parts");
        assert!(removed.len() > 20, "{removed:?}");
        for number in 0..300 {
            let name = format!("file{number}");
            let times = removed.get(&name).map_or(1, |before| *before);
            assert_eq!(seen.get(&name).copied().unwrap_or(0), times, "{name}");
        }
        assert_eq!((seen["."], seen[".."]), (1, 1));
        assert!(seen.values().all(|&times| times == 1), "{seen:?}");
    }
}

#[test]
fn entries_come_with_what_lookup_and_getattr_say_of_them() {
    let stage = Stage::new("plus", &[]);
    let raw = Raw::new(&stage);
    let inner = raw.mkdir(&raw.root, b"inner").expect("a new directory");
    let file = raw.create_new(&inner, b"file").expect("a new file");
    let odd = raw
        .create_new(&inner, &[0xff, b' ', b'\n'])
        .expect("any bytes");
    let listed = raw.readdirplus(&inner, (0, [0; 8]), 4096).expect("a list");
    assert!(listed.reply.eof);
    let mut expected = BTreeMap::from([
        (b".".to_vec(), inner.clone()),
        (b"..".to_vec(), raw.root.clone()),
        (b"file".to_vec(), file),
        (vec![0xff, b' ', b'\n'], odd),
    ]);
    for entry in listed.reply.entries {
        let file = expected
            .remove(&entry.name)
            .expect("an entry that is there");
        let attributes = raw.getattr(&file).expect("it is there");
        assert_eq!(entry.fileid, attributes.fileid);
        assert_eq!(entry.name_handle, Some(file));
        assert_eq!(entry.name_attributes, Some(attributes));
    }
    assert!(expected.is_empty(), "{expected:?}");
}

#[test]
fn a_list_that_cannot_be_given_is_refused() {
    let stage = Stage::new("refused-lists", &[]);
    let raw = Raw::new(&stage);
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    let inner = raw.mkdir(&raw.root, b"inner").expect("a new directory");
    let (root, start) = (&raw.root, (0, [0; 8]));
    let verifier = raw.readdir(root, start, 4096).expect("a list").cookieverf;
    let other = raw.readdir(&inner, start, 4096).expect("a list").cookieverf;
    assert_ne!(verifier, other);
    let foreign = handle(&[1, 2, 3]);
    let (bad, small) = (Nfsstat3::Nfs3ErrBadCookie, Nfsstat3::Nfs3ErrToosmall);
    for (directory, from, room, refusal) in [
        (root, (1, [0; 8]), 4096, bad),
        (root, (1, other), 4096, bad),
        (root, start, 0, small),
        (root, start, 120, small),
        (&file, start, 4096, Nfsstat3::Nfs3ErrNotdir),
        (&foreign, start, 4096, Nfsstat3::Nfs3ErrBadhandle),
    ] {
        let plain = raw.readdir(directory, from, room);
        assert_eq!(plain.map(drop), Err(refusal), "{from:?} {room}");
        let plus = raw.readdirplus(directory, from, room);
        assert_eq!(plus.map(drop), Err(refusal), "{from:?} {room}");
    }
    let rest = raw
        .readdir(root, (u64::MAX, verifier), 4096)
        .expect("no more");
    assert!(rest.reply.eof && rest.reply.entries.is_empty());
}

#[test]
fn a_part_has_as_much_as_was_asked_for() {
    let stage = Stage::new("sizes", &[]);
    for length in 1..40 {
        let file = stage.export().join("x".repeat(length));
        fs::write(file, "").expect("it can be written");
    }
    let raw = Raw::new(&stage);
    let (root, start) = (&raw.root, (0, [0; 8]));
    for room in (200..1_500).step_by(51) {
        let part = raw.readdir(root, start, room).expect("a part of the list");
        let last = part.reply.entries.last().expect("it has entries").cookie;
        let rest = raw.readdir(root, (last, part.cookieverf), 8192);
        let rest = rest.expect("the rest of the list").reply.entries;
        check_size(&part, rest.first(), room);
    }
    for room in (300..6_000).step_by(99) {
        let part = raw.readdirplus(root, start, room).expect("a part");
        let last = part.reply.entries.last().expect("it has entries").cookie;
        let rest = raw.readdirplus(root, (last, part.cookieverf), 1 << 15);
        let rest = rest.expect("the rest of the list").reply.entries;
        check_size(&part, rest.first(), room);
    }
}

/// The next entry, behind the word that says that there is one, would not have fitted.
fn check_size(part: &impl Encode, next: Option<&impl Encode>, room: u32) {
    let bytes = |value: Vec<u8>| u32::try_from(value.len()).expect("it is short");
    let size = bytes(xdr::to_vec(part).expect("it has an encoding"));
    assert!(size <= room, "{size} bytes in {room}");
    if let Some(next) = next {
        let next = 4 + bytes(xdr::to_vec(next).expect("it has an encoding"));
        assert!(size + next > room, "{size} and {next} bytes in {room}");
    }
}

#[test]
fn the_room_for_names_is_kept_beside_that_for_all() {
    let stage = Stage::new("names-alone", &[]);
    for number in 0..20 {
        let file = stage.export().join(format!("file{number:04}"));
        fs::write(file, "").expect("it can be written");
    }
    let raw = Raw::new(&stage);
    // The numbers, the names and the cookies: 24 bytes each of "." and "..", and 28 of the others.
    for (dircount, entries) in [
        (0, 1),
        (23, 1),
        (24, 1),
        (47, 1),
        (48, 2),
        (75, 2),
        (76, 3),
        (48 + 28 * 20, 22),
    ] {
        let args = Readdirplus3args {
            dir: raw.root.clone(),
            cookie: 0,
            cookieverf: [0; 8],
            dircount,
            maxcount: 1 << 15,
        };
        let part = raw.nfs.nfsproc3_readdirplus(args).wait();
        let Readdirplus3res::Nfs3Ok(part) = part.expect("an answer") else {
            panic!("{dircount} bytes are refused")
        };
        let found = (part.reply.entries.len(), part.reply.eof);
        assert_eq!(found, (entries, entries == 22), "{dircount}");
    }
}

fn readdir(raw: &Raw, cookie: u64, verifier: Cookieverf3) -> Part {
    let part = raw.readdir(&raw.root, (cookie, verifier), SMALL);
    let part = part.expect("the list goes on");
    let entries = part.reply.entries.into_iter();
    let entries = entries.map(|entry| (text(entry.name), entry.cookie));
    (entries.collect(), part.cookieverf, part.reply.eof)
}

fn readdirplus(raw: &Raw, cookie: u64, verifier: Cookieverf3) -> Part {
    let part = raw.readdirplus(&raw.root, (cookie, verifier), SMALL_PLUS);
    let part = part.expect("the list goes on");
    let entries = part.reply.entries.into_iter();
    let entries = entries.map(|entry| (text(entry.name), entry.cookie));
    (entries.collect(), part.cookieverf, part.reply.eof)
}

fn text(name: Vec<u8>) -> String {
    String::from_utf8(name).expect("the names here are text")
}
