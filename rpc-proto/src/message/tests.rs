//! The rules M-… of `docs/protocol.md`. The expected bytes are written out by hand from RFC 5531, section 9.

use proptest::prelude::*;

use super::*;
use crate::xdr::DecodeProblem;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn call_header() -> CallHeader<'static> {
    CallHeader {
        xid: 0x11,
        program: 100_000,
        version: 2,
        procedure: 4,
        credential: Auth::new(Flavor(9), b"abcde").unwrap(),
        verifier: Auth::NONE,
    }
}

#[test]
fn m2_a_call_is_these_bytes() {
    let mut bytes = Vec::new();
    call_header().encode_into(&mut bytes);
    let expected = words(&[
        0x11,
        0,
        2,
        100_000,
        2,
        4,
        9,
        5,
        0x6162_6364,
        0x6500_0000,
        0,
        0,
    ]);
    assert_eq!(bytes, expected);
    assert_eq!(bytes.len(), call_header().encoded_len());

    bytes.extend_from_slice(b"args");
    let expected = Call {
        header: call_header(),
        args: b"args",
    };
    assert_eq!(Message::decode(&bytes), Ok(Message::Call(expected)));
}

/// Every status, as the words after the transaction id.
fn replies() -> Vec<(ReplyStatus<'static>, Vec<u32>)> {
    let verifier = Auth::new(Flavor(7), b"okay").unwrap();
    let accepted = |status, tail: &[u32]| {
        (
            ReplyStatus::Accepted { verifier, status },
            [&[1, 0, 7, 4, 0x6f6b_6179], tail].concat(),
        )
    };
    let denied = |status, tail: &[u32]| (ReplyStatus::Denied(status), [&[1, 1], tail].concat());
    let mut all = vec![
        accepted(AcceptStatus::Success, &[0]),
        accepted(AcceptStatus::ProgramUnavailable, &[1]),
        accepted(
            AcceptStatus::ProgramMismatch { low: 2, high: 4 },
            &[2, 2, 4],
        ),
        accepted(AcceptStatus::ProcedureUnavailable, &[3]),
        accepted(AcceptStatus::GarbageArgs, &[4]),
        accepted(AcceptStatus::SystemError, &[5]),
        denied(RejectStatus::RpcMismatch { low: 2, high: 2 }, &[0, 2, 2]),
    ];
    for (number, status) in (0..).zip(AuthStatus::ALL) {
        all.push(denied(RejectStatus::AuthError(*status), &[1, number]));
    }
    all
}

#[test]
fn m4_m5_m6_every_reply_status_is_these_bytes() {
    for (status, tail) in replies() {
        let header = ReplyHeader { xid: 5, status };
        let expected = words(&[&[5], tail.as_slice()].concat());
        let mut bytes = Vec::new();
        header.encode_into(&mut bytes);
        assert_eq!(bytes, expected, "{status:?}");
        assert_eq!(bytes.len(), header.encoded_len(), "{status:?}");
        assert_eq!(
            Message::decode(&bytes),
            Ok(Message::Reply(Reply {
                header,
                results: b""
            }))
        );
    }
}

#[test]
fn m4_only_a_success_has_results() {
    for (status, tail) in replies() {
        let bytes = words(&[&[5], tail.as_slice(), &[77]].concat());
        let decoded = Message::decode(&bytes);
        match status {
            ReplyStatus::Accepted {
                status: AcceptStatus::Success,
                ..
            } => {
                let Ok(Message::Reply(reply)) = decoded else {
                    panic!("{decoded:?}")
                };
                assert_eq!(reply.results, [0, 0, 0, 77]);
            }
            _ => assert!(
                matches!(
                    decoded,
                    Err(MessageError::Reply {
                        xid: 5,
                        problem: DecodeError {
                            what: DecodeProblem::Trailing { extra: 4 },
                            ..
                        },
                        ..
                    })
                ),
                "{status:?}: {decoded:?}"
            ),
        }
    }
}

#[test]
fn m1_m4_m5_m6_undeclared_discriminants_are_refused() {
    for (bytes, at, reply) in [
        (words(&[1, 2, 2, 0, 0, 0, 0, 0, 0, 0]), 4, None),
        (words(&[1, 1, 2, 0, 0]), 8, Some(false)),
        (words(&[1, 1, 0, 0, 0, 6]), 20, Some(false)),
        (words(&[1, 1, 1, 2]), 12, Some(true)),
        (words(&[1, 1, 1, 1, 15]), 16, Some(true)),
    ] {
        let refused = Message::decode(&bytes).unwrap_err();
        let (problem, what) = match refused {
            MessageError::Malformed(problem) => (problem, None),
            MessageError::Reply {
                xid: 1,
                denied,
                problem,
            } => (problem, Some(denied)),
            other => panic!("{other:?}"),
        };
        assert!(matches!(problem.what, DecodeProblem::Discriminant { .. }));
        assert_eq!((problem.at, what), (at, reply), "{refused:?}");
        assert_eq!(refused.reply(), None);
    }
}

