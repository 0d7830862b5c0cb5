//! Who callers say they are (M-10, M-11).

use super::support::*;
use rpc_proto::message::{Auth, AuthStatus, Flavor, RejectStatus};

/// A body of AUTH_SYS: stamp 7, the machine `ab`, user 1000 and group 100, and these further groups.
fn body(gids: &[u32]) -> Vec<u8> {
    let mut words = vec![
        7,
        2,
        u32::from_be_bytes(*b"ab\0\0"),
        1000,
        100,
        gids.len() as u32,
    ];
    words.extend_from_slice(gids);
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The same with other bytes at one place.
fn changed(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut changed = body(&[27]);
    changed[at..at + bytes.len()].copy_from_slice(bytes);
    changed
}

/// What is said to a call with a credential of this flavour and body, and a verifier of that flavour.
type Row = (&'static str, Flavor, Vec<u8>, Flavor, Answer);

fn rows() -> Vec<Row> {
    let none = Flavor::NONE;
    let told = |text: &str| Answer::Bytes(text.as_bytes().to_vec());
    let denied = |status| Answer::Denied(RejectStatus::AuthError(status));
    let bad = || denied(AuthStatus::BadCredential);
    let sixteen: Vec<u32> = (1..=16).collect();
    vec![
        ("AUTH_NONE", none, vec![], none, told("nobody")),
        (
            "AUTH_NONE with bytes, which mean nothing",
            none,
            vec![1, 2, 3],
            none,
            told("nobody"),
        ),
        (
            "AUTH_SYS",
            Flavor::SYS,
            body(&[27, 0]),
            none,
            told("ab 1000 100 [27, 0]"),
        ),
        (
            "16 groups",
            Flavor::SYS,
            body(&sixteen),
            none,
            told(&format!("ab 1000 100 {sixteen:?}")),
        ),
        ("17 groups", Flavor::SYS, body(&[1; 17]), none, bad()),
        ("no body", Flavor::SYS, vec![], none, bad()),
        (
            "cut off",
            Flavor::SYS,
            body(&[27])[..24].to_vec(),
            none,
            bad(),
        ),
        (
            "more groups than there are",
            Flavor::SYS,
            changed(20, &[0, 0, 0, 2]),
            none,
            bad(),
        ),
        (
            "bytes left over",
            Flavor::SYS,
            [body(&[27]), vec![0; 4]].concat(),
            none,
            bad(),
        ),
        (
            "padding that is not zero",
            Flavor::SYS,
            changed(10, &[1]),
            none,
            bad(),
        ),
        (
            "a name that is not UTF-8",
            Flavor::SYS,
            changed(8, &[0xff]),
            none,
            bad(),
        ),
        (
            "a name of 256 bytes",
            Flavor::SYS,
            changed(4, &[0, 0, 1, 0]),
            none,
            bad(),
        ),
        (
            "a verifier that means nothing",
            Flavor::SYS,
            body(&[]),
            Flavor::SYS,
            denied(AuthStatus::BadVerifier),
        ),
        (
            "AUTH_SHORT",
            Flavor::SHORT,
            vec![1; 8],
            none,
            denied(AuthStatus::RejectedCredential),
        ),
        (
            "AUTH_DH",
            Flavor::DH,
            vec![0; 8],
            none,
            denied(AuthStatus::TooWeak),
        ),
        (
            "RPCSEC_GSS",
            Flavor::RPCSEC_GSS,
            vec![],
            none,
            denied(AuthStatus::TooWeak),
        ),
        (
            "an unknown flavour",
            Flavor(77),
            vec![],
            none,
            denied(AuthStatus::TooWeak),
        ),
    ]
}

#[test]
fn a_claim_is_read_strictly_and_other_flavours_are_refused() {
    let server = start(
        &Desk::default(),
        &["tcp://127.0.0.1:0", "udp://127.0.0.1:0"],
    );
    let mut stream = Caller::new(&server);
    let datagrams = DatagramCaller::new(address_of(&server.endpoints()[1]));
    for (name, flavor, body, verifier, expected) in rows() {
        let mut header = header(9, CLAIM);
        header.credential = Auth::new(flavor, &body).expect("short");
        header.verifier = Auth::new(verifier, &[]).expect("short");
        let message = raw_call(header, &[0; 4]);
        stream.send(&message);
        assert_eq!(stream.expect(), (9, expected.clone()), "{name}");
        datagrams.send(&message);
        assert_eq!(datagrams.expect(), (9, expected), "{name}, in a datagram");

        header.procedure = 0;
        stream.send(&raw_call(header, &[]));
        assert_eq!(
            stream.expect(),
            (9, Answer::Empty),
            "procedure 0 is for all (M-7): {name}"
        );
    }
}
