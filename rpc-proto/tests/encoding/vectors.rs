//! `tests/vectors/*.txt`: what values look like in bytes. A C program made by `rpcgen` is held to the same files by the
//! `rpcgen` test of the package `tests`.

use std::collections::BTreeMap;
use std::fmt::Debug;

use rpc_proto::message::{
    AcceptStatus, Auth, AuthStatus, CallHeader, Flavor, RejectStatus, ReplyHeader, ReplyStatus,
};
use rpc_proto::xdr::{Bounded, Decode, Encode, Limits, Measure, from_slice, to_vec};

use super::types::*;

/// A line of a vector file: `name | value | bytes in hexadecimal`.
struct Row {
    value: &'static str,
    bytes: Vec<u8>,
}

/// The rows of a file that no value has been compared with yet.
pub struct Rows(BTreeMap<&'static str, Row>);

impl Rows {
    pub fn read(text: &'static str) -> Self {
        let mut rows = BTreeMap::new();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let [name, value, hex] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
                panic!("not `name | value | bytes`: {line}");
            };
            let earlier = rows.insert(
                name,
                Row {
                    value,
                    bytes: bytes(hex),
                },
            );
            assert!(earlier.is_none(), "{name} is there twice");
        }
        Self(rows)
    }

    #[track_caller]
    fn take(&mut self, name: &str) -> Row {
        self.0
            .remove(name)
            .unwrap_or_else(|| panic!("{name} is not in the file"))
    }

    /// `value` has the bytes of the row, and they give it back.
    #[track_caller]
    pub fn check<T: Encode + for<'a> Decode<'a> + PartialEq + Debug>(
        &mut self,
        name: &str,
        value: T,
    ) {
        let bytes = self.check_encoding(name, &value);
        let decoded = from_slice::<T>(&bytes, Limits::default());
        assert_eq!(decoded.as_ref(), Ok(&value), "{name}");
    }

    /// The same for a type that borrows from the message.
    #[track_caller]
    pub fn check_borrowed<T: Encode + Decode<'static> + PartialEq + Debug>(
        &mut self,
        name: &str,
        value: T,
    ) {
        let bytes = self.check_encoding(name, &value).leak();
        let decoded = from_slice::<T>(bytes, Limits::default());
        assert_eq!(decoded.as_ref(), Ok(&value), "{name}");
    }

    #[track_caller]
    fn check_encoding(&mut self, name: &str, value: &(impl Encode + Debug)) -> Vec<u8> {
        let row = self.take(name);
        assert_eq!(format!("{value:?}"), row.value, "{name}");
        assert_eq!(hex(&to_vec(value).expect(name)), hex(&row.bytes), "{name}");
        row.bytes
    }

    #[track_caller]
    fn check_header(&mut self, name: &str, value: &str, encode: impl FnOnce(&mut Vec<u8>)) {
        let row = self.take(name);
        assert_eq!(value, row.value, "{name}");
        let mut bytes = Vec::new();
        encode(&mut bytes);
        assert_eq!(hex(&bytes), hex(&row.bytes), "{name}");
    }

    #[track_caller]
    pub fn finish(self) {
        assert_eq!(
            self.0.into_keys().collect::<Vec<_>>(),
            [""; 0],
            "no value for these rows"
        );
    }
}

