// `everything.idl` as somebody would write it in Rust who has never heard of `.idl`.

use rpc_core::{Bounded, Context, Uuid, Xdr, rpc};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

pub type Id = u64;
pub type Name = Bounded<String, 20>;
/// What the contract gives back from `sorted`: the order in memory is nobody's business.
pub type Table = HashMap<Id, Name>;
/// A set of small numbers.
pub type Small = HashSet<u16>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Xdr)]
pub enum Colour {
    Red = 1,
    Green = 2,
    Blue = -3,
}

#[derive(Debug, Xdr)]
pub struct Numbers {
    pub flag: bool,
    pub a: u8,
    pub b: u16,
    pub c: u32,
    pub d: u64,
    pub e: i8,
    pub f: i16,
    pub g: i32,
    pub h: i64,
    pub i: f32,
    pub j: f64,
    pub k: u128,
    pub l: i128,
}

#[derive(Debug, Xdr)]
pub struct Texts {
    pub any: String,
    pub short: Name,
    pub raw: Vec<u8>,
    pub few: Bounded<Vec<u8>, 5>,
    pub odd: [u8; 5],
    pub digest: [u8; 32],
    pub names: Bounded<Vec<Name>, 4>,
}

#[derive(Debug, Xdr)]
pub struct Lists {
    pub numbers: Vec<u32>,
    pub narrow: Bounded<Vec<i16>, 7>,
    pub nested: Bounded<Vec<Vec<u64>>, 3>,
    pub flags: [bool; 9],
    pub grid: [[f64; 2]; 3],
    pub digests: Vec<[u8; 32]>,
    pub pairs: Vec<(u32, Name)>,
    pub perhaps: Option<Vec<Option<u8>>>,
    pub none: Option<Option<Colour>>,
}

#[derive(Debug, Xdr)]
pub struct Sorted {
    pub ages: HashMap<Name, u8>,
    pub points: Bounded<BTreeMap<(i32, i32), Texts>, 3>,
    pub seen: HashSet<Id>,
    pub words: Bounded<BTreeSet<Bounded<String, 8>>, 5>,
    pub deep: BTreeMap<u32, HashMap<Colour, BTreeSet<bool>>>,
}

#[derive(Debug, Xdr)]
pub struct Moments {
    pub wait: Duration,
    pub at: SystemTime,
    pub id: Uuid,
    pub four: Ipv4Addr,
    pub six: Ipv6Addr,
    pub from: IpAddr,
    pub log: Vec<(SystemTime, IpAddr)>,
    pub ids: BTreeSet<Uuid>,
}

#[derive(Debug, Xdr)]
pub struct Nothing {}

#[derive(Debug, Xdr)]
pub struct Almost {
    pub nothing: Nothing,
    pub count: u32,
    pub nothings: Bounded<Vec<Nothing>, 3>,
    pub perhaps: Option<Nothing>,
}

#[derive(Debug, Xdr)]
pub struct Folder {
    pub name: Name,
    pub folders: Vec<Folder>,
    pub link: Option<Box<Folder>>,
    pub pair: Option<Box<[Folder; 2]>>,
}

#[derive(Debug, Xdr)]
pub enum Shape {
    Dot,
    Circle(u32),
    Line { from: i32, to: i64 },
    Group(Vec<Shape>),
    Both(Box<Shape>, Box<Shape>),
}

#[derive(Debug, Xdr)]
#[xdr(switch = Colour)]
pub enum Paint {
    #[xdr(case = Colour::Red)]
    Warm(u16),
    #[xdr(case = Colour::Blue | Colour::Green)]
    Cold {
        which: Colour,
        depth: i8,
        note: String,
    },
}

#[derive(Debug, Xdr)]
#[xdr(switch = bool)]
pub enum Presence {
    #[xdr(case = true)]
    Here(Name),
    #[xdr(case = false)]
    Absent,
}

#[derive(Debug, Xdr)]
#[xdr(switch = u32)]
pub enum Status {
    #[xdr(case = 0)]
    Good(u64),
    #[xdr(case = 4_294_967_295)]
    Last,
    #[xdr(default)]
    Other { number: u32, text: Bounded<String, 30> },
}

#[derive(Debug, Xdr)]
pub enum Refusal {
    #[xdr(case = 1)]
    Busy,
    #[xdr(case = 2)]
    Unknown { id: Id, near: Bounded<Vec<Id>, 3> },
    #[xdr(case = 9)]
    Other(String),
}

#[derive(Debug, Clone, Copy, Xdr)]
pub enum Closed {
    Today = 1,
    Forever = 2,
}

#[rpc(program = 0x2000_0e0e, version = 3)]
pub trait Everything {
    #[rpc(exactly_once)]
    fn numbers(&self, cx: &Context, numbers: Numbers, more: u8) -> Result<Numbers, Refusal>;
    fn texts(&self, cx: &Context, line: &str, raw: &[u8], texts: Texts) -> Texts;
    #[rpc(readonly)]
    fn lists(&self, cx: &Context, lists: Lists) -> Result<Vec<Vec<u64>>, Refusal>;
    #[rpc(idempotent)]
    fn sorted(&self, cx: &Context, sorted: Sorted, set: Small) -> Table;
    #[rpc(at_most_once)]
    fn moments(
        &self,
        cx: &Context,
        moments: Moments,
        wait: Duration,
    ) -> Result<(SystemTime, Uuid), Closed>;
    fn folder(&self, cx: &Context, folder: Folder, depth: Option<u32>) -> Option<Folder>;
    #[rpc(readonly)]
    fn shapes(&self, cx: &Context, shape: Shape, paint: Paint) -> Result<Shape, Refusal>;
    fn presence(
        &self,
        cx: &Context,
        presence: Presence,
        status: Status,
        almost: Almost,
    ) -> Result<(), Refusal>;
    fn nothing(&self, cx: &Context);
    fn colour(&self, cx: &Context, colour: Colour) -> Colour;
    #[rpc(oneway, procedure = 12)]
    fn note(&self, cx: &Context, line: Bounded<String, 100>, count: u64);
    #[rpc(procedure = 20)]
    fn flags(&self, cx: &Context, flags: [bool; 9], wide: u128) -> [u8; 32];
}
