//! `#[rpc]` on a small framework of the test's own: what the client encodes, the service decodes and answers.

#![allow(
    clippy::unwrap_used,
    reason = "a poisoned lock has failed the test already"
)]

#[path = "framework/mod.rs"]
mod framework;

use std::sync::Mutex;

use framework::{Client, Context, Effects, Recovery, ServeError, Service, serve};
use rpc_macros::{Xdr, rpc};
use rpc_proto::describe::{Semantics, Type};
use rpc_proto::xdr::{DecodeProblem, Decoder, Encode, Encoder, Limits};

#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Receipt {
    number: u64,
    text: String,
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
enum Refused {
    Empty,
    TooLong(u32),
}

type Outcome = Result<Receipt, Refused>;

/// A journal.
#[rpc(program = PROGRAM, version = 2, crate = crate::framework)]
trait Journal {
    /// Writes a line.
    #[rpc(exactly_once)]
    fn write(&self, cx: &Context, line: &str, bytes: &[u8]) -> Outcome;

    #[rpc(readonly, procedure = 7)]
    fn sum(&self, numbers: &[u32], plus: &Receipt, more: Option<u64>) -> u64;

    #[rpc(oneway)]
    fn note(&self, out: String);

    fn clear(&self);

    #[rpc(idempotent, procedure = 3, name = "class")]
    fn r#type(&self, reply: u32) -> Vec<u8>;
}

const PROGRAM: u32 = 0x2000_0001;

#[derive(Default)]
struct Book {
    lines: Mutex<Vec<String>>,
}

impl Journal for Book {
    fn write(&self, cx: &Context, line: &str, bytes: &[u8]) -> Outcome {
        match line.len() {
            0 => Err(Refused::Empty),
            1..=9 => Ok(Receipt {
                number: bytes.len() as u64,
                text: format!("{line} by {}", cx.caller),
            }),
            _ => Err(Refused::TooLong(line.len() as u32)),
        }
    }

    fn recover_write(&self, cx: &Context, line: &str, bytes: &[u8]) -> Recovery<Outcome> {
        match line {
            "lost" => Recovery::DidNot,
            "done" => Recovery::Did(self.write(cx, line, bytes)),
            _ => Recovery::CannotTell,
        }
    }

    fn sum(&self, numbers: &[u32], plus: &Receipt, more: Option<u64>) -> u64 {
        numbers.iter().map(|number| u64::from(*number)).sum::<u64>()
            + plus.number
            + more.unwrap_or(0)
    }

    fn note(&self, out: String) {
        self.lines.lock().unwrap().push(out);
    }

    fn clear(&self) {
        self.lines.lock().unwrap().clear();
    }

    fn r#type(&self, reply: u32) -> Vec<u8> {
        self.lines.lock().unwrap()[reply as usize]
            .clone()
            .into_bytes()
    }
}

