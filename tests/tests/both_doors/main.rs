//! One interface through both front doors, `contracts/everything.idl` and a trait with plain Rust types: one descriptor,
//! the same fingerprints, and the same bytes on the wire for the same calls.

mod relay;

use relay::{Message, Relay};
use rpc_core::describe::{Type, TypeFn, to_idl};
use rpc_core::xdr::{Decoder, Limits};
use rpc_core::{Context, Decode, Interface, Server};
use std::sync::Mutex;
use std::time::Duration;
use testkit::values::Values;

/// What `idlc rust` makes of the contract; `tests/generated.rs` keeps it so.
#[allow(dead_code, missing_docs, reason = "the test calls what it needs")]
mod by_idlc {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/contracts/everything.rs"
    ));

    pub type Table = std::collections::BTreeMap<Id, Name>;
    pub type Small = std::collections::BTreeSet<u16>;
}

#[allow(dead_code, missing_docs, reason = "the test calls what it needs")]
mod by_hand {
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts/by_hand.rs"));
}

const IDLC: &Interface = by_idlc::EverythingClient::INTERFACE;
const HAND: &Interface = by_hand::EverythingClient::INTERFACE;

/// Random calls.
const CALLS: u64 = 1000;

/// The value of these bytes.
fn value<T: for<'a> Decode<'a>>(bytes: &[u8]) -> T {
    let mut input = Decoder::new(bytes, Limits::default());
    let value = T::decode(&mut input).expect("the value is well-formed");
    input.finish().expect("nothing is left over");
    value
}

/// Answers the nth call with the nth random result.
struct Answers(Mutex<u64>);

impl Answers {
    fn next<T: for<'a> Decode<'a>>(&self, ty: TypeFn) -> T {
        let mut count = self.0.lock().expect("no handler panics");
        *count += 1;
        value(&Values::new(*count).bytes(ty))
    }
}

/// The random arguments of a call, one by one.
struct Arguments(std::vec::IntoIter<Vec<u8>>);

impl Arguments {
    fn new(seed: u64, method: usize) -> Self {
        let mut values = Values::new(seed ^ 0xa4 << 32);
        let fields = IDLC.methods[method].args.iter();
        let bytes: Vec<Vec<u8>> = fields.map(|field| values.bytes(field.ty)).collect();
        Self(bytes.into_iter())
    }

    fn next<T: for<'a> Decode<'a>>(&mut self) -> T {
        value(&self.0.next().expect("the method has one more argument"))
    }
}

/// The same server and the same calls, in the types of one door.
macro_rules! door {
    ($name:ident, $types:ident) => {
        mod $name {
            use super::$types::*;
            use super::*;

            impl Everything for Answers {
                fn numbers(&self, _: &Context, _: Numbers, _: u8) -> Result<Numbers, Refusal> {
                    self.next(IDLC.methods[0].result)
                }
                fn texts(&self, _: &Context, _: &str, _: &[u8], texts: Texts) -> Texts {
                    texts
                }
                fn lists(&self, _: &Context, _: Lists) -> Result<Vec<Vec<u64>>, Refusal> {
                    self.next(IDLC.methods[2].result)
                }
                fn sorted(&self, _: &Context, _: Sorted, _: Small) -> Table {
                    self.next(IDLC.methods[3].result)
                }
                fn moments(
                    &self,
                    _: &Context,
                    _: Moments,
                    _: Duration,
                ) -> Result<(std::time::SystemTime, rpc_core::Uuid), Closed> {
                    self.next(IDLC.methods[4].result)
                }
                fn folder(&self, _: &Context, folder: Folder, _: Option<u32>) -> Option<Folder> {
                    Some(folder)
                }
                fn shapes(&self, _: &Context, _: Shape, _: Paint) -> Result<Shape, Refusal> {
                    self.next(IDLC.methods[6].result)
                }
                fn presence(
                    &self,
                    _: &Context,
                    _: Presence,
                    _: Status,
                    _: Almost,
                ) -> Result<(), Refusal> {
                    self.next(IDLC.methods[7].result)
                }
                fn nothing(&self, _: &Context) {}
                fn colour(&self, _: &Context, colour: Colour) -> Colour {
                    colour
                }
                fn note(&self, _: &Context, _: rpc_core::Bounded<String, 100>, _: u64) {}
                fn flags(&self, _: &Context, _: [bool; 9], _: u128) -> [u8; 32] {
                    self.next(IDLC.methods[11].result)
                }
            }

            /// Makes all calls, one after the other, and gives what went over the wire.
            pub fn run() -> Vec<Message> {
                let server = Server::builder()
                    .serve(EverythingService::new(Answers(Mutex::new(0))))
                    .listen("tcp://127.0.0.1:0")
                    .memory_completions()
                    .start()
                    .expect("the server starts");
                let relay = Relay::before(&server.endpoints()[0].to_string());
                let client = EverythingClient::connect(&relay.endpoint()).expect("it is there");
                (0..CALLS).for_each(|seed| call(&client, seed));
                drop(client);
                let messages = relay.finish();
                server
                    .shutdown(Duration::from_secs(5))
                    .expect("no call is running");
                messages
            }

            fn call(client: &EverythingClient, seed: u64) {
                let method = seed as usize % IDLC.methods.len();
                let mut a = Arguments::new(seed, method);
                let done = match IDLC.methods[method].name {
                    "numbers" => client.numbers(a.next(), a.next()).wait().map(drop),
                    "texts" => {
                        let (line, raw): (String, Vec<u8>) = (a.next(), a.next());
                        client.texts(&line, &raw, a.next()).wait().map(drop)
                    }
                    "lists" => client.lists(a.next()).wait().map(drop),
                    "sorted" => client.sorted(a.next(), a.next()).wait().map(drop),
                    "moments" => client.moments(a.next(), a.next()).wait().map(drop),
                    "folder" => client.folder(a.next(), a.next()).wait().map(drop),
                    "shapes" => client.shapes(a.next(), a.next()).wait().map(drop),
                    "presence" => client
                        .presence(a.next(), a.next(), a.next())
                        .wait()
                        .map(drop),
                    "nothing" => client.nothing().wait(),
                    "colour" => client.colour(a.next()).wait().map(drop),
                    "note" => client.note(a.next(), a.next()).send(),
                    "flags" => client.flags(a.next(), a.next()).wait().map(drop),
                    other => panic!("{other} is never called"),
                };
                done.unwrap_or_else(|error| panic!("call {seed}: {error}"));
            }
        }
    };
}

