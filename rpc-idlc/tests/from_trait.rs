//! A trait as `.idl` text, and that text as a trait again: the same fingerprints, and the same text.
//!
//! With `RPC_TESTS_REGENERATE=1` the texts are written instead of compared; the Rust beside them is compiled here, so
//! run the tests once more then.

#![allow(
    dead_code,
    missing_docs,
    clippy::type_complexity,
    clippy::vec_box,
    clippy::wrong_self_convention,
    clippy::new_ret_no_self,
    reason = "the interfaces are compared, not served, and are as odd as can be"
)]

mod common;

use common::check_expected;
use rpc_core::Interface;
use rpc_core::describe::to_idl;
use rpc_idlc::Compiler;
use std::path::{Path, PathBuf};

/// The Rust that `idlc` makes of the texts.
macro_rules! again {
    ($($name:ident)*) => {$(
        mod $name {
            include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/from_trait/", stringify!($name), ".rs"));
        }
    )*};
}

/// Every type and every kind of method, with the names that people choose.
mod by_hand {
    use rpc_core::{Bounded, Context, Uuid, Xdr, rpc};
    use std::borrow::Cow;
    use std::collections::{BTreeMap, BTreeSet, HashMap};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
    use std::time::{Duration, SystemTime};

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Xdr)]
    pub enum Colour {
        Red = 1,
        Green = 0x7fff_ffff,
        Blue = -3,
    }

    #[derive(Xdr)]
    pub struct Numbers {
        narrow: (i8, u8, i16, u16),
        middle: (i32, u32, f32),
        wide: (i64, u64, f64),
        widest: (i128, u128),
        truth: bool,
    }

    #[derive(Xdr)]
    pub struct Times {
        span: Duration,
        at: SystemTime,
        id: Uuid,
        addresses: (IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr),
    }

    #[derive(Xdr)]
    pub struct Lengths {
        text: String,
        short: Bounded<String, 80>,
        raw: Vec<u8>,
        scan: Bounded<Vec<u8>, 1024>,
        digest: [u8; 16],
        lines: Bounded<Vec<Bounded<String, 40>>, 8>,
        matrix: [[f64; 4]; 3],
        colours: BTreeMap<Colour, String>,
        few: Bounded<BTreeMap<u32, Vec<Colour>>, 5>,
        words: BTreeSet<String>,
        both: Bounded<BTreeSet<(u8, String)>, 9>,
        hashed: HashMap<String, u64>,
    }

    /// Holds itself in all ways.
    #[derive(Xdr)]
    pub struct Folder {
        above: Option<Box<Folder>>,
        below: Vec<Folder>,
        pairs: Vec<(u32, Folder)>,
        named: BTreeMap<String, Folder>,
        results: Vec<Result<Folder, String>>,
    }

    #[derive(Xdr)]
    pub enum Shape {
        Dot,
        Circle(u32),
        Line { from: Point, to: Point },
        Group(Vec<Shape>),
        Empty(()),
    }

    #[derive(Xdr)]
    pub struct Point {
        x: i32,
        y: i32,
    }

    #[derive(Xdr)]
    pub struct Wrapped(u64);

    #[derive(Xdr)]
    pub struct Unit;

    #[derive(Xdr)]
    pub struct Page<T> {
        rows: Vec<T>,
        next: Option<T>,
    }

    /// A union that holds nothing is no enum on the wire.
    #[derive(Xdr)]
    #[xdr(switch = u32)]
    pub enum Status {
        #[xdr(case = 0)]
        Fine,
        #[xdr(case = 0xffff_ffff)]
        Last(u64),
    }

    #[derive(Xdr)]
    pub enum Bare {
        #[xdr(case = 4)]
        Four,
        #[xdr(case = 5)]
        Five,
    }

    #[derive(Xdr)]
    #[xdr(switch = Colour)]
    pub enum Paint {
        #[xdr(case = Colour::Red | Colour::Blue)]
        Warm(Colour, u16),
        #[xdr(default)]
        Other { kept: Colour, discriminant: u8 },
    }

    #[derive(Xdr)]
    #[xdr(switch = bool)]
    pub enum Presence {
        #[xdr(case = true)]
        Here(u32),
        #[xdr(case = false)]
        Absent,
    }

    #[derive(Debug, Xdr)]
    pub enum DrawError {
        #[xdr(case = 1)]
        Full,
        #[xdr(case = 2)]
        NoSheet { id: u64 },
    }

    #[derive(Debug, Xdr)]
    pub enum Refused {
        Busy = 1,
        Closed = 7,
    }

    #[rpc(program = 0x2000_0110, version = 3)]
    pub trait Every {
        #[rpc(exactly_once)]
        fn draw(
            &self,
            cx: &Context,
            sheet: u64,
            shape: &Shape,
            paint: Paint,
        ) -> Result<Point, DrawError>;
        #[rpc(idempotent, procedure = 3)]
        fn erase(&self, sheet: u64) -> Result<(), DrawError>;
        #[rpc(readonly, deadline = "500ms")]
        fn folders(&self, from: Option<u64>, text: &str) -> Vec<Folder>;
        fn rename(&self, of: Cow<'_, str>, numbers: Numbers, times: Times, lengths: Lengths);
        #[rpc(at_most_once, procedure = 9, deadline = "2min")]
        fn scan(&self, data: &[u8]) -> Result<Bare, Refused>;
        #[rpc(oneway, procedure = 12)]
        fn note(&self, line: Bounded<String, 100>);
        fn pages(&self, ids: Page<u32>, names: Page<String>, again: Page<u32>) -> Page<Page<u32>>;
        fn odd(&self, nothing: (), boxed: Vec<Box<u8>>, one: (u32,)) -> Result<u32, String>;
        fn switched(&self) -> Result<Status, Colour>;
        fn nested(&self) -> Option<Result<(), Refused>>;
        fn units(&self, unit: Unit, wrapped: Wrapped) -> (Presence, Unit);
        fn all_the_types_that_have_no_place_on_a_line(
            &self,
            one: Vec<(
                Option<Vec<Wrapped>>,
                BTreeMap<String, Vec<Option<Wrapped>>>,
                [[Wrapped; 4]; 4],
                String,
            )>,
        ) -> Vec<(
            Option<Vec<Wrapped>>,
            BTreeMap<String, Vec<Option<Wrapped>>>,
            [[Wrapped; 5]; 5],
            String,
            Vec<Shape>,
        )>;
    }

    #[rpc(program = 0x2000_0110, version = 4, name = "Every")]
    pub trait Later {
        fn draw(&self, shape: &Shape) -> Point;
    }
}

