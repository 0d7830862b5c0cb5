//! Reading and writing.

use crate::contract::nfs3::*;
use crate::raw::Raw;
use crate::stage::Stage;
use std::fs;

#[test]
fn what_is_written_is_read() {
    let stage = Stage::new("pieces", &[]);
    let raw = Raw::new(&stage);
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    let most = raw
        .nfs
        .nfsproc3_fsinfo(Fsinfo3args {
            fsroot: raw.root.clone(),
        })
        .wait()
        .expect("an answer");
    let Fsinfo3res::Nfs3Ok(most) = most else {
        panic!("{most:?}")
    };
    assert_eq!((most.rtmax, most.wtmax), (1 << 20, 1 << 20));
    let can = FSF3_LINK | FSF3_SYMLINK | FSF3_HOMOGENEOUS | FSF3_CANSETTIME;
    assert_eq!(most.properties, can);
    let piece: Vec<u8> = (0..most.wtmax).map(|byte| (byte % 251) as u8).collect();
    let mut expected = vec![0; 5];
    for (turn, stable) in [
        StableHow::Unstable,
        StableHow::DataSync,
        StableHow::FileSync,
    ]
    .into_iter()
    .enumerate()
    {
        let offset = 5 + (turn * piece.len()) as u64;
        let written = raw
            .write(&file, offset, &piece, stable)
            .expect("it is written");
        assert_eq!((written.count, written.committed), (most.wtmax, stable));
        expected.extend(&piece);
        assert_eq!(written.file_wcc.after, raw.getattr(&file).ok());
    }
    assert_eq!(
        fs::read(stage.export().join("file")).expect("it is there"),
        expected
    );
    let end = expected.len() as u64;
    for (offset, count, length, eof) in [
        (0, 0, 0, false),
        (0, 5, 5, false),
        (3, 1 << 20, 1 << 20, false),
        // Not more than was said to be the most.
        (0, u32::MAX, 1 << 20, false),
        (end - 7, 7, 7, true),
        (end - 7, 100, 7, true),
        (end, 100, 0, true),
        (u64::MAX, 100, 0, true),
    ] {
        let (data, at_end) = raw.read(&file, offset, count).expect("it is read");
        assert_eq!((data.len(), at_end), (length, eof), "{offset} {count}");
        let from = usize::try_from(offset.min(end)).expect("a short file");
        assert!(data == expected[from..from + length], "{offset} {count}");
    }
}

#[test]
fn a_write_that_makes_no_sense_is_refused() {
    let stage = Stage::new("refused-writes", &[]);
    let raw = Raw::new(&stage);
    let file = raw.create_new(&raw.root, b"file").expect("a new file");
    let write = |offset, count, data: &[u8]| {
        let args = Write3args {
            file: file.clone(),
            offset,
            count,
            stable: StableHow::Unstable,
            data: data.to_vec(),
        };
        match raw.nfs.nfsproc3_write(args).wait().expect("an answer") {
            Write3res::Nfs3Ok(written) => Ok(written.count),
            Write3res::Default(status, _) => Err(status),
        }
    };
    for offset in [0, 1 << 63, u64::MAX] {
        assert_eq!(write(offset, 0, b""), Ok(0), "{offset}");
    }
    for (offset, count, refusal) in [
        (0, 2, Nfsstat3::Nfs3ErrInval),
        (0, 0, Nfsstat3::Nfs3ErrInval),
        (u64::MAX, 1, Nfsstat3::Nfs3ErrFbig),
        (1 << 63, 1, Nfsstat3::Nfs3ErrFbig),
        (i64::MAX as u64, 1, Nfsstat3::Nfs3ErrFbig),
    ] {
        assert_eq!(write(offset, count, b"x"), Err(refusal), "{offset} {count}");
    }
    assert_eq!(raw.getattr(&file).map(|found| found.size), Ok(0));
}

#[test]
fn the_write_verifier_changes_with_the_server() {
    let mut stage = Stage::new("verifier", &[]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let raw = Raw::new(&stage);
        let how = Createhow3::Exclusive([9; 8]);
        let (file, _) = raw.create(&raw.root, b"file", how).expect("a file");
        raw.write(&file, 0, b"", StableHow::Unstable)
            .expect("an answer");
        let mut verifiers = Vec::new();
        for _ in 0..3 {
            verifiers.push(raw.commit(&file).expect("it is kept").verf);
            let unstable = raw.write(&file, 0, b"", StableHow::Unstable);
            verifiers.push(unstable.expect("it is written").verf);
        }
        assert!(verifiers.windows(2).all(|pair| pair[0] == pair[1]));
        assert!(!seen.contains(&verifiers[0]), "{seen:?} {verifiers:?}");
        seen.push(verifiers[0]);
        stage.restart();
    }
}

#[test]
fn the_limits_are_those_of_the_disk() {
    let stage = Stage::new("limits", &[]);
    let raw = Raw::new(&stage);
    let fsroot = raw.root.clone();
    let space = raw.nfs.nfsproc3_fsstat(Fsstat3args { fsroot }).wait();
    let Fsstat3res::Nfs3Ok(space) = space.expect("an answer") else {
        panic!("it is refused")
    };
    assert!(space.tbytes >= space.fbytes && space.fbytes >= space.abytes);
    assert!(space.tbytes > 0);
    let object = raw.root.clone();
    let names = raw.nfs.nfsproc3_pathconf(Pathconf3args { object }).wait();
    let Pathconf3res::Nfs3Ok(names) = names.expect("an answer") else {
        panic!("it is refused")
    };
    assert_eq!((names.name_max, names.no_trunc), (255, true));
    assert_eq!(
        (names.case_insensitive, names.case_preserving),
        (false, true)
    );
}

#[test]
fn a_datagram_has_as_much_as_fits() {
    let stage = Stage::new("datagrams", &["--listen", "udp://127.0.0.1:0"]);
    let (most, files) = (32 << 10, 700);
    fs::write(stage.export().join("file"), vec![7; 100_000]).expect("it can be written");
    fs::create_dir(stage.export().join("folder")).expect("it can be made");
    for file in 0..files {
        let path = stage.export().join(format!("folder/{file:0100}"));
        fs::write(path, "").expect("it can be written");
    }
    let raw = Raw::by_datagrams(&stage);
    let file = raw.lookup(&raw.root, b"file").expect("it is there");
    let folder = raw.lookup(&raw.root, b"folder").expect("it is there");
    for count in [most, most + 1, 65_536, 1 << 20, u32::MAX] {
        let read = raw.read(&file, 0, count).expect("it is read");
        assert_eq!(read, (vec![7; most as usize], false), "{count}");
        let part = raw.readdir(&folder, (0, [0; 8]), count);
        let part = part.expect("a part of the list").reply;
        assert!(!part.eof && part.entries.len() > 200, "{count}");
        let part = raw.readdirplus(&folder, (0, [0; 8]), count);
        let part = part.expect("a part of the list").reply;
        assert!(!part.eof && part.entries.len() > 100, "{count}");
    }
}
