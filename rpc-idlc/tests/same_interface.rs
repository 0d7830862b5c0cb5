//! Both front doors give one descriptor: `tests/fixtures/good/both_doors.idl`, and the same by hand.

#![allow(dead_code, reason = "the interface is compared, not served")]

use rpc_core::Interface;
use rpc_core::describe::{Field, Type, TypeFn};

mod by_idlc {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/good/both_doors.rs"
    ));
}

/// What somebody would write who has never heard of `.idl`.
mod by_hand {
    use rpc_core::{Bounded, Context, Xdr, rpc};

    const MAX_LINES: u32 = 8;
    type Id = u64;

    #[derive(Clone, Copy, Xdr)]
    pub enum Colour {
        Red = 1,
        Green = 2,
        Blue = -3,
    }

    #[derive(Xdr)]
    pub struct Point {
        x: i32,
        y: f64,
    }

    #[derive(Xdr)]
    pub struct Sheet {
        id: Id,
        title: Bounded<String, 80>,
        lines: Bounded<Vec<Bounded<String, 40>>, MAX_LINES>,
        digest: [u8; 16],
        scan: Bounded<Vec<u8>, 1024>,
        raw: Vec<u8>,
        points: Vec<Point>,
        corners: [Point; 4],
        before: Option<Box<Sheet>>,
        narrow: u8,
        flag: bool,
    }

    #[derive(Xdr)]
    pub enum Shape {
        Dot,
        Circle(u32),
        Line { from: Point, to: Point },
        Group(Vec<Shape>),
    }

    #[derive(Xdr)]
    #[xdr(switch = Colour)]
    pub enum Paint {
        #[xdr(case = Colour::Red)]
        Warm(u16),
        #[xdr(case = Colour::Blue | Colour::Green)]
        Cold { colour: Colour, depth: i8 },
    }

    #[derive(Xdr)]
    pub enum DrawError {
        #[xdr(case = 1)]
        Full,
        #[xdr(case = 2)]
        NoSheet { id: Id },
    }

    #[rpc(program = 0x2000_0106, version = 4)]
    pub trait Drawing {
        #[rpc(exactly_once)]
        fn draw(
            &self,
            cx: &Context,
            sheet: Id,
            shape: &Shape,
            paint: Paint,
        ) -> Result<Sheet, DrawError>;
        #[rpc(idempotent, procedure = 3)]
        fn erase(&self, sheet: Id) -> Result<(), DrawError>;
        #[rpc(readonly)]
        fn sheets(&self, from: Option<Id>) -> Vec<Sheet>;
        fn rename(&self, sheet: Id, title: &str);
        #[rpc(at_most_once, procedure = 9)]
        fn scan(&self, data: Vec<u8>, all: Bounded<Vec<[u8; 16]>, 3>) -> bool;
        #[rpc(oneway, procedure = 12)]
        fn note(&self, line: Bounded<String, 100>);
    }
}

const IDLC: &Interface = by_idlc::DrawingClient::INTERFACE;
const HAND: &Interface = by_hand::DrawingClient::INTERFACE;

#[test]
fn an_interface_written_both_ways_has_one_descriptor() {
    assert_eq!(show(IDLC), show(HAND));
    // The comparison sees what it should: the deepest type and the last method are in the text.
    assert!(show(HAND).contains("before: Option(Sheet)") && show(HAND).contains("note"));
}

#[test]
fn an_interface_written_both_ways_has_the_same_fingerprints() {
    for (one, other) in IDLC.methods.iter().zip(HAND.methods) {
        assert_eq!(one.fingerprint(), other.fingerprint(), "{}", one.name);
    }
}

fn show(interface: &Interface) -> String {
    let Interface {
        name,
        program,
        version,
        methods,
    } = interface;
    let mut text = format!("{name} {program:#x} {version}\n");
    for method in *methods {
        let (args, result) = (
            fields(method.args, &mut Vec::new()),
            ty(method.result, &mut Vec::new()),
        );
        let (name, number) = (method.name, method.procedure);
        text += &format!(
            "{:?} {name}({args}) -> {result} = {number}\n",
            method.semantics
        );
    }
    text
}

fn fields(fields: &[Field], open: &mut Vec<&'static str>) -> String {
    let fields = fields
        .iter()
        .map(|field| format!("{}: {}", field.name, ty(field.ty, open)));
    fields.collect::<Vec<_>>().join(", ")
}

/// A type with all that is in it; one that is being shown already, by its name.
fn ty(of: TypeFn, open: &mut Vec<&'static str>) -> String {
    let list = |types: &[TypeFn], open: &mut Vec<_>| {
        types
            .iter()
            .map(|inner| ty(*inner, open))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match of() {
        Type::Option(inner) => format!("Option({})", ty(*inner, open)),
        Type::List(inner) => format!("List({})", ty(*inner, open)),
        Type::Array(inner, length) => format!("Array({}, {length})", ty(*inner, open)),
        Type::Bounded(inner, max) => format!("Bounded({}, {max})", ty(*inner, open)),
        Type::Tuple(types) => format!("({})", list(types, open)),
        Type::Result(good, bad) => format!("Result({})", list(&[*good, *bad], open)),
        Type::Struct { name, .. } | Type::Union { name, .. } if open.contains(name) => {
            (*name).to_owned()
        }
        Type::Struct { name, fields: all } => {
            open.push(name);
            let text = format!("{name} {{ {} }}", fields(all, open));
            open.pop();
            text
        }
        Type::Enum { name, values } => format!("{name} {values:?}"),
        Type::Union { name, switch, arms } => {
            open.push(name);
            let mut text = format!("{name} switch {} {{ ", ty(*switch, open));
            for arm in *arms {
                let (name, cases, default) = (arm.name, arm.cases, arm.default);
                text += &format!("{name} {cases:?} {default} ({}) ", fields(arm.fields, open));
            }
            open.pop();
            text + "}"
        }
        simple => format!("{simple:?}"),
    }
}
