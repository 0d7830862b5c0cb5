//! Where a server is registered, and as what.

use super::StartError;
use crate::describe::Interface;
use crate::endpoint::Endpoint;
use crate::matchmaker::{self, Identity, Registrar, RegistrationError};
use crate::rpcbind;
use std::time::{Duration, Instant};

/// What the builder was told about matchmakers and rpcbinds.
#[derive(Debug, Default)]
pub(super) struct Registering {
    pub(super) targets: Vec<String>,
    pub(super) advertised: Vec<String>,
}

/// The same, understood.
pub(super) struct Plan {
    targets: Vec<Endpoint>,
    advertised: Vec<Endpoint>,
}

/// A server's registration at one place. Dropping it ends that.
#[derive(Debug)]
pub(super) enum Registered {
    Match(matchmaker::Registered),
    Rpcbind(rpcbind::Registered),
}

impl Registering {
    /// Understands the texts, before anything is bound.
    pub(super) fn plan(&self) -> Result<Plan, StartError> {
        let parse = |texts: &[String]| {
            texts
                .iter()
                .map(|text| text.parse().map_err(StartError::Endpoint))
                .collect::<Result<Vec<Endpoint>, _>>()
        };
        Ok(Plan {
            targets: parse(&self.targets)?,
            advertised: parse(&self.advertised)?,
        })
    }
}

impl Plan {
    /// Registers at all places. If one refuses, the others forget the server again.
    pub(super) fn carry_out(
        &self,
        services: &[&'static Interface],
        bound: &[Endpoint],
        identity: &Identity,
    ) -> Result<Vec<Registered>, StartError> {
        let endpoints = if self.advertised.is_empty() {
            bound
        } else {
            &self.advertised
        };
        let register = |target: &Endpoint| -> Result<Registered, RegistrationError> {
            if matches!(target, Endpoint::Rpcbind { .. }) {
                let registered = rpcbind::Registered::start(target, services, endpoints)
                    .map_err(|error| RegistrationError::Rpcbind(Box::new(error)))?;
                return Ok(Registered::Rpcbind(registered));
            }
            let registrar = Registrar::new(target, services, endpoints, identity)?;
            matchmaker::Registered::start(registrar).map(Registered::Match)
        };
        let registered = self.targets.iter().map(register);
        registered
            .collect::<Result<_, _>>()
            .map_err(StartError::Registration)
    }
}

/// Withdraws everywhere, within about `bound` and never for long: a matchmaker that cannot be told sees the connection close.
pub(super) fn withdraw(registered: Vec<Registered>, bound: Duration) {
    let until = Instant::now() + bound.min(LONGEST_WITHDRAWAL);
    for registered in registered {
        let left = until.saturating_duration_since(Instant::now());
        match registered {
            Registered::Match(registered) => registered.withdraw(left),
            Registered::Rpcbind(registered) => registered.withdraw(left),
        }
    }
}

const LONGEST_WITHDRAWAL: Duration = Duration::from_secs(1);
