//! Calls that arrive twice, since their client did not hear the answer.

use crate::contract::nfs3::*;
use crate::raw::{Raw, place};
use crate::stage::Stage;
use rpc_core::xdr::{self, Encode};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

const REMOVE: u32 = 12;
const RENAME: u32 = 14;

/// A client that puts its messages together itself, so that it can send one again.
struct Wire(TcpStream);

impl Wire {
    fn new(stage: &Stage) -> Self {
        let address = stage.endpoint().trim_start_matches("tcp://");
        Self(TcpStream::connect(address).expect("the server is there"))
    }

    /// The status of the reply to a call.
    fn call(&mut self, xid: u32, procedure: u32, args: &impl Encode) -> u32 {
        // A call of RPC version 2, for NFS version 3, without credentials.
        let header = [xid, 0, 2, 100_003, 3, procedure, 0, 0, 0, 0];
        let mut message: Vec<u8> = header.into_iter().flat_map(u32::to_be_bytes).collect();
        message.extend(xdr::to_vec(args).expect("it has an encoding"));
        let mark = 0x8000_0000 | u32::try_from(message.len()).expect("it is short");
        let record = [&mark.to_be_bytes()[..], &message].concat();
        self.0.write_all(&record).expect("the server reads");
        let reply = self.reply();
        // The reply to this call, accepted, with an empty verifier, carried out.
        assert_eq!(reply[..6], [xid, 1, 0, 0, 0, 0]);
        reply[6]
    }

    fn reply(&mut self) -> Vec<u32> {
        let mut mark = [0; 4];
        self.0.read_exact(&mut mark).expect("the server answers");
        let length = u32::from_be_bytes(mark) & 0x7fff_ffff;
        let mut reply = vec![0; length as usize];
        self.0.read_exact(&mut reply).expect("the reply is whole");
        let words = reply.chunks_exact(4);
        words
            .map(|word| u32::from_be_bytes(word.try_into().expect("four bytes")))
            .collect()
    }
}

#[test]
fn a_repeated_remove_is_not_run_twice() {
    let stage = Stage::new("repeated", &[]);
    let raw = Raw::new(&stage);
    let file = stage.export().join("file");
    let object = place(&raw.root, b"file");
    let args = Remove3args { object };
    let mut wire = Wire::new(&stage);
    for xid in 100..110 {
        fs::write(&file, "").expect("it can be written");
        assert_eq!(wire.call(xid, REMOVE, &args), 0);
        assert_eq!(wire.call(xid, REMOVE, &args), 0, "as the first time");
        // Somebody else makes a file of this name: the third copy must not touch it.
        fs::write(&file, "").expect("it can be written");
        assert_eq!(wire.call(xid, REMOVE, &args), 0, "as the first time");
        assert!(file.exists());
    }
    fs::remove_file(&file).expect("it is there");
    let another = wire.call(110, REMOVE, &args);
    assert_eq!(another, Nfsstat3::Nfs3ErrNoent as u32);
}

#[test]
fn a_repeated_rename_is_not_run_twice() {
    let stage = Stage::new("renamed-again", &[]);
    let raw = Raw::new(&stage);
    let (from, to) = (place(&raw.root, b"from"), place(&raw.root, b"to"));
    let args = Rename3args { from, to };
    let at = |name: &str| stage.export().join(name);
    let mut wire = Wire::new(&stage);
    fs::write(at("from"), "first").expect("it can be written");
    assert_eq!(wire.call(7, RENAME, &args), 0);
    fs::write(at("from"), "second").expect("it can be written");
    assert_eq!(wire.call(7, RENAME, &args), 0, "as the first time");
    let texts = ["from", "to"].map(|name| fs::read_to_string(at(name)).expect("it is there"));
    assert_eq!(texts, ["second", "first"]);
    assert_eq!(wire.call(8, RENAME, &args), 0);
    assert!(!at("from").exists());
}
