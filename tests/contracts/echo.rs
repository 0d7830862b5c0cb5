// What echo.x is in Rust, written as idlc writes contracts.

pub const MAX_NAME: u32 = 20;

pub const MAX_TAGS: u32 = 0x4;

pub const SIDE: u32 = 3;

pub type Name = rpc_core::Bounded<Vec<u8>, MAX_NAME>;

pub type Digest = [u8; 16];

pub type Blob = Vec<u8>;

pub type Id = u64;

pub type Numbers = Vec<i32>;

pub type Names = rpc_core::Bounded<Vec<Name>, MAX_TAGS>;

pub type Row = [f64; SIDE as usize];

pub type Grid = [Row; 2];

pub type Flag = bool;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, rpc_core::Xdr)]
pub enum Colour {
    Red = 1,
    Green = 2,
    Blue = -3,
}

#[derive(Debug, Clone, Copy, PartialEq, rpc_core::Xdr)]
pub struct Scalars {
    pub a: i32,
    pub b: u32,
    pub c: u32,
    pub d: i64,
    pub e: u64,
    pub f: bool,
    pub g: f32,
    pub h: f64,
    pub i: i32,
    pub j: u32,
    pub k: i16,
    pub l: u16,
    pub m: i8,
    pub n: u8,
    pub o: u32,
    pub p: i64,
    pub q: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, rpc_core::Xdr)]
pub struct Texts {
    pub any: Vec<u8>,
    pub short_one: Name,
    pub raw: Vec<u8>,
    pub few: rpc_core::Bounded<Vec<u8>, 5>,
    pub odd: [u8; 5],
    pub sum: Digest,
    pub tags: Names,
    #[xdr(words)]
    pub letters: [u8; 4],
    #[xdr(words)]
    pub some: rpc_core::Bounded<Vec<u8>, 6>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, rpc_core::Xdr)]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

#[derive(Debug, Clone, PartialEq, rpc_core::Xdr)]
pub struct Lists {
    pub all: Numbers,
    pub three: [i32; SIDE as usize],
    pub points: rpc_core::Bounded<Vec<Point>, 7>,
    pub flags: [Flag; 9],
    pub table: Grid,
    pub paint: Vec<Colour>,
}

pub type MaybePoint = Option<Point>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, rpc_core::Xdr)]
pub struct Presence {
    pub here: Option<Point>,
    pub there: MaybePoint,
    pub called: Option<Name>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, rpc_core::Xdr)]
pub struct Item {
    pub key: Name,
    pub value: i64,
    pub next: Option<Box<Item>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, rpc_core::Xdr)]
pub struct Folder {
    pub label: Name,
    pub sibling: Option<Box<Folder>>,
    pub child: Option<Box<Entry>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, rpc_core::Xdr)]
pub struct Entry {
    pub inside: Option<Box<Folder>>,
    pub sum: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, rpc_core::Xdr)]
#[xdr(switch = Colour)]
pub enum Shape {
    #[xdr(case = Colour::Red)]
    Red(Point),
    #[xdr(case = Colour::Green)]
    Green(rpc_core::Bounded<Vec<Point>, 4>),
    #[xdr(case = Colour::Blue)]
    Blue,
}

#[derive(Debug, Clone, PartialEq, rpc_core::Xdr)]
#[xdr(switch = i32)]
pub enum Status {
    #[xdr(case = 0)]
    Case0(Lists),
    #[xdr(case = -2 | 5)]
    CaseMinus2(i32, Vec<u8>),
    #[xdr(default)]
    Default(i32),
}

pub type Answer = Option<Texts>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, rpc_core::Xdr)]
#[xdr(switch = u32)]
pub enum Paint {
    #[xdr(case = 1)]
    Case1(Colour),
    #[xdr(default)]
    Default(u32, rpc_core::Bounded<Vec<Colour>, 3>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, rpc_core::Xdr)]
pub enum Refusal {
    NoProgram = 0,
    NoVersion = 1,
    NoProcedure = 2,
    NoDecoding = 3,
    NoSystem = 4,
    BadCredential = 5,
    RejectedCredential = 6,
    WeakCredential = 7,
}

#[rpc_core::rpc(program = 0x2000_0ec8, version = 1)]
pub trait EchoV1 {
    #[rpc(procedure = 1)]
    fn echo_old(&self, cx: &rpc_core::Context, arg: &[u8]) -> Vec<u8>;
}

#[rpc_core::rpc(program = 0x2000_0ec8, version = 2)]
pub trait EchoV2 {
    #[rpc(procedure = 1)]
    fn echo_scalars(&self, cx: &rpc_core::Context, arg: Scalars) -> Scalars;

    #[rpc(procedure = 2)]
    fn echo_texts(&self, cx: &rpc_core::Context, arg: Texts) -> Texts;

    #[rpc(procedure = 3)]
    fn echo_lists(&self, cx: &rpc_core::Context, arg: Lists) -> Lists;

    #[rpc(procedure = 4)]
    fn echo_presence(&self, cx: &rpc_core::Context, arg: Presence) -> Presence;

    #[rpc(procedure = 5)]
    fn echo_item(&self, cx: &rpc_core::Context, arg: Item) -> Item;

    #[rpc(procedure = 6)]
    fn echo_folder(&self, cx: &rpc_core::Context, arg: Folder) -> Folder;

    #[rpc(procedure = 7)]
    fn echo_shape(&self, cx: &rpc_core::Context, arg: Shape) -> Shape;

    #[rpc(procedure = 8)]
    fn echo_status(&self, cx: &rpc_core::Context, arg: Status) -> Status;

    #[rpc(procedure = 9)]
    fn echo_answer(&self, cx: &rpc_core::Context, arg: Answer) -> Answer;

    #[rpc(procedure = 10)]
    fn echo_paint(&self, cx: &rpc_core::Context, arg: Paint) -> Paint;

    #[rpc(procedure = 11)]
    fn echo_colour(&self, cx: &rpc_core::Context, arg: Colour) -> Colour;

    #[rpc(procedure = 12)]
    fn echo_id(&self, cx: &rpc_core::Context, arg: Id) -> Id;

    #[rpc(procedure = 13)]
    fn echo_numbers(&self, cx: &rpc_core::Context, arg: Numbers) -> Numbers;

    #[rpc(procedure = 14)]
    fn echo_blob(&self, cx: &rpc_core::Context, arg: Blob) -> Blob;

    #[rpc(procedure = 16)]
    fn echo_bool(&self, cx: &rpc_core::Context, arg: bool) -> bool;

    #[rpc(procedure = 17)]
    fn echo_int(&self, cx: &rpc_core::Context, arg: i32) -> i32;

    #[rpc(procedure = 18)]
    fn echo_double(&self, cx: &rpc_core::Context, arg: f64) -> f64;

    #[rpc(procedure = 19)]
    fn echo_maybe(&self, cx: &rpc_core::Context, arg: MaybePoint) -> MaybePoint;

    #[rpc(procedure = 20)]
    fn echo_string(&self, cx: &rpc_core::Context, arg: &[u8]) -> Vec<u8>;

    /// Adds to a counter, and gives what it came to.
    #[rpc(procedure = 30)]
    fn count(&self, cx: &rpc_core::Context, arg: u64) -> u64;

    /// The machine, the user and the group that the caller claims to be.
    #[rpc(procedure = 31)]
    fn caller(&self, cx: &rpc_core::Context) -> Vec<u8>;

    /// Never answers with a result.
    #[rpc(procedure = 32)]
    fn refuse(&self, cx: &rpc_core::Context, arg: Refusal);
}