#[test]
fn m3_authentication_has_at_most_400_bytes() {
    let longest = [7; 400];
    assert_eq!(
        Auth::new(Flavor::SYS, &[7; 401]),
        Err(AuthTooLong { length: 401 })
    );
    let header = CallHeader {
        credential: Auth::new(Flavor::SYS, &longest).unwrap(),
        ..call_header()
    };
    let mut bytes = Vec::new();
    header.encode_into(&mut bytes);
    assert_eq!(
        Message::decode(&bytes),
        Ok(Message::Call(Call { header, args: b"" }))
    );
}

#[test]
fn m9_what_can_be_answered_is_answered() {
    let denied = |status| {
        Some(ReplyHeader {
            xid: 8,
            status: ReplyStatus::Denied(status),
        })
    };
    let reply = |bytes: &[u8]| Message::decode(bytes).unwrap_err().reply();

    let version = words(&[8, 0, 3, 1, 1, 1, 0, 0, 0, 0]);
    assert_eq!(
        reply(&version),
        denied(RejectStatus::RpcMismatch { low: 2, high: 2 })
    );
    let credential = words(&[8, 0, 2, 1, 1, 1, 0, 401, 0, 0]);
    assert_eq!(
        reply(&credential),
        denied(RejectStatus::AuthError(AuthStatus::BadCredential))
    );
    let verifier = words(&[8, 0, 2, 1, 1, 1, 0, 0, 0, 401]);
    assert_eq!(
        reply(&verifier),
        denied(RejectStatus::AuthError(AuthStatus::BadVerifier))
    );
    let cut_off = words(&[8, 0, 2, 1, 1, 1, 0, 400, 0, 0]);
    assert_eq!(reply(&cut_off), None);
}

#[test]
fn no_prefix_of_a_header_is_a_header() {
    let mut bytes = Vec::new();
    call_header().encode_into(&mut bytes);
    for length in 0..bytes.len() {
        assert!(Message::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn debug_output_does_not_show_credentials() {
    let shown = format!("{:?}", Auth::new(Flavor(9), b"hidden").unwrap());
    assert_eq!(shown, "Auth(9, 6 bytes)");
}

fn encode(message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match message {
        Message::Call(call) => {
            call.header.encode_into(&mut out);
            out.extend_from_slice(call.args);
        }
        Message::Reply(reply) => {
            reply.header.encode_into(&mut out);
            out.extend_from_slice(reply.results);
        }
    }
    out
}

fn auth() -> impl Strategy<Value = (u32, Vec<u8>)> {
    (any::<u32>(), prop::collection::vec(any::<u8>(), 0..=400))
}

proptest! {
    #[test]
    fn m2_a_call_comes_back_as_it_was(
        [xid, program, version, procedure]: [u32; 4],
        (credential, verifier) in (auth(), auth()),
        args in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let header = CallHeader {
            xid,
            program,
            version,
            procedure,
            credential: Auth::new(Flavor(credential.0), &credential.1).unwrap(),
            verifier: Auth::new(Flavor(verifier.0), &verifier.1).unwrap(),
        };
        let message = Message::Call(Call { header, args: &args });
        let bytes = encode(&message);
        prop_assert_eq!(Message::decode(&bytes), Ok(message));
    }

    #[test]
    fn m4_a_success_comes_back_as_it_was(
        xid: u32,
        verifier in auth(),
        results in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let verifier = Auth::new(Flavor(verifier.0), &verifier.1).unwrap();
        let header = ReplyHeader::accepted(xid, verifier, AcceptStatus::Success);
        let message = Message::Reply(Reply { header, results: &results });
        let bytes = encode(&message);
        prop_assert_eq!(Message::decode(&bytes), Ok(message));
    }

    /// M-8, on bytes that are nearly messages: small words reach deep into the header.
    #[test]
    fn m8_an_accepted_message_is_the_encoding_of_what_it_gives(
        mut numbers in prop::collection::vec(0u32..8, 3..24),
        kind in 0u32..2,
    ) {
        numbers[1] = kind;
        if kind == 0 {
            numbers[2] = 2;
        }
        let bytes = words(&numbers);
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(encode(&message), bytes);
        }
    }
}
