/// Why bytes were refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {what}")]
pub struct DecodeError {
    /// Offset of the item at fault, counted from where the decoder began.
    pub at: usize,
    /// What is wrong with it.
    pub what: DecodeProblem,
}

/// What can be wrong with encoded bytes. All but the three `…Limit` ones are the sender's fault; those are our policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// The input ends inside an item.
    #[error("the input ends here, {missing} bytes too early")]
    Truncated {
        /// How many more bytes the item needs.
        missing: usize,
    },
    /// Bytes follow the value.
    #[error("{extra} bytes are left over")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// A padding byte is not zero.
    #[error("padding is not zero")]
    Padding,
    /// A boolean is neither 0 nor 1.
    #[error("{value} is not a boolean")]
    Bool {
        /// What it is.
        value: u32,
    },
    /// A number does not fit its narrow type.
    #[error("{value} does not fit {kind}")]
    Range {
        /// The narrow type.
        kind: &'static str,
        /// The number, as it was sent.
        value: i64,
    },
    /// An enum or a union does not declare this value.
    #[error("{kind} has no value {value}")]
    Discriminant {
        /// The enum or union.
        kind: &'static str,
        /// The value, as it was sent.
        value: i64,
    },
    /// A string is not UTF-8.
    #[error("the string is not UTF-8")]
    Utf8,
    /// A key of a map or an element of a set comes before the one in front of it, by their bytes.
    #[error("the keys of a map and the elements of a set must ascend, and this one does not")]
    Unsorted,
    /// A key of a map or an element of a set is there twice.
    #[error("this key of a map or element of a set is there twice")]
    Duplicate,
    /// A length is above what its type allows.
    #[error("length {length} is over the bound {max}")]
    Length {
        /// The length, as it was sent.
        length: u32,
        /// The bound.
        max: u32,
    },
    /// The message is longer than [`Limits::message`](super::Limits::message).
    #[error("the message is longer than {max} bytes")]
    MessageLimit {
        /// The limit.
        max: usize,
    },
    /// Values are nested deeper than [`Limits::depth`](super::Limits::depth).
    #[error("values are nested too deeply")]
    DepthLimit,
    /// The values would take more memory than [`Limits::allocation`](super::Limits::allocation).
    #[error("the values would take too much memory")]
    AllocationLimit,
    /// A user's conversion refused a value that is well formed.
    #[error("{0}")]
    Custom(&'static str),
}

/// Why a value has no encoding. Always a mistake on this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A length does not fit its bound, or 32 bits.
    #[error("length {length} is over the bound {max}")]
    Length {
        /// The length.
        length: usize,
        /// The bound.
        max: u32,
    },
    /// Values are nested deeper than a decoder would accept.
    #[error("values are nested too deeply")]
    Depth,
    /// A union's discriminant is not one of the labels of its arm.
    #[error("{kind}: {value} is not a label of this arm")]
    Discriminant {
        /// The union.
        kind: &'static str,
        /// The discriminant that it holds.
        value: i64,
    },
    /// Two keys of a map or elements of a set have the same encoding.
    #[error("two keys of a map, or elements of a set, have the same encoding")]
    Duplicate,
    /// A user's conversion cannot express this value.
    #[error("{0}")]
    Custom(&'static str),
}
