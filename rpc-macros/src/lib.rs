//! `#[derive(Xdr)]` on types and `#[rpc]` on traits: the one place that writes stubs.
//!
//! Users reach both through `rpc_core`, which documents them beside the types that they produce. What is emitted
//! names nothing but absolute paths (`::rpc_core::__private::…`, `::core::…`), so a crate that has its own `Result`,
//! `Option` or `Vec` expands to the same code as one that has not.

mod attribute;
mod errors;
#[cfg(test)]
mod mangled;
mod rpc;
#[cfg(test)]
mod snapshots;
mod span;
mod suggest;
mod words;
mod xdr;

use proc_macro::TokenStream;

/// Gives a type its canonical encoding: `Encode`, `Decode` and `Describe`.
///
/// - A **struct** is its fields in order; a field may borrow from the message (`&'a str`, `&'a [u8]`, `Cow<'a, str>`) if the
///   struct has one lifetime parameter. A `PhantomData` is not on the wire. What is borrowed never lives for `'static`; behind
///   an alias (`type Text = Cow<'static, str>`) the macro does not see that, and the compiler says it as E0521, "borrowed
///   data escapes": give the struct a lifetime, or own the data.
/// - An **enum without data** is an XDR enum: the variant's Rust discriminant, which must fit in an `i32`.
/// - An **enum with data** is an XDR union: a discriminant, then the fields of the variant that it selects.
///
/// Decoding is strict: a discriminant that no variant declares is an error. A second name for an enumerator is a constant,
/// `const LIME: Colour = Colour::Green`, which may be the label of a `case` too.
///
/// A type may have **parameters**. Those that its fields encode (`T`, `Vec<T>`, `T::Item`) must have an encoding themselves, and
/// keys of maps and sets must be comparable; nothing is asked of the others. Descriptors are of the instantiation:
/// `Page<Option<u32>>` has another one than `Page<String>`, and both have these names.
///
/// ```
/// use rpc_core::Xdr;
/// use rpc_core::xdr::{Limits, from_slice, to_vec};
///
/// #[derive(Debug, PartialEq, Xdr)]
/// enum Shape<'a> {
///     #[xdr(case = 1)]
///     Circle { radius: u32 },
///     #[xdr(case = 2)]
///     Named(&'a str),
/// }
///
/// let bytes = to_vec(&Shape::Named("dot"))?;
/// assert_eq!(bytes, *b"\0\0\0\x02\0\0\0\x03dot\0");
/// assert_eq!(from_slice::<Shape>(&bytes, Limits::default())?, Shape::Named("dot"));
/// assert!(from_slice::<Shape>(&[0; 4], Limits::default()).is_err(), "no variant declares 0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Attributes
///
/// | where | attribute | meaning |
/// |---|---|---|
/// | type | `#[xdr(switch = T)]` | makes an enum a union and names the type of its discriminant: `i32` (the default for an enum with data), `u32`, `bool`, or an enum without data that derives `Xdr` |
/// | type | `#[xdr(crate = path)]` | where `rpc_core` is found |
/// | variant | `#[xdr(case = A \| B)]` | the discriminants that select this variant, constants of type `T`; with several, the first field is the discriminant itself and is checked on encoding |
/// | variant | `#[xdr(default)]` | selected by every discriminant that has no `case`; the first field is the discriminant |
/// | field | `#[xdr(with = path)]` | encodes by the functions `encode`, `decode` and `describe` of a module; what these ask of the parameters of the type, its `where` clause says |
/// | field | `#[xdr(chain)]` | a `Vec<T>` as the linked list of a C program: 1 and an item, for each, and 0 |
/// | field | `#[xdr(words)]` | a `Vec<u8>`, `Bounded<Vec<u8>, N>`, `[u8; N]`, `BoxedArray<u8, N>` or an array of these arrays as the `char` array of a C program: each byte takes four |
/// | all three | `#[xdr(name = "text")]` | the name that descriptors show |
///
/// In a union whose variants have no `case`, they count from 0.
///
/// ```
/// use rpc_core::Xdr;
/// use rpc_core::xdr::to_vec;
/// use std::collections::BTreeMap;
///
/// #[derive(Xdr)]
/// struct Page<T> {
///     #[xdr(chain)]
///     items: Vec<T>,
///     totals: BTreeMap<String, u128>,
/// }
///
/// let page = Page { items: vec![7u32], totals: BTreeMap::new() };
/// assert_eq!(to_vec(&page)?, [0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
/// # Ok::<(), rpc_core::EncodeError>(())
/// ```
#[proc_macro_derive(Xdr, attributes(xdr))]
pub fn derive_xdr(input: TokenStream) -> TokenStream {
    xdr::expand(input.into()).into()
}
/// Makes an interface of a trait: its client, its service and its descriptor.
///
/// `#[rpc(program = P, version = V)] pub trait Bank { … }` keeps the trait, which a service implements, and adds
///
/// - `BankClient`, with `connect(endpoint)`, `local(service)`, the descriptor `INTERFACE`, and one method for each of
///   the trait's, which encodes its arguments and returns a `Call` (a `Oneway` for oneway methods);
/// - `BankService<T>`, which wraps an implementation for a server;
/// - for each exactly-once method `m` a provided method `recover_m` of the trait, which a service with effects outside of
///   its store writes itself, if it can find out after a crash whether `m` ran.
///
/// ```
/// use rpc_core::{Context, rpc};
///
/// #[rpc(program = 0x2000_0001, version = 1)]
/// pub trait Greeter {
///     /// Greets somebody.
///     #[rpc(idempotent)]
///     fn greet(&self, cx: &Context, name: &str) -> String;
/// }
///
/// struct Polite;
///
/// impl Greeter for Polite {
///     fn greet(&self, cx: &Context, name: &str) -> String {
///         format!("Good morning, {name}, at {}.", cx.peer())
///     }
/// }
///
/// // In one process; `GreeterClient::connect("tcp://…")` calls a server that serves `GreeterService::new(Polite)`.
/// let greeter = GreeterClient::local(Polite);
/// assert_eq!(greeter.greet("Alice").wait()?, "Good morning, Alice, at local.");
/// # Ok::<(), rpc_core::Error>(())
/// ```
///
/// # Methods
///
/// A method takes `&self`, then `cx: &Context` if it wants to know about the call, then its arguments, each a value
/// with a canonical encoding or a shared reference to one. What it returns is owned. `#[rpc(…)]` on a method states
///
/// - its semantics: `oneway`, `readonly`, `idempotent`, `at_most_once` (the default) or `exactly_once`;
/// - `procedure = N`, its number. A method without one takes the number after that of the method above it; the first
///   takes 1, since 0 is the null procedure;
/// - `name = "text"`, the name that descriptors and errors show;
/// - `deadline = "500ms"`, how long a call may take, unless its caller says otherwise by `.deadline(…)`; a whole number of
///   `ms`, `s`, `min` or `h`. Without it, calls have 10 seconds.
///
/// Arguments have plain names, and what `Self` is does not show in a signature. Other attributes:
///
/// - documentation and `#[deprecated]` are the client's method's too, and so are lint levels (`#[allow(…)]`);
/// - a method under `#[cfg(…)]` is in the trait, the client, the service and the descriptor, or in none of them. It keeps its
///   number in builds that leave it out; a caller in another build is told that the server has no such method. What a
///   `#[cfg_attr(…)]` holds is not seen, so it can hold neither `rpc` nor `cfg`.
///
/// `connect`, `local` and `clone` are functions of every client, and `into` and `try_into` of every value: no method can be called
/// so. A default body is refused, since it would be of no use to other languages' services; so are generics and `async fn`.
///
/// # The trait
///
/// It may be anywhere and as visible as one likes; the client and the service stand beside it and are as visible. Who implements
/// or calls it in another crate imports the trait, or its client, and needs nothing else. Supertraits are what a service must
/// have besides (`Bank: Audited`); their methods are not on the wire. `program` and `version` may be constants. Each version of
/// an interface is a trait of its own, and one server may serve several. `#[rpc(…)]` on the trait also takes
///
/// - `name = "text"`, the name that descriptors and errors show, as for `BankV1` and `BankV2`, which are both "Bank";
/// - `crate = path`, where `rpc_core` is found;
/// - `codec = "postcard"`, with the feature `postcard` of rpc-core: arguments and results are of any types that implement
///   `Serialize` and `Deserialize` of serde, and need no `Xdr`. Each argument is wrapped in a `Postcard` of its own, and so is
///   the result as a whole, with the declared error in it; no result stays nothing. Callers and services see the types as
///   they are written. What the types are does not show in the descriptor: peers that differ in one find out when it does
///   not decode. What compares results by their description wants the wrapper: `cx.transaction`, `resume` and `ask_again` take
///   `Postcard<T>` for a `T`.
///
/// # Test doubles
///
/// `BankClient::local(service)` calls any other implementation of `Bank` in the caller's own thread. Callers see no difference:
/// arguments and results are encoded and decoded, within the same limits; a deadline reaches the service and what it calls;
/// declared errors arrive in the result; a panic is an error that says *may have run*. There is no network, so nothing is lost
/// and nothing runs twice: names of calls (`.key`) are checked, and then each call runs. A service that does not come back holds
/// up its caller, also past the deadline.
#[proc_macro_attribute]
pub fn rpc(arguments: TokenStream, item: TokenStream) -> TokenStream {
    rpc::expand(arguments.into(), item.into()).into()
}
