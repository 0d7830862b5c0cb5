//! What types and interfaces look like on the wire, as static data.
//!
//! Descriptors are linked by functions, `fn() -> &'static Type`, since plain constants cannot describe a type that
//! contains itself.

mod fingerprint;
mod idl;
mod name;
mod types;

use std::time::Duration;

pub use idl::to_idl;
#[doc(hidden)]
pub use name::Name;
pub use types::{Arm, Field, Type, TypeFn};

/// A type that can describe its own encoding.
///
/// ```
/// use rpc_proto::describe::{Describe, Type};
///
/// assert!(matches!(Vec::<u8>::describe(), Type::Opaque));
/// assert!(matches!(Vec::<u32>::describe(), Type::List(_)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not describe its encoding",
    note = "a type of this crate gets one from `#[derive(rpc_core::Xdr)]`"
)]
pub trait Describe {
    /// The name that tells people which type this is where it is the parameter of another.
    #[doc(hidden)]
    const NAME: &'static str = "_";

    /// The descriptor.
    fn describe() -> &'static Type;

    /// The descriptor of a list of these. `u8` is opaque bytes.
    #[doc(hidden)]
    fn describe_list() -> &'static Type
    where
        Self: Sized,
    {
        const { &Type::List(Self::describe) }
    }

    /// The descriptor of `N` of these. `u8` is opaque bytes.
    #[doc(hidden)]
    fn describe_array<const N: usize>() -> &'static Type
    where
        Self: Sized,
    {
        const { &Type::Array(Self::describe, array_length(N)) }
    }
}

/// The length of an array in a descriptor; an array too long for the wire does not compile.
pub(crate) const fn array_length(length: usize) -> u32 {
    assert!(
        length <= u32::MAX as usize,
        "an array on the wire has at most 2^32 - 1 elements"
    );
    length as u32
}

/// One version of one program: what a client and a service agree on.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    /// Name, for people; it is not on the wire.
    pub name: &'static str,
    /// Program number (RFC 5531, section 8).
    pub program: u32,
    /// Version of the program.
    pub version: u32,
    /// The procedures; 0 is NULL and is not listed.
    pub methods: &'static [Method],
}

impl Interface {
    /// The method with this procedure number.
    pub fn method(&self, procedure: u32) -> Option<&'static Method> {
        // Procedures mostly count from 1 in order, so the search is mostly one look.
        let guess = self.methods.get((procedure as usize).wrapping_sub(1));
        guess
            .filter(|method| method.procedure == procedure)
            .or_else(|| {
                self.methods
                    .iter()
                    .find(|method| method.procedure == procedure)
            })
    }
}

/// One procedure of an interface.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Name, for people; it is not on the wire.
    pub name: &'static str,
    /// Procedure number.
    pub procedure: u32,
    /// What a call of it promises.
    pub semantics: Semantics,
    /// How long a call may take unless its caller says otherwise. It is the caller's, so it is not in the fingerprint.
    pub deadline: Option<Duration>,
    /// The arguments, encoded one after the other.
    pub args: &'static [Field],
    /// The result.
    pub result: TypeFn,
}

impl Method {
    /// A number over procedure, semantics and the wire shape of arguments and result (rule E-18 of `docs/protocol.md`).
    ///
    /// Names do not count, so renaming breaks nobody. It walks the types each time: keep it.
    pub fn fingerprint(&self) -> u64 {
        fingerprint::of_method(self)
    }
}

/// What a call promises, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Semantics {
    /// Runs at most once, has no reply; success means handed over.
    Oneway,
    /// Changes nothing: may be retried, hedged and stopped half-way.
    Readonly,
    /// Retried until there is a reply; may run more than once.
    Idempotent,
    /// Never runs twice; after the loss of its server the outcome is unknown.
    AtMostOnce,
    /// Never runs twice, and its reply is delivered as long as the caller keeps asking.
    ExactlyOnce,
}
