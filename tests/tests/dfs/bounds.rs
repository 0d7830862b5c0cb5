//! What nobody gets by any name, link or handle: a file outside of the export.

use crate::contract::nfs3::*;
use crate::raw::{Raw, USUAL, handle, mount};
use crate::stage::Stage;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

#[test]
fn a_name_that_leads_elsewhere_is_refused_by_every_procedure() {
    let stage = Stage::new("names", &[]);
    fs::write(stage.beside("secret"), "secret").expect("it can be written");
    let raw = Raw::new(&stage);
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    let names: [&[u8]; 7] = [
        b"",
        b"/",
        b"../secret",
        b"a/b",
        b"/etc/passwd",
        b"file\0",
        b"./file",
    ];
    for name in names {
        let shown = String::from_utf8_lossy(name);
        let root = &raw.root;
        let refused = Err(Nfsstat3::Nfs3ErrAcces);
        let pipe = Mknoddata3::Nf3Sock(Ftype3::Nf3Fifo, USUAL);
        assert_eq!(raw.lookup(root, name).map(drop), refused, "{shown}");
        assert_eq!(raw.create_new(root, name).map(drop), refused, "{shown}");
        assert_eq!(raw.mkdir(root, name).map(drop), refused, "{shown}");
        assert_eq!(raw.symlink(root, name, b"x").map(drop), refused, "{shown}");
        assert_eq!(raw.mknod(root, name, pipe).map(drop), refused, "{shown}");
        assert_eq!(raw.remove(root, name), refused, "{shown}");
        assert_eq!(raw.rmdir(root, name), refused, "{shown}");
        assert_eq!(raw.link(&file, root, name), refused, "{shown}");
        assert_eq!(
            raw.rename((root, b"file"), (root, name)),
            refused,
            "{shown}"
        );
        assert_eq!(raw.rename((root, name), (root, b"new")), refused, "{shown}");
    }
    assert_eq!(
        fs::read_dir(stage.export()).expect("it is there").count(),
        1
    );
    assert!(stage.beside("secret").exists());
}

#[test]
fn above_the_export_is_the_export() {
    let stage = Stage::new("above", &[]);
    let raw = Raw::new(&stage);
    let inner = raw.mkdir(&raw.root, b"inner").expect("a new directory");
    for (from, name) in [(&raw.root, &b".."[..]), (&raw.root, b"."), (&inner, b"..")] {
        assert_eq!(raw.lookup(from, name).as_ref(), Ok(&raw.root));
    }
    assert_eq!(raw.lookup(&inner, b"."), Ok(inner));
}

