//! Why a server is not registered.

use super::{AddressError, RegisterError};
use crate::Endpoint;
use crate::error::ResolveError;
use crate::rpcbind::RpcbindError;
use std::error::Error as StdError;
use std::io;

/// A server that could not be registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The endpoint to register at is no `match://` endpoint.
    #[error(
        "{0} is no matchmaker and no rpcbind; write match://[host:port/][name], match://[name]?at=unix:/path or rpcbind://"
    )]
    NotAMatchmaker(Endpoint),
    /// The environment names a matchmaker in a way that cannot be understood.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The matchmaker did not answer.
    #[error("no matchmaker at {matchmaker} ({source}); start one with `matchmaker`")]
    Away {
        /// Where it was looked for last.
        matchmaker: Endpoint,
        /// What happened.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The matchmaker cannot be found.
    #[error(transparent)]
    Resolve(ResolveError),
    /// The matchmaker does not take the registration.
    #[error("the matchmaker at {matchmaker} refuses `{name}`: {why}")]
    Refused {
        /// Which matchmaker.
        matchmaker: Endpoint,
        /// The name that should be registered.
        name: String,
        /// Its reason.
        why: String,
    },
    /// The server cannot be described as a registration.
    #[error("`{name}` cannot be registered: {why}")]
    Unfit {
        /// The name.
        name: String,
        /// The reason.
        why: String,
    },
    /// No endpoint could be called from another process.
    #[error("{0}")]
    NotCallable(String),
    /// An rpcbind is not told of the server.
    #[error(transparent)]
    Rpcbind(Box<RpcbindError>),
    /// There is no thread left to keep it up.
    #[error("no thread can be started to renew the registration: {0}")]
    Thread(#[source] io::Error),
}

impl RegistrationError {
    pub(super) fn away(
        matchmaker: &Endpoint,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Away {
            matchmaker: matchmaker.clone(),
            source: source.into(),
        }
    }
}

impl From<ResolveError> for RegistrationError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Away { matchmaker, source } => Self::Away { matchmaker, source },
            ResolveError::Address(error) => Self::Address(error),
            error => Self::Resolve(error),
        }
    }
}

pub(super) fn refusal(error: &RegisterError) -> String {
    match error {
        RegisterError::BadName => "a name has letters, digits, `-`, `_` and `.`".to_owned(),
        RegisterError::NoEndpoint => "it has no endpoint".to_owned(),
        RegisterError::Full { limit } => format!("it is full (its limit is {limit})"),
        RegisterError::Superseded => "a later life of this server has registered since".to_owned(),
    }
}
