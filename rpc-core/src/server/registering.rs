//! Where a server is registered, and as what.

use super::StartError;
use crate::describe::Interface;
use crate::endpoint::Endpoint;
use crate::matchmaker::{Identity, Registered, Registrar};
use std::time::{Duration, Instant};

/// What the builder was told about matchmakers.
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
    /// Registers at all matchmakers. If one refuses, the others forget the server again.
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
        let register = |target| {
            let registrar = Registrar::new(target, services, endpoints, identity)?;
            Registered::start(registrar).map_err(StartError::Registration)
        };
        self.targets.iter().map(register).collect()
    }
}

/// Withdraws everywhere, within about `bound` and never for long: whoever cannot be told sees the connection close.
pub(super) fn withdraw(registered: Vec<Registered>, bound: Duration) {
    let until = Instant::now() + bound.min(LONGEST_WITHDRAWAL);
    for registered in registered {
        registered.withdraw(until.saturating_duration_since(Instant::now()));
    }
}

const LONGEST_WITHDRAWAL: Duration = Duration::from_secs(1);
