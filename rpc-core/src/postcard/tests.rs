use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::ops::Range;

use rpc_proto::describe::{Describe, Type};
use rpc_proto::xdr::{DecodeProblem, EncodeError, Limits, from_slice, to_vec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Postcard;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    Leaf(Option<char>),
    Fork(Vec<Tree>),
    Named { name: String, range: Range<i64> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain(Option<Box<Chain>>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Borrowed<'a> {
    text: &'a str,
    bytes: &'a [u8],
}

/// The item on the wire: a length, the bytes and their padding.
fn item(bytes: &[u8]) -> Vec<u8> {
    to_vec(bytes).expect("bytes have an encoding")
}

#[track_caller]
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, bytes: &[u8]) {
    assert_eq!(to_vec(&Postcard(&value)), Ok(item(bytes)));
    let back = from_slice::<Postcard<T>>(&item(bytes), Limits::default());
    assert_eq!(back, Ok(Postcard(value)));
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(bytes: &[u8], limits: Limits) -> (usize, DecodeProblem) {
    let found = from_slice::<Postcard<T>>(&item(bytes), limits);
    let error = found.expect_err("these bytes are to be refused");
    (error.at, error.what)
}

#[test]
fn a_serde_type_is_one_opaque_item() {
    check(300u32, &[0xac, 0x02]);
    check((), &[]);
    check(Tree::Leaf(Some('x')), &[0, 1, 1, b'x']);
    let named = |range| Tree::Named {
        name: "ab".into(),
        range,
    };
    check(
        Tree::Fork(vec![Tree::Leaf(None), named(-1..1)]),
        &[1, 2, 0, 0, 2, 2, b'a', b'b', 1, 2],
    );
    check(HashMap::from([("k".to_owned(), true)]), &[1, 1, b'k', 1]);
    check([BTreeMap::from([(1u8, -1i128)])], &[1, 1, 1]);
    check(Chain(Some(Box::new(Chain(None)))), &[1, 0]);
}

#[test]
fn what_follows_is_decoded_too() {
    let bytes = to_vec(&(1u32, Postcard("abcd"), 2u32)).unwrap();
    let back: (u32, Postcard<&str>, u32) = from_slice(&bytes, Limits::default()).unwrap();
    assert_eq!(back, (1, Postcard("abcd"), 2));
}

#[test]
fn borrowed_values_point_into_the_message() {
    let value = Borrowed {
        text: "abc",
        bytes: &[1, 2],
    };
    let message = to_vec(&Postcard(&value)).unwrap();
    let Postcard(back): Postcard<Borrowed<'_>> = from_slice(&message, Limits::default()).unwrap();
    assert_eq!(back, value);
    assert!(message.as_ptr_range().contains(&back.text.as_ptr()));
}

#[test]
fn bytes_that_are_no_value_are_refused_where_they_are_wrong() {
    let custom = DecodeProblem::Custom;
    let limits = Limits::default();
    let rows = [
        (
            refused::<u32>(&[0xac], limits),
            (4, custom("the postcard bytes end inside the value")),
        ),
        (
            refused::<u32>(&[1, 2, 3], limits),
            (5, DecodeProblem::Trailing { extra: 2 }),
        ),
        (
            refused::<u16>(&[0xff; 3], limits),
            (4, custom("a number in the postcard bytes is too large")),
        ),
        (
            refused::<bool>(&[2], limits),
            (4, custom("a bool in the postcard bytes is neither 0 nor 1")),
        ),
        (
            refused::<Option<u8>>(&[2], limits),
            (
                4,
                custom("an option in the postcard bytes is neither 0 nor 1"),
            ),
        ),
        (
            refused::<String>(&[1, 0xff], limits),
            (4, custom("a string in the postcard bytes is not UTF-8")),
        ),
        (
            refused::<Tree>(&[3], limits),
            (
                4,
                custom("the `Deserialize` of the type refused the postcard bytes"),
            ),
        ),
        (
            refused::<serde_any::Anything>(&[1], limits),
            (
                4,
                custom("the type has to be told what comes, which postcard does not"),
            ),
        ),
    ];
    for (found, expected) in rows {
        assert_eq!(found, expected);
    }
    let cut = from_slice::<Postcard<u32>>(&[0, 0, 0, 9, 1], limits);
    assert_eq!(
        cut.map_err(|error| error.what),
        Err(DecodeProblem::Truncated { missing: 8 })
    );
}

/// A type that asks the input what it is, as untagged enums do.
mod serde_any {
    use serde::de::{Deserialize, Deserializer, IgnoredAny};

    #[derive(Debug)]
    pub struct Anything;

    impl<'de> Deserialize<'de> for Anything {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(IgnoredAny).map(|_| Self)
        }
    }
}

/// Each level is a byte or two of the message and a frame or more of the stack.
#[test]
fn nesting_is_limited_as_in_lists_and_unions() {
    let limits = |depth| Limits {
        depth,
        ..Limits::default()
    };
    let chain = |links: usize| [vec![1; links], vec![0]].concat();
    let problem = |bytes: &[u8], depth| {
        from_slice::<Postcard<Chain>>(&item(bytes), limits(depth))
            .map(drop)
            .map_err(|error| error.what)
    };
    assert_eq!(problem(&chain(3), 4), Ok(()));
    assert_eq!(problem(&chain(4), 4), Err(DecodeProblem::DepthLimit));
    assert_eq!(
        problem(&[], 0),
        Err(DecodeProblem::DepthLimit),
        "the item itself is a level"
    );
    let endless = Limits::default();
    assert_eq!(
        refused::<Chain>(&vec![1; 1 << 20], endless).1,
        DecodeProblem::DepthLimit
    );
    assert_eq!(
        refused::<Tree>(&vec![1; 1 << 20], endless).1,
        DecodeProblem::DepthLimit
    );
}

/// 2^64 times nothing takes ten bytes to say, and an empty string takes 24 bytes of memory for one of the message.
#[test]
fn memory_is_charged_before_it_is_taken() {
    let limits = |allocation| Limits {
        allocation,
        ..Limits::default()
    };
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    assert_eq!(
        refused::<Vec<()>>(&most, Limits::default()).1,
        DecodeProblem::AllocationLimit
    );
    let strings = [vec![10], vec![0; 10]].concat();
    let needed = 10 * 2 * size_of::<String>();
    assert_eq!(
        refused::<Vec<String>>(&strings, limits(needed - 1)).1,
        DecodeProblem::AllocationLimit
    );
    assert!(from_slice::<Postcard<Vec<String>>>(&item(&strings), limits(needed)).is_ok());
    assert_eq!(
        refused::<String>(b"\x03abc", limits(2)).1,
        DecodeProblem::AllocationLimit
    );
    let table = [1, 1, b'a', 9];
    assert_eq!(
        refused::<HashMap<String, u64>>(&table, limits(64)).1,
        DecodeProblem::AllocationLimit
    );
    assert!(from_slice::<Postcard<HashMap<String, u64>>>(&item(&table), limits(65)).is_ok());
    // What one value took is no longer there for the next.
    let twice = [item(&strings), item(&strings)].concat();
    type Twice = (Postcard<Vec<String>>, Postcard<Vec<String>>);
    assert!(from_slice::<Twice>(&twice, limits(2 * needed)).is_ok());
    assert!(from_slice::<Twice>(&twice, limits(2 * needed - 1)).is_err());
}

#[test]
fn a_value_without_postcard_bytes_is_an_error() {
    struct Unbounded;
    impl Serialize for Unbounded {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serde::ser::SerializeSeq::end(serializer.serialize_seq(None)?)
        }
    }
    let expected = "postcard must know the length of a sequence before its elements";
    assert_eq!(
        to_vec(&Postcard(Unbounded)),
        Err(EncodeError::Custom(expected))
    );
}

#[test]
fn the_descriptor_names_the_codec() {
    let Type::Struct {
        name: "Postcard",
        fields: [only],
    } = <Postcard<Tree>>::describe()
    else {
        panic!("{:?}", <Postcard<Tree>>::describe())
    };
    assert!(matches!((only.ty)(), Type::Opaque));
}
