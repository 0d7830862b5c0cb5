//! Rules E-15 to E-17: limits are checked before anything is spent.

use std::fmt::Debug;

use rpc_macros::Xdr;
use rpc_proto::xdr::{
    BoundError, Bounded, Decode, DecodeProblem, EncodeError, Encoder, Limits, from_slice, to_vec,
};

use super::types::{Node, Tree};

const LIMITS: Limits = Limits {
    message: 64,
    depth: 4,
    allocation: 80,
};

#[track_caller]
fn check<T: for<'a> Decode<'a> + Debug>(bytes: &[u8], expected: Result<(), DecodeProblem>) {
    check_within::<T>(LIMITS, bytes, expected);
}

/// With memory enough that only depth counts.
#[track_caller]
fn check_depth<T: for<'a> Decode<'a> + Debug>(bytes: &[u8], expected: Result<(), DecodeProblem>) {
    let allocation = 1 << 10;
    check_within::<T>(
        Limits {
            allocation,
            ..LIMITS
        },
        bytes,
        expected,
    );
}

#[track_caller]
fn check_within<T: for<'a> Decode<'a> + Debug>(
    limits: Limits,
    bytes: &[u8],
    expected: Result<(), DecodeProblem>,
) {
    let found = from_slice::<T>(bytes, limits);
    assert_eq!(found.map(drop).map_err(|error| error.what), expected);
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[test]
fn e15_a_message_has_a_longest_length() {
    check::<[u8; 64]>(&[7; 64], Ok(()));
    check::<[u8; 68]>(&[7; 68], Err(DecodeProblem::MessageLimit { max: 64 }));
}

#[test]
fn e16_boxes_and_lists_count_as_depth() {
    type Four<T> = Vec<Vec<Vec<Vec<T>>>>;
    let few = words(&[1, 1, 1, 0]);
    check_depth::<Four<u64>>(&few, Ok(()));
    check_depth::<Box<Four<u64>>>(&few, Err(DecodeProblem::DepthLimit));
    check_depth::<Box<Box<Box<Box<u32>>>>>(&words(&[1]), Ok(()));
    check_depth::<Box<Box<Box<Vec<Vec<u8>>>>>>(&words(&[1, 0]), Err(DecodeProblem::DepthLimit));
}

#[test]
fn e16_depth_is_given_back() {
    check::<Vec<Vec<u8>>>(
        &words(&[5, 0, 0, 0, 0, 0]),
        Err(DecodeProblem::AllocationLimit),
    );
    check::<[Vec<u64>; 9]>(&[0; 36], Ok(()));
}

#[test]
fn e16_a_chain_from_the_network_cannot_exhaust_the_stack() {
    let endless = words(&[1; 1 << 16]);
    let error = from_slice::<Node>(&endless, Limits::default()).unwrap_err();
    assert_eq!(error.what, DecodeProblem::DepthLimit);
    let endless = words(&[1; 1 << 16]);
    let error = from_slice::<Tree>(&endless, Limits::default()).unwrap_err();
    assert_eq!(error.what, DecodeProblem::DepthLimit);
}

/// A type that contains itself in every value has none, but it can be declared.
#[derive(Debug, Xdr)]
#[xdr(crate = rpc_proto)]
struct Endless {
    next: Box<Endless>,
}

#[test]
fn e16_a_type_without_values_is_refused_too() {
    let error = from_slice::<Endless>(&[], Limits::default()).unwrap_err();
    assert_eq!(error.what, DecodeProblem::DepthLimit);
}

#[test]
fn e16_what_cannot_be_decoded_for_its_depth_is_not_encoded() {
    let chain = |length| (0..length).fold(None, |next, value| Some(Box::new(Node { value, next })));
    let deepest = Limits::default().depth as i32;
    let bytes = to_vec(&chain(deepest)).unwrap();
    assert_eq!(from_slice(&bytes, Limits::default()), Ok(chain(deepest)));
    assert_eq!(to_vec(&chain(deepest + 1)), Err(EncodeError::Depth));
}

#[test]
fn e17_memory_is_refused_before_it_is_taken() {
    check::<Vec<u8>>(&[words(&[56]), vec![7; 56]].concat(), Ok(()));
    check::<(Vec<u8>, Vec<u8>)>(
        &[words(&[28]), vec![7; 28], words(&[28]), vec![7; 28]].concat(),
        Ok(()),
    );
    check::<Vec<Vec<u64>>>(
        &words(&[4, 0, 0, 0, 0]),
        Err(DecodeProblem::AllocationLimit),
    );
    check::<Vec<String>>(&words(&[2, 0, 0]), Ok(()));
    check::<Option<Box<[u64; 11]>>>(
        &[words(&[1]), vec![0; 60]].concat(),
        Err(DecodeProblem::AllocationLimit),
    );
}

#[test]
fn e17_numbers_in_bulk_are_charged_what_they_take() {
    let allocation = 24;
    let limits = Limits {
        allocation,
        ..LIMITS
    };
    let refused = Err(DecodeProblem::AllocationLimit);
    check_within::<Vec<u8>>(limits, &[words(&[24]), vec![1; 24]].concat(), Ok(()));
    check_within::<Vec<u8>>(limits, &[words(&[25]), vec![0; 28]].concat(), refused);
    check_within::<Vec<u64>>(limits, &[words(&[3]), vec![1; 24]].concat(), Ok(()));
    check_within::<Vec<u64>>(limits, &[words(&[4]), vec![1; 32]].concat(), refused);
    check_within::<Vec<i16>>(limits, &[words(&[12]), vec![0; 48]].concat(), Ok(()));
    check_within::<Vec<i16>>(limits, &[words(&[13]), vec![0; 52]].concat(), refused);
}

#[test]
fn e14_a_bound_is_inclusive() {
    assert!(Bounded::<&str, 3>::new("abc").is_ok());
    assert_eq!(
        Bounded::<&str, 3>::new("abcd"),
        Err(BoundError { length: 4, max: 3 })
    );
    assert!(Bounded::<Vec<()>, 0>::new(vec![]).is_ok());
    assert_eq!(
        Bounded::<Vec<()>, 0>::new(vec![()]),
        Err(BoundError { length: 1, max: 0 })
    );
}

#[test]
fn e16_an_encoder_gives_depth_back_too() {
    let many = Limits::default().depth as usize + 1;
    assert_eq!(
        to_vec(&vec![Some(Box::new(1u32)); many]).map(|bytes| bytes.len()),
        Ok(4 + 8 * many)
    );
}

/// Or else what is decoded as one could not be encoded as the other.
#[test]
fn e16_borrowed_and_owned_bytes_count_alike() {
    let limits = Limits { depth: 0, ..LIMITS };
    check_within::<Vec<u8>>(limits, &words(&[0]), Err(DecodeProblem::DepthLimit));
    let borrowed = from_slice::<&[u8]>(&[0; 4], limits).map_err(|error| error.what);
    assert_eq!(borrowed, Err(DecodeProblem::DepthLimit));
}

/// Elements that take no bytes on the wire still cost their receiver time.
#[test]
fn e17_a_list_of_nothing_is_not_free() {
    check::<Vec<()>>(&words(&[10]), Ok(()));
    check::<Vec<()>>(&words(&[11]), Err(DecodeProblem::AllocationLimit));
    check::<Vec<Vec<()>>>(&words(&[2, 2, 2]), Ok(()));
    check::<Vec<Vec<()>>>(&words(&[2, 2, 3]), Err(DecodeProblem::AllocationLimit));
    check::<Vec<[u8; 0]>>(&words(&[11]), Err(DecodeProblem::AllocationLimit));
}

#[test]
fn e17_borrowed_values_take_nothing() {
    let limits = Limits {
        allocation: 0,
        ..LIMITS
    };
    let bytes = [
        words(&[3]),
        b"abc\0".to_vec(),
        words(&[4]),
        vec![1, 2, 3, 4],
    ]
    .concat();
    let (text, data): (&str, &[u8]) = from_slice(&bytes, limits).unwrap();
    assert_eq!((text, data), ("abc", &[1, 2, 3, 4][..]));
    let within = bytes.as_ptr_range();
    assert!(within.contains(&text.as_ptr()) && within.contains(&data.as_ptr()));
    assert!(from_slice::<(String, &[u8])>(&bytes, limits).is_err());
}

#[test]
fn headroom_is_not_part_of_the_value() {
    let mut out = Encoder::with_headroom(vec![9; 100], 8);
    assert!(out.is_empty());
    out.u64(1);
    assert_eq!(
        (out.len(), out.as_slice()),
        (8, &[0, 0, 0, 0, 0, 0, 0, 1][..])
    );
    let buffer = out.into_vec();
    assert_eq!((buffer.len(), buffer.capacity()), (16, 100));
    assert_eq!(buffer[..8], [0; 8]);
}
