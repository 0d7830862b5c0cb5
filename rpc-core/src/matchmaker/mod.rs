//! The matchmaker: its contract, `idl/matchmaker.idl`, and how servers and clients use it.
//!
//! A matchmaker tells clients where services are. Servers register at one (`.register("match://")`), clients connect to
//! `match://name`. Where it answers is said in the endpoint, `match://host:port/name`, else in the environment variable
//! [`ENVIRONMENT`], else it is [`DEFAULT_ADDRESS`].

mod failure;
#[allow(
    missing_docs,
    reason = "generated from the contract, which is where it is documented"
)]
#[rustfmt::skip]
mod generated;
mod keeping;
mod offer;
mod registrar;
mod resolver;

pub use failure::RegistrationError;
pub use generated::*;
pub(crate) use keeping::Registered;
pub(crate) use offer::Identity;
pub(crate) use registrar::Registrar;
pub(crate) use resolver::Resolver;

use crate::endpoint::{Authority, EndpointProblem};

/// Where a matchmaker answers unless it is said otherwise: `host:port`. (rpcbind has 111.)
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:4111";

/// The environment variable that says where the matchmaker answers, as `host:port`.
pub const ENVIRONMENT: &str = "RPC_MATCHMAKER";

/// Where a matchmaker answers that was written down as `chosen`, or not at all.
pub fn address(chosen: Option<&Authority>) -> Result<Authority, AddressError> {
    if let Some(chosen) = chosen {
        return Ok(chosen.clone());
    }
    let text = std::env::var(ENVIRONMENT).unwrap_or_else(|_| DEFAULT_ADDRESS.to_owned());
    text.parse()
        .map_err(|problem| AddressError { text, problem })
}

/// Whether whoever is reached at this address runs on this host.
///
/// Unix sockets are registered at such matchmakers only, and taken only from such: then server and client are both on the
/// matchmaker's host. An own address on the network is not recognised, which costs the use of a socket and does no harm.
pub(crate) fn is_on_this_host(matchmaker: &Authority) -> bool {
    match matchmaker.address() {
        Some(address) => address.ip().is_loopback(),
        None => matchmaker.host().eq_ignore_ascii_case("localhost"),
    }
}

/// The environment says where the matchmaker is, in a way that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{ENVIRONMENT} is `{text}`, which is not host:port: {problem}")]
pub struct AddressError {
    text: String,
    #[source]
    problem: EndpointProblem,
}
