//! `#[derive(Xdr)]` against hand-made bytes: every shape goes out as RFC 4506 draws it and comes back the same.

mod coding;
mod generics;

use rpc_macros::Xdr;
use rpc_proto::describe::{Describe, Type};
use rpc_proto::xdr::{Decode, DecodeProblem, Encode, EncodeError, Limits, from_slice, to_vec};

/// `value` has exactly these 4-byte words, and they give `value` back.
#[track_caller]
fn check<'a, T>(value: T, words: &[u32], buffer: &'a mut Vec<u8>)
where
    T: Encode + Decode<'a> + PartialEq + std::fmt::Debug,
{
    let expected: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    *buffer = to_vec(&value).expect("the value has an encoding");
    assert_eq!(*buffer, expected);
    assert_eq!(from_slice::<T>(buffer, Limits::default()), Ok(value));
}

#[track_caller]
fn refused<T: for<'a> Decode<'a>>(words: &[u32]) -> DecodeProblem {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    match from_slice::<T>(&bytes, Limits::default()) {
        Ok(_) => panic!("{words:?} was accepted"),
        Err(error) => error.what,
    }
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Named {
    id: u64,
    on: bool,
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Pair(i32, Option<u32>);

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Nothing;

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Borrowed<'a> {
    name: &'a str,
    data: &'a [u8],
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Generic<T, const N: usize> {
    items: Vec<T>,
    fixed: [T; N],
}

#[test]
fn a_struct_is_its_fields_in_order() {
    let buffer = &mut Vec::new();
    check(
        Named {
            id: 1 << 32 | 7,
            on: true,
        },
        &[1, 7, 1],
        buffer,
    );
    check(Pair(-1, Some(5)), &[u32::MAX, 1, 5], buffer);
    check(Nothing, &[], buffer);
    check(
        Generic {
            items: vec![1u32, 2],
            fixed: [3],
        },
        &[2, 1, 2, 3],
        buffer,
    );
}

#[test]
fn a_borrowed_field_points_into_the_message() {
    let buffer = &mut Vec::new();
    let value = Borrowed {
        name: "ab",
        data: &[1, 2, 3, 4],
    };
    check(value, &[2, 0x6162_0000, 4, 0x0102_0304], buffer);
    let message = buffer.clone();
    let back: Borrowed = from_slice(&message, Limits::default()).expect("it was just encoded");
    assert!(message.as_ptr_range().contains(&back.data.as_ptr()));
}

const TWO: isize = 2;

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
enum Colour {
    Red = -1,
    Green = TWO,
    Blue,
}

#[test]
fn an_enum_without_data_is_its_discriminant() {
    let buffer = &mut Vec::new();
    check(Colour::Red, &[u32::MAX], buffer);
    check(Colour::Green, &[2], buffer);
    check(Colour::Blue, &[3], buffer);
    assert_eq!(
        refused::<Colour>(&[0]),
        DecodeProblem::Discriminant {
            kind: "Colour",
            value: 0
        }
    );
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
enum Counted {
    Empty,
    One(u32),
    Two { left: Box<Counted>, right: u32 },
}

#[test]
fn variants_without_a_case_count_from_0() {
    let buffer = &mut Vec::new();
    check(Counted::Empty, &[0], buffer);
    check(Counted::One(9), &[1, 9], buffer);
    check(
        Counted::Two {
            left: Box::new(Counted::One(4)),
            right: 5,
        },
        &[2, 1, 4, 5],
        buffer,
    );
    assert_eq!(
        refused::<Counted>(&[3]),
        DecodeProblem::Discriminant {
            kind: "Counted",
            value: 3
        }
    );
}

#[test]
fn a_union_inside_itself_counts_as_depth() {
    let deep = (0..10).fold(Counted::Empty, |left, right| Counted::Two {
        left: Box::new(left),
        right,
    });
    let bytes = to_vec(&deep).expect("ten levels are few");
    let limits = Limits {
        depth: 10,
        ..Limits::default()
    };
    let error = from_slice::<Counted>(&bytes, limits).expect_err("21 levels are more than 10");
    assert_eq!(error.what, DecodeProblem::DepthLimit);
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto, switch = Colour)]
enum Painted {
    #[xdr(case = Colour::Red)]
    Plain,
    #[xdr(case = Colour::Green | Colour::Blue)]
    Mixed(Colour, u32),
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto, switch = u32)]
enum Status {
    #[xdr(case = 0)]
    Ok(String),
    #[xdr(case = 0xffff_fffe | (1 | 2))]
    Odd { code: u32 },
    #[xdr(default)]
    Other { code: u32, detail: u32 },
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto, switch = bool)]
enum Maybe<T> {
    #[xdr(case = true)]
    Some(T),
    #[xdr(case = false)]
    None,
}

