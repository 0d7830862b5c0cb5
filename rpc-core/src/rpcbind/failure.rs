//! Why an rpcbind was of no help.

use crate::Endpoint;
use std::error::Error as StdError;

/// An rpcbind that gave no address of a server, or did not take one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RpcbindError {
    /// It did not answer, or not as an rpcbind does.
    #[error(
        "no rpcbind helps at {rpcbind}: {source}; `rpcinfo -p HOST` shows whether one runs there"
    )]
    Away {
        /// Where it was asked.
        rpcbind: Endpoint,
        /// What happened.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// It knows no server of the program.
    #[error(
        "{asked} knows no server of {program}; start it, or see with `rpcinfo -p HOST` what is registered",
        asked = listed(.asked)
    )]
    NotRegistered {
        /// Where was asked: an rpcbind tells only what answers over the transport on which it is asked.
        asked: Vec<Endpoint>,
        /// The interface that is to be called, with its numbers.
        program: String,
    },
    /// The address that it gave is of no use here.
    #[error("{rpcbind} says that {program} is at {problem}")]
    Unusable {
        /// Which rpcbind.
        rpcbind: Endpoint,
        /// The interface that is to be called, with its numbers.
        program: String,
        /// The address as it came, and what is wrong with it.
        problem: String,
    },
    /// The endpoint names another program, or another version, than the interface is.
    #[error(
        "{endpoint} has other numbers than {program}; leave them out, or take the interface that has them"
    )]
    OtherNumbers {
        /// The endpoint.
        endpoint: Endpoint,
        /// The interfaces there are, with their numbers.
        program: String,
    },
    /// It does not register a server.
    #[error(
        "{rpcbind} does not register {program} at {place}: another user has registered it, \
         or this rpcbind lets only its host's programs register; `rpcinfo -s HOST` shows who has what"
    )]
    Refused {
        /// Which rpcbind.
        rpcbind: Endpoint,
        /// The interface that is to be registered, with its numbers.
        program: String,
        /// The transport, as an rpcbind calls it, and the universal address.
        place: String,
    },
    /// No endpoint of the server can be told to an rpcbind.
    #[error(
        "there is no endpoint to register at {target}: listen on tcp://, udp:// or unix:/path, and name hosts by their address"
    )]
    NoEndpoint {
        /// Where to register.
        target: Endpoint,
    },
}

fn listed(asked: &[Endpoint]) -> String {
    let asked: Vec<String> = asked.iter().map(Endpoint::to_string).collect();
    format!("rpcbind, asked at {},", asked.join(" and "))
}
