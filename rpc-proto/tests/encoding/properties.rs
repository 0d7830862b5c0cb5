//! Rule E-1, the two laws of the canonical encoding, over random values and over random and damaged bytes.

use std::fmt::Debug;

use proptest::prelude::*;
use rpc_proto::xdr::{Bounded, Decode, Encode, Limits, from_slice, to_vec};

use super::types::*;

/// `decode(encode(v)) == v`
pub fn value_survives<T>(value: &T) -> Result<(), TestCaseError>
where
    T: Encode + for<'a> Decode<'a> + PartialEq + Debug,
{
    let bytes = to_vec(value).expect("the value has an encoding");
    prop_assert_eq!(bytes.len() % 4, 0);
    let back = from_slice::<T>(&bytes, Limits::default());
    prop_assert_eq!(back.as_ref(), Ok(value));
    Ok(())
}

/// For every accepted byte string `encode(decode(b)) == b`. Says whether it was accepted.
pub fn bytes_survive<'a, T: Encode + Decode<'a>>(bytes: &'a [u8]) -> bool {
    match from_slice::<T>(bytes, Limits::default()) {
        Ok(value) => {
            let again = to_vec(&value).expect("a decoded value has an encoding");
            assert_eq!(again, bytes);
            true
        }
        Err(error) => {
            assert!(error.at <= bytes.len(), "{error}");
            false
        }
    }
}

/// Runs the second law on every type here; how many accepted the bytes.
fn bytes_survive_in_every_type(bytes: &[u8]) -> usize {
    let accepted = [
        bytes_survive::<()>(bytes),
        bytes_survive::<bool>(bytes),
        bytes_survive::<(i8, u8, i16, u16)>(bytes),
        bytes_survive::<(i32, u32, i64, u64)>(bytes),
        bytes_survive::<(f32, f64)>(bytes),
        bytes_survive::<Vec<f32>>(bytes),
        bytes_survive::<String>(bytes),
        bytes_survive::<Vec<u8>>(bytes),
        bytes_survive::<[u8; 7]>(bytes),
        bytes_survive::<Vec<u16>>(bytes),
        bytes_survive::<Vec<bool>>(bytes),
        bytes_survive::<Vec<()>>(bytes),
        bytes_survive::<[Option<i16>; 3]>(bytes),
        bytes_survive::<Vec<Result<String, Color>>>(bytes),
        bytes_survive::<Bounded<Vec<Bounded<String, 5>>, 3>>(bytes),
        bytes_survive::<Vec<Option<Box<Point>>>>(bytes),
        bytes_survive::<Shape>(bytes),
        bytes_survive::<Status>(bytes),
        bytes_survive::<Node>(bytes),
        bytes_survive::<Tree>(bytes),
        bytes_survive::<Everything>(bytes),
        bytes_survive::<File>(bytes),
        bytes_survive::<Borrowed<'_>>(bytes),
    ];
    accepted.into_iter().filter(|accepted| *accepted).count()
}

fn color() -> impl Strategy<Value = Color> + Clone {
    prop::sample::select(&[Color::Red, Color::Green, Color::Blue][..])
}

fn point() -> impl Strategy<Value = Point> + Clone {
    (any::<i32>(), any::<i64>()).prop_map(|(x, y)| Point { x, y })
}

fn text() -> impl Strategy<Value = String> + Clone {
    prop::collection::vec(any::<char>(), 0..9).prop_map(|letters| letters.into_iter().collect())
}

fn blob() -> impl Strategy<Value = Vec<u8>> + Clone {
    prop::collection::vec(any::<u8>(), 0..40)
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Nothing),
        any::<u32>().prop_map(|radius| Shape::Circle { radius }),
        (point(), text()).prop_map(|(at, name)| Shape::Label { at, name }),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Fine),
        (1u32..3, any::<u64>()).prop_map(|(code, by)| Status::Late { code, by }),
        (3u32.., text()).prop_map(|(code, why)| Status::Other { code, why }),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = any::<i32>().prop_map(Tree::Leaf);
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop::collection::vec(inner, 0..5).prop_map(Tree::Fork)
    })
}

fn chain() -> impl Strategy<Value = Node> {
    (any::<i32>(), prop::collection::vec(any::<i32>(), 0..60)).prop_map(|(value, values)| {
        let next = values
            .into_iter()
            .fold(None, |next, value| Some(Box::new(Node { value, next })));
        Node { value, next }
    })
}