#[test]
fn a_case_selects_its_variant() {
    let buffer = &mut Vec::new();
    check(Painted::Plain, &[u32::MAX], buffer);
    check(Painted::Mixed(Colour::Blue, 6), &[3, 6], buffer);
    check(Status::Ok("x".to_owned()), &[0, 1, 0x7800_0000], buffer);
    check(Status::Odd { code: 3 }, &[3], buffer);
    check(Status::Odd { code: 0xffff_fffe }, &[0xffff_fffe], buffer);
    check(Status::Other { code: 1, detail: 8 }, &[1, 8], buffer);
    check(Maybe::Some(3u32), &[1, 3], buffer);
    check(Maybe::<u32>::None, &[0], buffer);
}

#[test]
fn a_discriminant_that_the_switch_does_not_declare_is_refused() {
    assert_eq!(
        refused::<Painted>(&[1]),
        DecodeProblem::Discriminant {
            kind: "Colour",
            value: 1
        }
    );
    assert_eq!(
        refused::<Maybe<u32>>(&[2]),
        DecodeProblem::Bool { value: 2 }
    );
}

#[test]
fn a_kept_discriminant_of_another_arm_is_not_encoded() {
    let wrong = |kind, value| Err(EncodeError::Discriminant { kind, value });
    assert_eq!(
        to_vec(&Painted::Mixed(Colour::Red, 6)),
        wrong("Painted", -1)
    );
    assert_eq!(to_vec(&Status::Odd { code: 4 }), wrong("Status", 4));
    assert_eq!(
        to_vec(&Status::Other {
            code: 0xffff_fffe,
            detail: 0
        }),
        wrong("Status", 0xffff_fffe)
    );
}

mod seconds {
    use rpc_proto::describe::{Describe, Type};
    use rpc_proto::xdr::{Decode, DecodeError, Decoder, Encode, EncodeError, Encoder};
    use std::time::Duration;

    pub fn encode(value: &Duration, out: &mut Encoder) -> Result<(), EncodeError> {
        value.as_secs().encode(out)
    }

    pub fn decode(input: &mut Decoder<'_>) -> Result<Duration, DecodeError> {
        u64::decode(input).map(Duration::from_secs)
    }

    pub fn describe() -> &'static Type {
        u64::describe()
    }
}

#[derive(Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto, name = "lease")]
struct Lease {
    #[xdr(with = seconds, name = "time-left")]
    left: std::time::Duration,
    r#type: Colour,
}

#[test]
fn with_hands_a_field_to_a_module() {
    check(
        Lease {
            left: std::time::Duration::from_secs(60),
            r#type: Colour::Blue,
        },
        &[0, 60, 3],
        &mut Vec::new(),
    );
}

#[test]
fn descriptors_say_what_was_derived() {
    let Type::Struct {
        name: "lease",
        fields,
    } = Lease::describe()
    else {
        panic!("{:?}", Lease::describe())
    };
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["time-left", "type"]);
    assert!(matches!((fields[0].ty)(), Type::U64));
    let Type::Enum {
        name: "Colour",
        values,
    } = (fields[1].ty)()
    else {
        panic!("{:?}", (fields[1].ty)())
    };
    assert_eq!(*values, [("Red", -1), ("Green", 2), ("Blue", 3)]);
}

#[test]
fn the_descriptor_of_a_union_leaves_out_the_kept_discriminant() {
    let Type::Union {
        name: "Status",
        switch,
        arms,
    } = Status::describe()
    else {
        panic!("{:?}", Status::describe())
    };
    assert!(matches!(switch(), Type::U32));
    let shape: Vec<_> = arms
        .iter()
        .map(|arm| (arm.name, arm.cases, arm.default, arm.fields.len()))
        .collect();
    assert_eq!(
        shape,
        [
            ("Ok", &[0][..], false, 1),
            ("Odd", &[-2, 3], false, 0),
            ("Other", &[], true, 1)
        ]
    );
}
