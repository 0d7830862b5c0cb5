//! How long a handle is good for.

use crate::contract::nfs3::*;
use crate::raw::{Raw, USUAL};
use crate::stage::Stage;
use std::fs;
use std::sync::Barrier;
use std::thread;

/// So often two callers meet.
const TURNS: usize = 500;
const STALE: Nfsstat3 = Nfsstat3::Nfs3ErrStale;

#[test]
fn handles_outlive_the_server() {
    let mut stage = Stage::new("lives", &[]);
    let raw = Raw::new(&stage);
    let outer = raw.mkdir(&raw.root, b"outer").expect("a new directory");
    let inner = raw.mkdir(&outer, b"inner").expect("a new directory");
    let file = raw.create_new(&inner, b"file").expect("a new file");
    let gone = raw.create_new(&inner, b"gone").expect("a new file");
    let stable = StableHow::FileSync;
    raw.write(&file, 0, b"text", stable).expect("it is written");
    let before = [&raw.root, &outer, &inner, &file].map(|file| raw.getattr(file));

    stage.kill();
    fs::remove_file(stage.export().join("outer/inner/gone")).expect("it can be removed");
    // Where nobody saw it.
    fs::rename(
        stage.export().join("outer/inner"),
        stage.export().join("elsewhere"),
    )
    .expect("it can be moved");
    stage.start();
    let again = Raw::new(&stage);
    assert_eq!(again.root, raw.root);
    assert_eq!(again.getattr(&gone), Err(STALE));
    assert_eq!(again.read(&file, 0, 100), Ok((b"text".to_vec(), true)));
    assert_eq!(again.lookup(&inner, b"file"), Ok(file.clone()));
    for (handle, before) in [&raw.root, &outer, &inner, &file].into_iter().zip(before) {
        let now = again.getattr(handle).expect("it is there");
        assert_eq!(Ok(now.fileid), before.map(|before| before.fileid));
    }
}

#[test]
fn a_handle_is_of_a_file_and_not_of_a_name() {
    let stage = Stage::new("stale", &[]);
    let raw = Raw::new(&stage);
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    raw.rename((&raw.root, b"file"), (&raw.root, b"other"))
        .expect("it is renamed");
    assert!(raw.getattr(&file).is_ok());
    let new = raw.create_new(&raw.root, b"file").expect("a new file");
    assert_ne!(new, file);
    raw.rename((&raw.root, b"file"), (&raw.root, b"other"))
        .expect("it is replaced");
    assert_eq!(raw.getattr(&file), Err(STALE));
    assert_eq!(raw.lookup(&raw.root, b"other").as_ref(), Ok(&new));
    raw.remove(&raw.root, b"other").expect("it is removed");
    assert_eq!(raw.getattr(&new), Err(STALE));
    // The number of the inode is likely to be used again, and the handle is not.
    let next = raw.create_new(&raw.root, b"other").expect("a new file");
    assert_ne!(next, new);
    assert_eq!(raw.getattr(&new), Err(STALE));
    let written = raw.write(&new, 0, b"x", StableHow::Unstable);
    assert_eq!(written.map(drop), Err(STALE));
    assert_eq!(raw.setattr(&new, USUAL, None).map(drop), Err(STALE));
    assert_eq!(raw.commit(&new).map(drop), Err(STALE));
    assert_eq!(raw.access(&new, 0x3f), Err(STALE));
}

#[test]
fn a_file_with_two_names_loses_one_of_them() {
    let stage = Stage::new("two-names", &[]);
    let raw = Raw::new(&stage);
    let inner = raw.mkdir(&raw.root, b"inner").expect("a new directory");
    let file = raw.create_new(&raw.root, b"first").expect("a new file");
    raw.link(&file, &inner, b"second").expect("a second name");
    let links = |raw: &Raw| raw.getattr(&file).map(|found| found.nlink);
    assert_eq!(links(&raw), Ok(2));
    raw.remove(&raw.root, b"first").expect("it is removed");
    assert_eq!(links(&raw), Ok(1));
    assert_eq!(raw.lookup(&inner, b"second").as_ref(), Ok(&file));
    raw.remove(&inner, b"second").expect("it is removed");
    assert_eq!(links(&raw), Err(STALE));
}

#[test]
fn a_file_that_gets_a_name_while_it_loses_another_is_there() {
    let stage = Stage::new("beside", &[]);
    let raw = Raw::new(&stage);
    let from = raw.mkdir(&raw.root, b"from").expect("a new directory");
    let to = raw.mkdir(&raw.root, b"to").expect("a new directory");
    let remover = Raw::new(&stage);
    let start = Barrier::new(2);
    for turn in 0..TURNS {
        let file = raw.create_new(&from, b"file").expect("a new file");
        let linked = thread::scope(|scope| {
            let link = scope.spawn(|| {
                start.wait();
                raw.link(&file, &to, b"file")
            });
            start.wait();
            remover.remove(&from, b"file").expect("it is there");
            link.join().expect("the thread ends")
        });
        let found = raw.getattr(&file).map(|found| found.nlink);
        assert_eq!(found, linked.and(Ok(1)), "turn {turn}");
        if linked.is_ok() {
            raw.remove(&to, b"file").expect("it is there");
        }
    }
}

#[test]
fn a_directory_takes_what_is_in_it_along() {
    let stage = Stage::new("moved", &[]);
    let raw = Raw::new(&stage);
    let from = raw.mkdir(&raw.root, b"from").expect("a new directory");
    let to = raw.mkdir(&raw.root, b"to").expect("a new directory");
    let moved = raw.mkdir(&from, b"moved").expect("a new directory");
    let file = raw.create_new(&moved, b"file").expect("a new file");
    raw.rename((&from, b"moved"), (&to, b"new"))
        .expect("it is moved");
    assert!(raw.getattr(&file).is_ok());
    assert_eq!(raw.lookup(&moved, b"..").as_ref(), Ok(&to));
    let into_itself = raw.rename((&to, b"new"), (&moved, b"deeper"));
    assert_eq!(into_itself, Err(Nfsstat3::Nfs3ErrInval));
}
