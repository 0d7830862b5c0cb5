//! What is on the wire where a `.x` file and its Rust look different: lists, bytes that are words, options, arms that keep
//! their discriminant. The numbers are written down by hand, from RFC 4506.

#![allow(dead_code, reason = "fixtures have more types than are sent here")]

use rpc_core::xdr::{Bounded, Decode, Encode, Limits, from_slice, to_vec};
use std::fmt::Debug;

macro_rules! fixtures {
    ($($name:ident)*) => {$(
        mod $name {
            include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/x/", stringify!($name), ".rs"));
        }
    )*};
}

fixtures! { absent_lists anonymous bytes enums lists only_default unions }

/// The value takes these words, and they are the value.
fn wire<T: Encode + for<'a> Decode<'a> + PartialEq + Debug>(value: T, words: &[u32]) {
    let expected: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let bytes = to_vec(&value).expect("the value can be sent");
    assert_eq!(bytes, expected, "{value:?}");
    let again: T = from_slice(&bytes, Limits::default()).expect("it can be read");
    assert_eq!(again, value);
}

#[test]
fn a_list_says_before_each_item_that_it_follows() {
    use lists::{Answer, Box, Entries, Entry, Item, WordItem, Words};
    let items = || vec![Item { value: 7 }, Item { value: 8 }];
    let name = b"ab".to_vec();
    wire(
        Box {
            name,
            items: items(),
        },
        &[2, 0x6162_0000, 1, 7, 1, 8, 0],
    );
    wire(Entries(vec![]), &[0]);
    wire(
        Entries(vec![Entry { name: vec![5] }]),
        &[1, 1, 0x0500_0000, 0],
    );
    wire(Words(vec![WordItem { word: vec![] }]), &[1, 0, 0]);
    wire(Answer::Case0(items()), &[0, 1, 7, 1, 8, 0]);
    wire(Answer::Case1(2, Entries(vec![])), &[2, 0]);
    wire(Answer::Default(9), &[9]);
}

#[test]
fn a_list_that_may_be_absent_has_a_bool_before_it() {
    use absent_lists::{Direct, Named, Node, Nodes, Otherwise};
    let list = || vec![Node { v: 7 }];
    wire(Direct::True(list()), &[1, 1, 7, 0]);
    wire(Direct::False, &[0]);
    wire(Otherwise::True(list()), &[1, 1, 7, 0]);
    wire(Named::Some(Nodes(list())), &[1, 1, 7, 0]);
}

#[test]
fn a_long_list_is_read_without_recursion() {
    let items = (0..100_000).map(|value| lists::Item { value }).collect();
    let name = Vec::new();
    let long = lists::Box { name, items };
    let bytes = to_vec(&long).expect("the value can be sent");
    assert_eq!(bytes.len(), 4 + 8 * 100_000 + 4);
    let again: lists::Box = from_slice(&bytes, Limits::default()).expect("it can be read");
    assert_eq!(again, long);
}

#[test]
fn what_is_no_list_says_whether_something_follows() {
    let last = lists::Held {
        value: 2,
        next: None,
    };
    let first = lists::Held {
        value: 1,
        next: Some(Box::new(last)),
    };
    wire(first, &[1, 1, 2, 0]);
}

#[test]
fn an_array_of_chars_has_a_word_for_each_and_opaque_has_not() {
    use bytes::{Board, Either, Key, Octets, Row};
    let two = || Bounded::new(vec![7, 0xff]).expect("two are not too many");
    wire(Either::Case0(two()), &[0, 2, 7, 0xff]);
    wire(Either::Case1(two()), &[1, 2, 0x07ff_0000]);
    wire(Either::Case2(3, [1, 2]), &[3, 1, 2]);
    wire(Key([1, 2, 3, 4, 5, 0xfe]), &[1, 2, 3, 4, 5, 0xfe]);
    wire(Octets(vec![9]), &[1, 9]);
    let rows = [Row([1, 2, 3]), Row([4, 5, 6])];
    wire(Board { rows }, &[1, 2, 3, 4, 5, 6]);
    let letters = Bounded::<Vec<i8>, 12>::new(vec![-1]).expect("one is not too many");
    wire(letters, &[1, 0xffff_ffff]);
}

#[test]
fn a_bool_with_something_or_nothing_is_an_option() {
    wire(
        unions::PostOpAttr::Some(unions::Attributes { size: 3 }),
        &[1, 3],
    );
    wire(unions::PostOpAttr::None, &[0]);
    wire(unions::MaybeMaybe::Some(None), &[1, 0]);
    wire(unions::TheOtherWay::False(4), &[0, 4]);
    wire(unions::TheOtherWay::True, &[1]);
}

#[test]
fn an_arm_of_several_labels_keeps_which_it_was() {
    use unions::{OfInt, Result, Status};
    wire(Result::Noent(Status::Again, 5), &[11, 5]);
    wire(Result::Fatal, &[u32::MAX]);
    wire(OfInt::CaseMinus3(1), &[(-3i32) as u32, 1]);
    wire(OfInt::Case20(21), &[21]);
    wire(unions::OfUnsigned::Case4294967295(1), &[u32::MAX, 1]);
    wire(unions::DefaultLabel::Default(6), &[5, 6]);
    wire(unions::DefaultLabel::Default_(6), &[6]);
    wire(only_default::OnlyDefault::Default(8, 9), &[8, 9]);
    assert!(
        to_vec(&Result::Noent(Status::Ok, 5)).is_err(),
        "another arm is for that"
    );
}

#[test]
fn names_of_one_number_are_one_value() {
    use enums::{Bits, ByAlias, Colour};
    assert_eq!(Colour::LIME, Colour::Green);
    wire(ByAlias::Lime(7), &[2, 7]);
    wire(ByAlias::Default(Colour::None), &[u32::MAX]);
    wire(Bits::High, &[0x8000_0000]);
    wire(Bits::All, &[u32::MAX]);
}

#[test]
fn types_without_a_name_are_where_they_are_written() {
    use anonymous::{Shape, ShapeForm, ShapeFormRound};
    let round = ShapeFormRound {
        radius: 4,
        fill: None,
    };
    let shape = Shape {
        kind: anonymous::ShapeKind::Circle,
        place: anonymous::ShapePlace { x: 1, y: 2 },
        form: ShapeForm::Case1(round),
    };
    wire(shape, &[2, 1, 2, 1, 4, 0]);
}