#[test]
fn a_call_carries_its_arguments_there_and_its_result_back() {
    let journal = JournalClient::local(Book::default());
    let expected = Receipt {
        number: 3,
        text: "hello by test".to_owned(),
    };
    assert_eq!(
        journal.write("hello", &[1, 2, 3]).wait(),
        Ok(expected.clone())
    );
    assert_eq!(journal.write("", &[]).wait(), Err(Refused::Empty));
    assert_eq!(
        journal.write("far too long", &[]).wait(),
        Err(Refused::TooLong(12))
    );
    assert_eq!(journal.sum(&[1, 2], &expected, Some(10)).wait(), 16);
    journal.clone().note("a".to_owned());
    assert_eq!(journal.r#type(0).wait(), b"a");
    journal.clear().wait();
}

#[test]
fn arguments_are_on_the_wire_one_after_the_other() {
    let journal = JournalClient::local(Book::default());
    let call = journal.sum(
        &[5, 6],
        &Receipt {
            number: 7,
            text: String::new(),
        },
        None,
    );
    let words: Vec<u32> = call
        .sent
        .as_chunks()
        .0
        .iter()
        .copied()
        .map(u32::from_be_bytes)
        .collect();
    assert_eq!(words, [2, 5, 6, 0, 7, 0, 0]);
}

#[test]
fn the_descriptor_says_what_the_trait_says() {
    let interface = JournalClient::INTERFACE;
    assert_eq!(
        (interface.name, interface.program, interface.version),
        ("Journal", PROGRAM, 2)
    );
    let methods: Vec<_> = interface
        .methods
        .iter()
        .map(|method| (method.name, method.procedure, method.semantics))
        .collect();
    assert_eq!(
        methods,
        [
            ("write", 1, Semantics::ExactlyOnce),
            ("sum", 7, Semantics::Readonly),
            ("note", 8, Semantics::Oneway),
            ("clear", 9, Semantics::AtMostOnce),
            ("class", 3, Semantics::Idempotent),
        ]
    );
    let arguments: Vec<_> = interface.methods[1]
        .args
        .iter()
        .map(|field| (field.name, (field.ty)()))
        .collect();
    assert!(matches!(
        arguments[..],
        [
            ("numbers", Type::List(_)),
            (
                "plus",
                Type::Struct {
                    name: "Receipt",
                    ..
                }
            ),
            ("more", Type::Option(_))
        ]
    ));
    assert!(matches!((interface.methods[0].result)(), Type::Result(..)));
    assert!(matches!((interface.methods[3].result)(), Type::Void));
    assert!(std::ptr::eq(
        JournalService::new(Book::default()).interface(),
        interface
    ));
}

#[test]
fn the_procedure_that_a_client_names_is_the_one_that_runs() {
    let journal = JournalClient::local(Book::default());
    assert_eq!(journal.clear().method.procedure, 9);
    assert_eq!(journal.note("a".to_owned()).0.method.name, "note");
    assert_eq!(journal.r#type(0).method.procedure, 3);
}

#[test]
fn a_procedure_that_is_not_there_is_refused() {
    let service = JournalService::new(Book::default());
    for procedure in [0, 2, 4, 6, 10, u32::MAX] {
        assert_eq!(
            serve(&service, procedure, &[]),
            Err(ServeError::NoProcedure)
        );
    }
}

#[test]
fn nothing_runs_on_arguments_that_do_not_decode_to_their_end() {
    let service = JournalService::new(Book::default());
    let good = b"\0\0\0\x01a\0\0\0";
    assert_eq!(serve(&service, 8, good), Ok(Vec::new()));
    for bad in [
        &good[..4],
        b"\0\0\0\x01a\0\0\x01",
        b"\0\0\0\x01a\0\0\0\0\0\0\0",
    ] {
        assert!(matches!(serve(&service, 8, bad), Err(ServeError::Args(_))));
    }
    let Err(ServeError::Args(trailing)) = serve(&service, 9, &[0; 4]) else {
        panic!("`clear` takes nothing")
    };
    assert_eq!(trailing.what, DecodeProblem::Trailing { extra: 4 });
    assert_eq!(
        serve(&service, 3, &[0; 4]),
        Ok(b"\0\0\0\x01a\0\0\0".to_vec())
    );
}

/// The trait of this one has nothing to say about crashes.
#[rpc(program = PROGRAM, version = 3, crate = crate::framework)]
trait Till {
    #[rpc(exactly_once)]
    fn r#move(&self, cents: u64);
}

impl Till for () {
    fn r#move(&self, _: u64) {}
}

#[test]
fn what_a_service_finds_out_after_a_crash_is_encoded_as_the_result_would_be() {
    let recover = |service: &dyn Service, procedure, args: &[u8]| {
        let (mut args, mut reply) = (Decoder::new(args, Limits::default()), Encoder::new());
        let cx = Context { caller: "test" };
        let found = service.recover(&cx, procedure, &mut args, &mut reply);
        (found, reply.into_vec())
    };
    let journal = JournalService::new(Book::default());
    let args = |line: &str| {
        let mut args = Encoder::new();
        line.encode(&mut args)
            .and_then(|()| args.opaque(b"ab"))
            .expect("short");
        args.into_vec()
    };
    let did = serve(&journal, 1, &args("done")).expect("it runs");
    let rows = [
        (1, args("done"), Ok(Recovery::Did(())), did),
        (1, args("lost"), Ok(Recovery::DidNot), vec![]),
        (1, args("what"), Ok(Recovery::CannotTell), vec![]),
        (
            7,
            args("sum is not exactly once"),
            Err(ServeError::NoProcedure),
            vec![],
        ),
    ];
    for (procedure, args, expected, reply) in rows {
        assert_eq!(
            recover(&journal, procedure, &args),
            (expected, reply),
            "{args:?}"
        );
    }
    assert!(matches!(
        recover(&journal, 1, &[0]).0,
        Err(ServeError::Args(_))
    ));
    let till = TillService::new(());
    assert_eq!(
        recover(&till, 1, &[0; 8]),
        (Ok(Recovery::CannotTell), vec![])
    );
}

#[test]
fn a_service_says_where_its_effects_are() {
    let till = TillService::new(());
    assert_eq!(till.effects(), Effects::Elsewhere);
    assert_eq!(till.transactional().effects(), Effects::InTransaction);
    assert_eq!(
        JournalService::new(Book::default()).effects(),
        Effects::Elsewhere
    );
}

#[test]
fn a_client_that_cannot_connect_says_so() {
    assert!(JournalClient::connect("tcp://127.0.0.1:1").is_err());
    assert_eq!(
        format!("{:?}", JournalClient::local(Book::default())),
        "JournalClient { .. }"
    );
}

#[test]
fn a_client_gives_its_channel_to_the_framework_and_is_made_of_another() {
    let journal = JournalClient::local(Book::default());
    let clone = JournalClient::from_channel(journal.channel().clone());
    let _: framework::Call<()> = clone.channel().call(
        &<JournalClient as Client>::INTERFACE.methods[3],
        |_| Ok(()),
        framework::from_reply,
    );
}
