//! `#[xdr(chain)]` and `#[xdr(words)]`, and enumerators of equal value.

use rpc_macros::Xdr;
use rpc_proto::describe::{Describe, Field, Method, Semantics, Type, TypeFn};
use rpc_proto::xdr::{Bounded, BoxedArray, DecodeProblem, Limits, from_slice, to_vec};

use super::{Colour, check, refused};

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Export {
    path: String,
    open: bool,
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Exports {
    #[xdr(chain)]
    all: Vec<Export>,
    count: u32,
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
enum Lists<T> {
    One(#[xdr(chain)] Vec<T>),
    Two {
        #[xdr(chain)]
        left: Vec<Vec<T>>,
        #[xdr(chain, name = "other")]
        right: Vec<()>,
    },
}

/// What a C program declares, and what a person would write for it without `chain`.
#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Node {
    value: u32,
    next: Option<Box<Node>>,
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Nodes(#[xdr(chain)] Vec<u32>);

#[test]
fn e26_a_chain_says_before_each_item_that_it_is_there() {
    let buffer = &mut Vec::new();
    let export = |path: &str, open| Export {
        path: path.to_owned(),
        open,
    };
    let exports = Exports {
        all: vec![export("/a", true), export("/", false)],
        count: 2,
    };
    check(
        exports,
        &[1, 2, 0x2f61_0000, 1, 1, 1, 0x2f00_0000, 0, 0, 2],
        buffer,
    );
    check(Nodes(vec![]), &[0], buffer);
    check(Lists::One(vec![5i8]), &[0, 1, 5, 0], buffer);
    let lists = Lists::Two {
        left: vec![vec![1u32], vec![]],
        right: vec![(), ()],
    };
    check(lists, &[1, 1, 1, 1, 1, 0, 0, 1, 1, 0], buffer);
}

#[test]
fn e26_a_chain_is_what_a_struct_that_points_to_itself_is() {
    let bytes = to_vec(&Nodes(vec![7, 8])).expect("numbers have an encoding");
    let back: Option<Box<Node>> = from_slice(&bytes, Limits::default()).expect("the same bytes");
    let last = Node {
        value: 8,
        next: None,
    };
    let first = Node {
        value: 7,
        next: Some(Box::new(last)),
    };
    assert_eq!(back.as_deref(), Some(&first));
    assert_eq!(print(Nodes::describe), print(<Option<Box<Node>>>::describe));
}

fn print(ty: TypeFn) -> u64 {
    let args = vec![Field { name: "a", ty }].leak();
    Method {
        name: "m",
        procedure: 1,
        semantics: Semantics::Readonly,
        args,
        result: <()>::describe,
        deadline: None,
    }
    .fingerprint()
}

#[test]
fn e26_a_chain_is_refused_where_it_is_wrong() {
    assert_eq!(
        refused::<Nodes>(&[1, 5, 2]),
        DecodeProblem::Bool { value: 2 }
    );
    assert_eq!(
        refused::<Nodes>(&[1, 5]),
        DecodeProblem::Truncated { missing: 4 }
    );
    assert_eq!(
        refused::<Nodes>(&[1]),
        DecodeProblem::Truncated { missing: 4 }
    );
    assert_eq!(
        refused::<Nodes>(&[0, 0]),
        DecodeProblem::Trailing { extra: 4 }
    );
}

/// A chain of 100,000 items would be as many frames of the stack if it were decoded as it is drawn.
#[test]
fn e26_a_chain_is_one_level_and_pays_for_its_items() {
    let long = Nodes((0..100_000).collect());
    let bytes = to_vec(&long).expect("a long chain has an encoding");
    let limits = |depth, allocation| Limits {
        depth,
        allocation,
        ..Limits::default()
    };
    assert_eq!(
        from_slice::<Nodes>(&bytes, limits(1, 800_000)).as_ref(),
        Ok(&long)
    );
    let problem = |limits| {
        from_slice::<Nodes>(&bytes, limits)
            .map(drop)
            .map_err(|error| error.what)
    };
    assert_eq!(
        problem(limits(1, 799_999)),
        Err(DecodeProblem::AllocationLimit)
    );
    assert_eq!(problem(limits(0, 800_000)), Err(DecodeProblem::DepthLimit));
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Chars<const N: usize> {
    #[xdr(words)]
    name: Vec<u8>,
    #[xdr(words)]
    short: Bounded<Vec<u8>, 2>,
    #[xdr(words)]
    fixed: [u8; N],
    opaque: Vec<u8>,
}

fn chars() -> Chars<2> {
    Chars {
        name: b"ab".to_vec(),
        short: Bounded::new(vec![255]).expect("one is within two"),
        fixed: [1, 2],
        opaque: vec![9],
    }
}

#[test]
fn e27_words_are_bytes_in_four() {
    check(
        chars(),
        &[2, 0x61, 0x62, 1, 255, 1, 2, 1, 0x0900_0000],
        &mut Vec::new(),
    );
    let Type::Struct { fields, .. } = Chars::<2>::describe() else {
        panic!("{:?}", Chars::<2>::describe())
    };
    let [name, short, fixed, opaque] = fields else {
        panic!("{fields:?}")
    };
    let is_u8 = |ty: &TypeFn| matches!(ty(), Type::U8);
    assert!(matches!((name.ty)(), Type::List(inner) if is_u8(inner)));
    assert!(
        matches!((short.ty)(), Type::Bounded(list, 2) if matches!(list(), Type::List(inner) if is_u8(inner)))
    );
    assert!(matches!((fixed.ty)(), Type::Array(inner, 2) if is_u8(inner)));
    assert!(matches!((opaque.ty)(), Type::Opaque));
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Rows {
    #[xdr(words)]
    grid: [[u8; 3]; 2],
    #[xdr(words)]
    boxed: BoxedArray<u8, 2>,
    #[xdr(words)]
    both: BoxedArray<[u8; 1], 2>,
}

#[test]
fn e27_words_are_in_rows_and_on_the_heap() {
    let rows = Rows {
        grid: [[1, 2, 3], [4, 5, 255]],
        boxed: BoxedArray::filled(6),
        both: BoxedArray::filled([7]),
    };
    let words = [1, 2, 3, 4, 5, 255, 6, 6, 7, 7];
    check(rows, &words, &mut Vec::new());
    let Type::Struct { fields, .. } = Rows::describe() else {
        panic!("{:?}", Rows::describe())
    };
    let lengths = |field: &Field| match (field.ty)() {
        Type::Array(row, length) => match row() {
            Type::Array(inner, inside) if matches!(inner(), Type::U8) => (*length, Some(*inside)),
            Type::U8 => (*length, None),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let found: Vec<_> = fields.iter().map(lengths).collect();
    assert_eq!(found, [(2, Some(3)), (2, None), (2, Some(1))]);
    let range = DecodeProblem::Range {
        kind: "u8",
        value: 256,
    };
    for index in 0..words.len() {
        let mut wrong = words;
        wrong[index] = 256;
        assert_eq!(refused::<Rows>(&wrong), range);
    }
    // What is on the heap is not made before all its words are there.
    let truncated = |missing| DecodeProblem::Truncated { missing };
    assert_eq!(refused::<Rows>(&words[..7]), truncated(4));
    assert_eq!(refused::<Rows>(&words[..8]), truncated(8));
    let many = refused::<Many>(&[0]);
    assert_eq!(many, truncated((4 << 30) - 4));
}

#[derive(Xdr)]
#[xdr(crate = rpc_proto)]
struct Many(#[xdr(words)] BoxedArray<[u8; 1 << 10], { 1 << 20 }>);

#[test]
fn e27_words_are_refused_where_they_are_wrong() {
    let range = DecodeProblem::Range {
        kind: "u8",
        value: 256,
    };
    assert_eq!(refused::<Chars<2>>(&[1, 256]), range);
    assert_eq!(refused::<Chars<2>>(&[0, 0, 1, 256]), range);
    assert_eq!(
        refused::<Chars<2>>(&[0, 3]),
        DecodeProblem::Length { length: 3, max: 2 }
    );
    assert_eq!(
        refused::<Chars<2>>(&[u32::MAX, 1]),
        DecodeProblem::Truncated {
            missing: 17_179_869_176
        }
    );
    let bytes = to_vec(&chars()).expect("bytes have an encoding");
    let limits = |depth, allocation| Limits {
        depth,
        allocation,
        ..Limits::default()
    };
    let problem = |limits| {
        from_slice::<Chars<2>>(&bytes, limits)
            .map(drop)
            .map_err(|error| error.what)
    };
    assert_eq!(problem(limits(1, 4)), Ok(()));
    assert_eq!(problem(limits(1, 3)), Err(DecodeProblem::AllocationLimit));
    assert_eq!(problem(limits(0, 4)), Err(DecodeProblem::DepthLimit));
}

impl Colour {
    /// A second name for a number, as C enums have them.
    const LIME: Self = Self::Green;
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto, switch = Colour)]
enum Drink {
    #[xdr(case = Colour::LIME)]
    Juice(u32),
    #[xdr(case = Colour::Red | Colour::Blue)]
    Other(Colour),
}

#[test]
fn a_second_name_of_an_enumerator_is_a_constant() {
    let buffer = &mut Vec::new();
    check(Colour::LIME, &[2], buffer);
    check(Drink::Juice(4), &[2, 4], buffer);
    check(Drink::Other(Colour::Blue), &[3], buffer);
}
