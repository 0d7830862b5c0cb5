//! The types of `tests/vectors/vectors.x`, as a person would write them in Rust, and a few that C has not.

use std::hash::{Hash, Hasher};

use rpc_macros::Xdr;
use rpc_proto::xdr::{Bounded, Encode, EncodeError, Encoder};

#[derive(Clone, Copy, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
pub enum Color {
    Red = 0,
    Green = -5,
    Blue = 1_000_000,
}

#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
pub struct Point {
    pub x: i32,
    pub y: i64,
}

#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto, switch = Color)]
pub enum Shape {
    #[xdr(case = Color::Red)]
    Nothing,
    #[xdr(case = Color::Green)]
    Circle { radius: u32 },
    #[xdr(case = Color::Blue)]
    Label { at: Point, name: String },
}

#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto, switch = u32)]
pub enum Status {
    #[xdr(case = 0)]
    Fine,
    #[xdr(case = 1 | 2)]
    Late { code: u32, by: u64 },
    #[xdr(default)]
    Other { code: u32, why: String },
}

#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
pub struct Node {
    pub value: i32,
    pub next: Option<Box<Node>>,
}

#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
pub enum Tree {
    Leaf(i32),
    Fork(Vec<Tree>),
}

#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
pub struct Everything {
    pub flag: bool,
    pub tiny: (i8, u8),
    pub short: (i16, u16),
    pub color: Color,
    pub id: [u8; 5],
    pub data: Vec<u8>,
    pub lines: Vec<String>,
    pub corner: Option<Point>,
    pub grid: [[u32; 2]; 2],
    pub outcome: Result<u64, String>,
}

/// RFC 4506, section 7.
#[derive(Clone, Copy, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
pub enum FileKind {
    Text = 0,
    Data = 1,
    Exec = 2,
}

/// RFC 4506, section 7.
#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto, switch = FileKind)]
pub enum FileType {
    #[xdr(case = FileKind::Text)]
    Text,
    #[xdr(case = FileKind::Data)]
    Data { creator: Bounded<String, 255> },
    #[xdr(case = FileKind::Exec)]
    Exec { interpretor: Bounded<String, 255> },
}

/// RFC 4506, section 7.
#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
pub struct File {
    pub filename: Bounded<String, 255>,
    pub kind: FileType,
    pub owner: Bounded<String, 32>,
    pub data: Bounded<Vec<u8>, 65_535>,
}

/// The same, borrowing from the message.
#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
pub struct Borrowed<'a> {
    pub name: &'a str,
    pub data: &'a [u8],
    pub lines: Vec<&'a str>,
}

/// Animals of one kind are told apart here, but not on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Animal {
    Cat(u8),
}

impl Encode for Animal {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        "cat".encode(out)
    }
}

/// A word that equals another one whatever their case, but keeps its own on the wire.
#[derive(Clone, Debug, Eq, Xdr)]
#[xdr(crate = rpc_proto)]
pub struct LoudWord(pub String);

impl PartialEq for LoudWord {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Hash for LoudWord {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}