#[test]
fn no_symbolic_link_is_followed() {
    let stage = Stage::new("links", &[]);
    fs::create_dir(stage.beside("outside")).expect("it can be made");
    fs::write(stage.beside("outside/secret"), "secret").expect("it can be written");
    symlink(stage.beside("outside"), stage.export().join("door")).expect("a link");
    symlink("door/secret", stage.export().join("window")).expect("a link");
    let raw = Raw::new(&stage);
    let door = raw.lookup(&raw.root, b"door").expect("the link itself");
    let window = raw.lookup(&raw.root, b"window").expect("the link itself");
    let kind = |file| raw.getattr(file).map(|found| found.r#type);
    assert_eq!(kind(&door), Ok(Ftype3::Nf3Lnk));
    assert_eq!(raw.readlink(&window), Ok(b"door/secret".to_vec()));

    let no_directory = Err(Nfsstat3::Nfs3ErrNotdir);
    assert_eq!(raw.lookup(&door, b"secret").map(drop), no_directory);
    assert_eq!(raw.create_new(&door, b"new").map(drop), no_directory);
    assert_eq!(raw.remove(&door, b"secret"), no_directory);
    assert_eq!(
        raw.readdir(&door, (0, [0; 8]), 4096).map(drop),
        no_directory
    );
    let no_file = Err(Nfsstat3::Nfs3ErrInval);
    assert_eq!(raw.read(&window, 0, 100).map(drop), no_file);
    let written = raw.write(&window, 0, b"x", StableHow::Unstable);
    assert_eq!(written.map(drop), no_file);
    let emptied = Createhow3::Unchecked(
        Createmode3::Unchecked,
        Sattr3 {
            size: Some(0),
            ..USUAL
        },
    );
    let taken = raw.create(&raw.root, b"window", emptied);
    assert_eq!(taken.map(drop), Err(Nfsstat3::Nfs3ErrExist));
    let untouched = fs::read_to_string(stage.beside("outside/secret"));
    assert_eq!(untouched.expect("it can be read"), "secret");
}

#[test]
fn a_link_in_the_place_of_a_directory_leads_nowhere() {
    let stage = Stage::new("swapped", &[]);
    fs::create_dir(stage.beside("outside")).expect("it can be made");
    fs::write(stage.beside("outside/file"), "secret").expect("it can be written");
    let raw = Raw::new(&stage);
    let directory = raw.mkdir(&raw.root, b"directory").expect("a new directory");
    let file = raw.create_new(&directory, b"file").expect("a new file");

    let inside = stage.export().join("directory");
    fs::rename(&inside, stage.export().join("moved")).expect("it can be moved");
    symlink(stage.beside("outside"), &inside).expect("a link");
    // Both are still what they were, at another place.
    assert_eq!(raw.read(&file, 0, 100), Ok((Vec::new(), true)));
    assert_eq!(raw.lookup(&directory, b"file"), Ok(file.clone()));

    fs::rename(stage.export().join("moved"), stage.beside("moved")).expect("it can be moved");
    assert_eq!(raw.getattr(&directory), Err(Nfsstat3::Nfs3ErrStale));
    assert_eq!(raw.getattr(&file), Err(Nfsstat3::Nfs3ErrStale));
}

#[test]
fn only_the_export_and_what_is_in_it_can_be_mounted() {
    let stage = Stage::new("mounts", &[]);
    fs::create_dir_all(stage.export().join("a/b")).expect("it can be made");
    fs::write(stage.export().join("a/file"), "").expect("it can be written");
    fs::create_dir(stage.beside("export2")).expect("it can be made");
    symlink(stage.beside("export2"), stage.export().join("link")).expect("a link");
    let raw = Raw::new(&stage);
    let mounted = |below: &str| {
        let path = [stage.export().as_os_str().as_bytes(), below.as_bytes()].concat();
        mount(&stage, &path)
    };
    assert_eq!(mounted("").as_ref(), Ok(&raw.root));
    assert_eq!(mounted("/").as_ref(), Ok(&raw.root));
    let a = raw.lookup(&raw.root, b"a").expect("it is there");
    let b = raw.lookup(&a, b"b").expect("it is there");
    assert_eq!(mounted("/a//b/"), Ok(b));
    let (missing, denied, no_directory) = (2, 13, 20);
    for (below, refused) in [
        ("/missing", missing),
        ("2", denied),
        ("/..", denied),
        ("/a/../..", denied),
        ("/a/file", no_directory),
        ("/link", no_directory),
    ] {
        assert_eq!(mounted(below), Err(refused), "{below}");
    }
    assert_eq!(mount(&stage, b"/etc"), Err(13));
    assert_eq!(mount(&stage, b""), Err(13));
}

#[test]
fn a_handle_that_the_server_never_gave_out_is_refused() {
    let stage = Stage::new("forged", &[]);
    let raw = Raw::new(&stage);
    let real = raw.root.data.to_vec();
    let refused = Err(Nfsstat3::Nfs3ErrBadhandle);
    for byte in 0..real.len() {
        let mut forged = real.clone();
        forged[byte] ^= 1;
        assert_eq!(
            raw.getattr(&handle(&forged)).map(drop),
            refused,
            "byte {byte}"
        );
    }
    for length in [0, 1, 31, 33, 64] {
        let mut forged = real.clone();
        forged.resize(length, 0);
        let forged = handle(&forged);
        assert_eq!(raw.getattr(&forged).map(drop), refused, "{length} bytes");
    }
    let elsewhere = Stage::new("forged-2", &[]);
    let foreign = Raw::new(&elsewhere).root;
    assert_eq!(raw.getattr(&foreign).map(drop), refused);
}
