//! Arrays on the heap: the bytes of those in place, within the limits, and never on the stack.

use std::hash::{DefaultHasher, Hash, Hasher};

use rpc_macros::Xdr;
use rpc_proto::describe::{Describe, Type};
use rpc_proto::xdr::{
    ArrayLengthError, BoxedArray, Decode, DecodeError, DecodeProblem, Decoder, Encode, Limits,
    from_slice, to_vec,
};

/// What threads have if nobody says otherwise.
const STACK: usize = 2 << 20;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Xdr)]
#[xdr(crate = rpc_proto)]
struct Entry {
    id: u64,
    names: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Xdr)]
#[xdr(crate = rpc_proto)]
struct Nothing {}

#[track_caller]
fn same_as_in_place<T, const N: usize>(items: [T; N])
where
    T: Encode + for<'a> Decode<'a> + Describe + Clone + PartialEq + std::fmt::Debug,
{
    let bytes = to_vec(&items).expect("the array has an encoding");
    let array = BoxedArray::<T, N>::new(items.to_vec()).expect("there are as many");
    assert_eq!(to_vec(&array), Ok(bytes.clone()));
    assert_eq!(from_slice(&bytes, Limits::default()), Ok(array.clone()));
    assert_eq!(
        (&*array, array.clone().into_vec()),
        (&items, items.to_vec())
    );
    let kind = |described: &Type| std::mem::discriminant(described);
    assert_eq!(BoxedArray::<T, N>::NAME, <[T; N]>::NAME);
    assert_eq!(
        kind(BoxedArray::<T, N>::describe()),
        kind(<[T; N]>::describe())
    );
}

#[test]
fn a_boxed_array_has_the_bytes_of_one_in_place() {
    let entry = |id| Entry {
        id,
        names: vec![String::from("a name"); id as usize],
    };
    same_as_in_place([1u8, 2, 3, 4, 5]);
    same_as_in_place([1i32, -2, 3]);
    same_as_in_place([-1i16, 2]);
    same_as_in_place([0.5f64; 40]);
    same_as_in_place([true, false]);
    same_as_in_place([entry(0), entry(2), entry(1)]);
    same_as_in_place([[1u8, 2, 3], [4, 5, 6]]);
    same_as_in_place::<u64, 0>([]);
}

#[test]
fn a_boxed_array_has_its_length() {
    let refused = |length| {
        Err(ArrayLengthError {
            length,
            expected: 3,
        })
    };
    for length in [0, 2, 4] {
        assert_eq!(BoxedArray::<u8, 3>::new(vec![7; length]), refused(length));
    }
    let mut array = BoxedArray::<u8, 3>::filled(7);
    array[1] = 8;
    assert_eq!(array.into_vec(), [7, 8, 7]);
}

#[track_caller]
fn refused<T: for<'a> Decode<'a>>(bytes: &[u8], limits: Limits) -> DecodeProblem {
    match from_slice::<T>(bytes, limits) {
        Ok(_) => panic!("it was accepted"),
        Err(DecodeError { what, .. }) => what,
    }
}

/// Rules E-16 and E-17. A gigabyte on the word of a peer who sends four bytes would show as memory that is not there.
#[test]
fn a_boxed_array_counts_towards_the_limits() {
    const MANY: usize = 1 << 30;
    let all = Limits {
        message: usize::MAX,
        depth: 2,
        allocation: usize::MAX,
    };
    let missing = |missing| DecodeProblem::Truncated { missing };
    assert_eq!(
        refused::<BoxedArray<u8, MANY>>(&[0; 4], all),
        missing(MANY - 4)
    );
    assert_eq!(
        refused::<BoxedArray<u64, MANY>>(&[0; 8], all),
        missing(8 * MANY - 8)
    );
    assert_eq!(
        refused::<BoxedArray<u16, MANY>>(&[0; 8], all),
        missing(4 * MANY - 8)
    );
    assert_eq!(refused::<BoxedArray<bool, MANY>>(&[0; 8], all), missing(4));
    assert_eq!(
        refused::<BoxedArray<Entry, MANY>>(&[0; 24], all),
        missing(8)
    );
    let allocation = |allocation| Limits { allocation, ..all };
    let memory = DecodeProblem::AllocationLimit;
    assert_eq!(
        refused::<BoxedArray<u32, 8>>(&[0; 32], allocation(31)),
        memory
    );
    assert!(from_slice::<BoxedArray<u32, 8>>(&[0; 32], allocation(32)).is_ok());
    let flat = Limits { depth: 0, ..all };
    assert_eq!(
        refused::<BoxedArray<u8, 4>>(&[0; 4], flat),
        DecodeProblem::DepthLimit
    );
    assert!(to_vec(&BoxedArray::<u8, 4>::filled(0)).is_ok());
}

/// Nothing on the wire says how many elements there are that take no bytes, and each takes time.
#[test]
fn elements_that_take_no_bytes_count_towards_the_memory() {
    type Row = [Nothing; 1000];
    let limits = Limits::default();
    let memory = DecodeProblem::AllocationLimit;
    assert_eq!(
        refused::<BoxedArray<Nothing, 100_000_000>>(&[], limits),
        memory
    );
    assert_eq!(refused::<BoxedArray<Row, 100_000>>(&[], limits), memory);
    assert_eq!(refused::<[Row; 100_000]>(&[], limits), memory);
    assert!(from_slice::<BoxedArray<Row, 10>>(&[], limits).is_ok());
}

fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    thread.expect("it starts").join().expect("it ends well");
}

#[track_caller]
fn used<T, const N: usize>(array: &BoxedArray<T, N>)
where
    T: Encode + for<'a> Decode<'a> + Clone + PartialEq + Hash + 'static,
{
    let bytes = to_vec(array).expect("the array has an encoding");
    let limits = Limits {
        message: bytes.len(),
        allocation: 1 << 30,
        ..Limits::default()
    };
    let again = BoxedArray::<T, N>::decode(&mut Decoder::new(&bytes, limits));
    let clone = again.expect("it is taken").clone();
    assert!(clone == *array);
    let hash = |array: &BoxedArray<T, N>| {
        let mut hasher = DefaultHasher::new();
        array.hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash(&clone), hash(array));
    assert_eq!(clone.into_vec().len(), N);
}

#[test]
fn no_boxed_array_goes_over_the_stack() {
    on_a_small_stack(|| used(&BoxedArray::<u8, { 16 << 20 }>::filled(7)));
    on_a_small_stack(|| used(&BoxedArray::<u64, { 1 << 20 }>::filled(1 << 60)));
    let entry = || Entry {
        id: 9,
        names: vec!["a name".into()],
    };
    on_a_small_stack(move || used(&BoxedArray::<Entry, { 1 << 17 }>::filled(entry())));
    on_a_small_stack(|| used(&BoxedArray::<[u8; 16], { 1 << 18 }>::filled([7; 16])));
    on_a_small_stack(|| {
        let text = format!("{:?}", BoxedArray::<u8, { 4 << 20 }>::filled(7));
        assert!(text.starts_with("BoxedArray([7, 7"), "{}", &text[..20]);
    });
}