door!(idlc_door, by_idlc);
door!(hand_door, by_hand);

#[test]
fn both_doors_give_one_descriptor_and_the_same_fingerprints() {
    assert_eq!(to_idl(&[IDLC]), to_idl(&[HAND]));
    assert_eq!(IDLC.methods.len(), 12);
    for (one, other) in IDLC.methods.iter().zip(HAND.methods) {
        assert_eq!(one.name, other.name);
        assert_eq!(one.fingerprint(), other.fingerprint(), "{}", one.name);
    }
}

/// The interface has each type that there is, so that the other tests speak of all.
#[test]
fn the_interface_uses_every_type() {
    let mut seen = std::collections::BTreeSet::new();
    let mut open: Vec<TypeFn> = Vec::new();
    for method in IDLC.methods {
        open.extend(method.args.iter().map(|field| field.ty));
        open.push(method.result);
    }
    let mut known: Vec<*const Type> = Vec::new();
    while let Some(ty) = open.pop() {
        let ty = ty();
        if known.contains(&std::ptr::from_ref(ty)) {
            continue;
        }
        known.push(ty);
        let text = format!("{ty:?}");
        seen.insert(
            text.split([' ', '(', '{'])
                .next()
                .unwrap_or_default()
                .to_owned(),
        );
        match *ty {
            Type::Option(inner) | Type::List(inner) | Type::Set(inner) => open.push(inner),
            Type::Array(inner, _) | Type::Bounded(inner, _) => open.push(inner),
            Type::Map(one, other) | Type::Result(one, other) => open.extend([one, other]),
            Type::Tuple(types) => open.extend(types),
            Type::Struct { fields, .. } => open.extend(fields.iter().map(|field| field.ty)),
            Type::Union { arms, .. } => {
                open.extend(arms.iter().flat_map(|arm| arm.fields).map(|field| field.ty));
            }
            _ => {}
        }
    }
    let all = "Array Bool Bounded Duration Enum F32 F64 FixedOpaque I128 I16 I32 I64 I8 Ip Ipv4 Ipv6 List Map Opaque \
               Option Result Set String Struct Time Tuple U128 U16 U32 U64 U8 Union Uuid Void";
    assert_eq!(seen.into_iter().collect::<Vec<_>>().join(" "), all);
}

#[test]
fn both_doors_write_the_same_bytes_for_a_thousand_calls() {
    let (idlc, hand) = (idlc_door::run(), hand_door::run());
    // Each oneway call is one message, each other one two.
    let oneways = (0..CALLS).filter(|seed| seed % 12 == 10).count() as u64;
    assert_eq!(idlc.len() as u64, 2 * CALLS - oneways);
    assert_eq!(idlc.len(), hand.len());
    for (n, (one, other)) in idlc.iter().zip(&hand).enumerate() {
        assert_eq!(one, other, "message {n}");
    }
}