/// What is no name in `.idl`, or would be one name in Rust.
mod odd {
    use rpc_core::{Xdr, rpc};

    #[derive(Xdr)]
    #[xdr(name = "überall & nirgends")]
    pub struct Everywhere {
        #[xdr(name = "1st")]
        first: u8,
        #[xdr(name = "--")]
        second: u8,
        #[xdr(name = "a_b")]
        third: u8,
        #[xdr(name = "aB")]
        fourth: u8,
    }

    #[derive(Xdr)]
    #[xdr(name = "list")]
    pub struct List(u8);

    #[derive(Xdr)]
    #[xdr(name = "Odd")]
    pub struct LikeTheInterface {
        #[xdr(name = "type")]
        r#type: u8,
    }

    #[derive(Xdr)]
    #[xdr(name = "odd_client")]
    pub enum LikeTheClient {
        #[xdr(name = "2")]
        Two = 2,
        #[xdr(name = "self")]
        Three = 3,
    }

    mod other {
        #[derive(rpc_core::Xdr)]
        pub struct List {
            pub a: i8,
        }
    }

    /// 40 levels: more than `.idl` writes inside each other.
    type Deep = D<D<D<D<D<D<D<D<u8>>>>>>>>;
    type D<T> = Option<Vec<Option<Vec<Option<T>>>>>;

    #[rpc(program = 0x2000_0111, version = 1)]
    pub trait Odd {
        #[rpc(name = "of: course")]
        fn of_course(&self, a: Everywhere, b: List, c: LikeTheInterface) -> LikeTheClient;
        fn new(&self, r#type: other::List, deep: Deep) -> Deep;
    }
}

again! { every odd_again }

const EVERY: &[&Interface] = &[
    by_hand::EveryClient::INTERFACE,
    by_hand::LaterClient::INTERFACE,
];
const EVERY_AGAIN: &[&Interface] = &[
    every::EveryClient::INTERFACE,
    every::EveryV4Client::INTERFACE,
];
const MATCHMAKER: &[&Interface] = &[rpc_core::matchmaker::MatchmakerClient::INTERFACE];
const ODD: &[&Interface] = &[odd::OddClient::INTERFACE];
const ODD_AGAIN: &[&Interface] = &[odd_again::OddClient::INTERFACE];

#[test]
fn a_trait_becomes_a_contract_in_the_style_and_a_trait_again() {
    for (name, traits) in [
        ("every", EVERY),
        ("matchmaker", MATCHMAKER),
        ("odd_again", ODD),
    ] {
        let text = to_idl(traits);
        let styled =
            rpc_idlc::format(name, text.as_str()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(text, styled, "{name}");
        let generated = Compiler::new()
            .text(format!("{name}.idl"), text.as_str())
            .generate();
        let generated = generated.unwrap_or_else(|error| panic!("{error}\n{text}"));
        // The other contract is in use, and changes with its own text.
        if name != "matchmaker" {
            check_expected(&file(name, "idl"), &text);
            check_expected(&file(name, "rs"), &generated[0].rust);
        }
    }
}

#[test]
fn the_circle_gives_the_same_fingerprints() {
    for (traits, again) in [(EVERY, EVERY_AGAIN), (ODD, ODD_AGAIN)] {
        for (one, other) in traits.iter().zip(again) {
            assert_eq!((one.program, one.version), (other.program, other.version));
            assert_eq!(one.methods.len(), other.methods.len());
            for (one, other) in one.methods.iter().zip(other.methods) {
                assert_eq!(one.fingerprint(), other.fingerprint(), "{}", one.name);
                assert_eq!(one.deadline, other.deadline, "{}", one.name);
            }
        }
    }
}

#[test]
fn the_circle_gives_the_same_text() {
    // Two interfaces of one name had to be told apart, which the second text keeps.
    let text = to_idl(EVERY_AGAIN);
    assert_eq!(to_idl(EVERY), text);
    // Nothing is odd any more behind the first turn.
    assert_ne!(to_idl(ODD), to_idl(ODD_AGAIN));
}

fn file(name: &str, kind: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/from_trait");
    folder.join(name).with_extension(kind)
}