fn everything() -> impl Strategy<Value = Everything> {
    let numbers = (
        any::<bool>(),
        any::<(i8, u8)>(),
        any::<(i16, u16)>(),
        color(),
        any::<[u8; 5]>(),
    );
    let lists = (
        blob(),
        prop::collection::vec(text(), 0..4),
        prop::option::of(point()),
    );
    let rest = (
        any::<[[u32; 2]; 2]>(),
        prop_oneof![any::<u64>().prop_map(Ok), text().prop_map(Err)],
    );
    (numbers, lists, rest).prop_map(|(numbers, (data, lines, corner), (grid, outcome))| {
        let (flag, tiny, short, color, id) = numbers;
        Everything {
            flag,
            tiny,
            short,
            color,
            id,
            data,
            lines,
            corner,
            grid,
            outcome,
        }
    })
}

/// Some value's encoding, of any of the types.
fn encoding() -> impl Strategy<Value = Vec<u8>> {
    fn bytes<T: Encode>(value: T) -> Vec<u8> {
        to_vec(&value).expect("the value has an encoding")
    }
    prop_oneof![
        everything().prop_map(bytes),
        tree().prop_map(bytes),
        chain().prop_map(bytes),
        shape().prop_map(bytes),
        status().prop_map(bytes),
        (text(), blob(), prop::collection::vec(text(), 0..4)).prop_map(bytes),
        prop::collection::vec(prop::option::of(point()), 0..5).prop_map(bytes),
    ]
}

proptest! {
    #[test]
    fn e1_values_survive(
        numbers in any::<((i8, u8, i16, u16), (i32, u32, i64, u64, bool))>(),
        lists in any::<(Vec<i8>, Vec<u16>, Vec<i32>, Vec<u64>, Vec<bool>, [i16; 3], [u64; 2])>(),
        strings in (text(), blob(), prop::collection::vec(prop::option::of(text()), 0..5)),
        unions in prop::collection::vec((shape(), status()), 0..5),
        everything in everything(),
        trees in (tree(), chain()),
    ) {
        value_survives(&numbers)?;
        value_survives(&lists)?;
        value_survives(&strings)?;
        value_survives(&unions)?;
        value_survives(&everything)?;
        value_survives(&trees)?;
    }

    /// By bits, since a NaN does not equal itself.
    #[test]
    fn e3_floats_keep_all_their_bits(singles: Vec<u32>, doubles: Vec<u64>) {
        let value: (Vec<f32>, Vec<f64>) = (
            singles.iter().map(|bits| f32::from_bits(*bits)).collect(),
            doubles.iter().map(|bits| f64::from_bits(*bits)).collect(),
        );
        let bytes = to_vec(&value).unwrap();
        prop_assert_eq!(&bytes, &to_vec(&(singles, doubles)).unwrap());
        prop_assert!(bytes_survive::<(Vec<f32>, Vec<f64>)>(&bytes));
    }

    #[test]
    fn e1_random_bytes_that_are_accepted_survive(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        bytes_survive_in_every_type(&bytes);
    }

    /// Small words are lengths, flags and discriminants, so they are often accepted.
    #[test]
    fn e1_small_words_that_are_accepted_survive(words in prop::collection::vec(0u32..4, 0..20)) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes_survive_in_every_type(&bytes);
    }

    #[test]
    fn e1_encodings_are_accepted_and_survive(bytes in encoding()) {
        prop_assert!(bytes_survive_in_every_type(&bytes) > 0);
    }

    /// A value says where it ends, so no value begins with another.
    #[test]
    fn e1_no_prefix_of_an_encoding_is_one(value in (everything(), tree(), chain(), status())) {
        let bytes = to_vec(&value).unwrap();
        for length in 0..bytes.len() {
            let found = from_slice::<(Everything, Tree, Node, Status)>(&bytes[..length], Limits::default());
            prop_assert!(found.is_err(), "{} of {} bytes", length, bytes.len());
        }
    }

    #[test]
    fn e1_damaged_encodings_that_are_accepted_survive(
        bytes in encoding(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        tail in prop::collection::vec(Just(0u8), 0..5),
    ) {
        let mut bytes = bytes;
        for (place, value) in damage {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        bytes.extend_from_slice(&tail);
        bytes_survive_in_every_type(&bytes);
    }
}

/// The laws would hold for a decoder that accepts nothing: small words must be accepted by every type that can be.
#[test]
fn e1_every_type_accepts_something() {
    for (kind, accepted) in [
        ("shape", bytes_survive::<Shape>(&[0; 4])),
        ("status", bytes_survive::<Status>(&[0; 4])),
        ("node", bytes_survive::<Node>(&[0; 8])),
        ("tree", bytes_survive::<Tree>(&[0; 8])),
        ("everything", bytes_survive::<Everything>(&[0; 72])),
        ("file", bytes_survive::<File>(&[0; 16])),
    ] {
        assert!(accepted, "{kind}");
    }
}
