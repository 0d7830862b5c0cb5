//! The matchmaker: its contract, `idl/matchmaker.idl`, and how servers and clients use it.
//!
//! A matchmaker tells clients where services are. Servers register at one (`.register("match://")`), clients connect to
//! `match://name`. Where it answers is said in the endpoint (`match://host:port/name`, `match://name?at=unix:/path`), else in
//! the environment variable [`ENVIRONMENT`], else it is the first that answers of the user's socket, the system's socket
//! ([`SYSTEM_SOCKET`]) and [`DEFAULT_ADDRESS`].

mod failure;
#[allow(
    missing_docs,
    reason = "generated from the contract, which is where it is documented"
)]
#[rustfmt::skip]
mod generated;
mod keeping;
mod offer;
mod places;
mod registrar;
mod resolver;

pub use failure::RegistrationError;
pub use generated::*;
pub(crate) use keeping::Registered;
pub(crate) use offer::Identity;
pub(crate) use places::is_on_this_host;
pub use places::{
    AddressError, DEFAULT_ADDRESS, ENVIRONMENT, RUNTIME_DIRECTORY, SYSTEM_SOCKET, USER_SOCKET,
    connect, own_socket, place,
};
pub(crate) use registrar::Registrar;
pub(crate) use resolver::Resolver;