pub fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    let digit = |i: usize| &digits[i..i + 2];
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(digit(i), 16).expect("hexadecimal"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    let words = bytes.chunks(4).map(|word| {
        word.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn e1_to_e14_values_have_the_bytes_of_rfc_4506() {
    let mut rows = Rows::read(include_str!("../../../tests/vectors/values.txt"));
    numbers(&mut rows);
    bytes_and_text(&mut rows);
    containers(&mut rows);
    declared(&mut rows);
    rows.finish();
}

fn numbers(rows: &mut Rows) {
    rows.check("void", ());
    rows.check("bool/false", false);
    rows.check("bool/true", true);
    rows.check("i8/min", i8::MIN);
    rows.check("u8/max", u8::MAX);
    rows.check("i16/min", i16::MIN);
    rows.check("u16/max", u16::MAX);
    rows.check("i32/zero", 0i32);
    rows.check("i32/minus-one", -1i32);
    rows.check("i32/min", i32::MIN);
    rows.check("i32/max", i32::MAX);
    rows.check("u32/order", 0x0102_0304u32);
    rows.check("u32/max", u32::MAX);
    rows.check("i64/minus-two", -2i64);
    rows.check("i64/min", i64::MIN);
    rows.check("u64/order", 0x0102_0304_0506_0708_u64);
    rows.check("u64/max", u64::MAX);
    rows.check("f32/one", 1.0f32);
    rows.check("f32/minus-zero", -0.0f32);
    rows.check("f32/smallest", 1e-45f32);
    rows.check("f32/infinity", f32::INFINITY);
    rows.check("f64/pi", std::f64::consts::PI);
    rows.check("f64/minus-infinity", f64::NEG_INFINITY);
    rows.check("f64/smallest", 5e-324f64);
}

fn bytes_and_text(rows: &mut Rows) {
    for (name, text) in [
        ("0", ""),
        ("1", "a"),
        ("2", "ab"),
        ("3", "abc"),
        ("4", "abcd"),
        ("5", "abcde"),
    ] {
        rows.check(&format!("string/{name}"), text.to_owned());
    }
    rows.check("string/utf-8", "a\u{f1}\u{20ac}".to_owned());
    rows.check("opaque/0", Vec::<u8>::new());
    rows.check("opaque/1", vec![255u8]);
    rows.check("opaque/4", vec![0u8, 1, 2, 3]);
    rows.check("opaque/7", vec![9u8; 7]);
    rows.check("fixed-opaque/3", [1u8, 2, 3]);
    rows.check("fixed-opaque/4", [1u8, 2, 3, 4]);
    rows.check("fixed-opaque/5", [1u8, 2, 3, 4, 5]);
}

fn containers(rows: &mut Rows) {
    rows.check("list/empty", Vec::<i32>::new());
    rows.check("list/i32", vec![1i32, -1]);
    rows.check("list/i16", vec![1i16, -1]);
    rows.check("list/u64", vec![1u64, u64::MAX]);
    rows.check("list/f64", vec![0.5f64, -2.0]);
    rows.check("list/bool", vec![true, false]);
    rows.check("list/string", vec!["a".to_owned(), String::new()]);
    rows.check("list/list", vec![vec![1i32], vec![], vec![2, 3]]);
    rows.check("array/i32", [1i32, -1, 7]);
    rows.check("array/i16", [1i16, -1]);
    rows.check("array/u64", [1u64, u64::MAX]);
    rows.check("array/string", ["a".to_owned(), "bc".to_owned()]);
    rows.check("option/none", None::<i32>);
    rows.check("option/some", Some(-7i32));
    rows.check("option/string", Some("abc".to_owned()));
    rows.check("option/option", Some(None::<i32>));
    rows.check("tuple", (5u32, "five".to_owned()));
    rows.check("result/ok", Ok::<u64, String>(9));
    rows.check("result/error", Err::<u64, String>("no".to_owned()));
    rows.check("bounded/opaque", bounded::<_, 4>(vec![1u8, 2, 3]));
    rows.check("boxed", Box::new(3i32));
}

fn declared(rows: &mut Rows) {
    let point = Point { x: -1, y: 1 << 32 };
    rows.check("enum/red", Color::Red);
    rows.check("enum/green", Color::Green);
    rows.check("enum/blue", Color::Blue);
    rows.check("struct/point", point.clone());
    rows.check("union/void", Shape::Nothing);
    rows.check("union/circle", Shape::Circle { radius: 3 });
    rows.check(
        "union/label",
        Shape::Label {
            at: point.clone(),
            name: "here".to_owned(),
        },
    );
    rows.check("union/labels", Status::Late { code: 2, by: 60 });
    rows.check(
        "union/default",
        Status::Other {
            code: 77,
            why: "lost".to_owned(),
        },
    );
    let last = Node {
        value: 2,
        next: None,
    };
    rows.check(
        "chain",
        Node {
            value: 1,
            next: Some(Box::new(last)),
        },
    );
    rows.check(
        "tree",
        Tree::Fork(vec![Tree::Leaf(1), Tree::Fork(vec![]), Tree::Leaf(2)]),
    );
    rows.check("everything", everything(point));
    rows.check("rfc-4506-section-7", file());
}

fn everything(point: Point) -> Everything {
    Everything {
        flag: true,
        tiny: (-1, 200),
        short: (-300, 60_000),
        color: Color::Green,
        id: [1, 2, 3, 4, 5],
        data: vec![7, 8],
        lines: vec!["x".to_owned(), "yz".to_owned()],
        corner: Some(point),
        grid: [[1, 2], [3, 4]],
        outcome: Err("why".to_owned()),
    }
}

pub fn bounded<T: Measure, const MAX: u32>(value: T) -> Bounded<T, MAX> {
    Bounded::new(value).expect("it is within the bound")
}

/// John's file, with the bytes that the RFC prints.
fn file() -> File {
    File {
        filename: bounded("sillyprog".to_owned()),
        kind: FileType::Exec {
            interpretor: bounded("lisp".to_owned()),
        },
        owner: bounded("john".to_owned()),
        data: bounded(b"(quit)".to_vec()),
    }
}

#[test]
fn m2_to_m6_headers_have_the_bytes_of_rfc_5531() {
    let mut rows = Rows::read(include_str!("../../../tests/vectors/messages.txt"));
    let verifier = Auth::new(Flavor(7), b"okay!").unwrap();
    for (name, credential) in [("call/none", Auth::NONE), ("call/credential", verifier)] {
        let (xid, program, version, procedure) = (0x0a0b_0c0d, 0x2000_0bab, 1, 3);
        let header = CallHeader {
            xid,
            program,
            version,
            procedure,
            credential,
            verifier: Auth::NONE,
        };
        rows.check_header(name, &format!("{header:?}"), |out| header.encode_into(out));
    }
    for (name, status) in accepted() {
        reply(&mut rows, name, ReplyStatus::Accepted { verifier, status });
    }
    let mismatch = RejectStatus::RpcMismatch { low: 2, high: 2 };
    reply(
        &mut rows,
        "reply/rpc-mismatch",
        ReplyStatus::Denied(mismatch),
    );
    for (number, status) in AuthStatus::ALL.iter().enumerate() {
        let denied = ReplyStatus::Denied(RejectStatus::AuthError(*status));
        reply(&mut rows, &format!("reply/auth-error-{number}"), denied);
    }
    rows.finish();
}

fn accepted() -> [(&'static str, AcceptStatus); 6] {
    [
        ("reply/success", AcceptStatus::Success),
        (
            "reply/program-unavailable",
            AcceptStatus::ProgramUnavailable,
        ),
        (
            "reply/program-mismatch",
            AcceptStatus::ProgramMismatch { low: 2, high: 4 },
        ),
        (
            "reply/procedure-unavailable",
            AcceptStatus::ProcedureUnavailable,
        ),
        ("reply/garbage-args", AcceptStatus::GarbageArgs),
        ("reply/system-error", AcceptStatus::SystemError),
    ]
}

fn reply(rows: &mut Rows, name: &str, status: ReplyStatus<'_>) {
    let header = ReplyHeader {
        xid: 0x0a0b_0c0d,
        status,
    };
    rows.check_header(name, &format!("{status:?}"), |out| header.encode_into(out));
}
