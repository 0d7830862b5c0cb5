//! A server's side of the matchmaker: registering, renewing, and coming back after trouble.

use super::offer::{Identity, registrations};
use super::places::{self, Places};
use super::{Lease, MatchmakerClient, Registration, RegistrationError};
use crate::{Endpoint, Interface};
use std::time::{Duration, Instant};

/// Keeps a server's services registered at one matchmaker, for as long as it is asked to.
///
/// Its owner calls [`Registrar::register`] once, then [`Registrar::renew`] whenever [`Registrar::next_renewal`] has come,
/// and [`Registrar::withdraw`] at the end. Each of these may wait for the network, [`PATIENCE`] at most for a call;
/// [`super::Registered`] does it on a thread of its own.
///
/// Trouble after the first registration never reaches the server: when the matchmaker is away the registrar tries again
/// with back-off, and when a restarted one does not know a lease, it registers afresh.
#[derive(Debug)]
pub(crate) struct Registrar {
    places: Places,
    desk: MatchmakerClient,
    matchmaker: Endpoint,
    offers: Vec<Offer>,
    /// The shortest lease that was granted.
    lease: Duration,
    next: Instant,
    /// Rounds that failed, one after the other.
    failures: u32,
}

/// One service under one name.
#[derive(Debug)]
struct Offer {
    registration: Registration,
    lease: Option<u64>,
}

impl Registrar {
    /// A registrar for `services` at the matchmaker that `target`, a `match://` endpoint, names. Connects to it and registers nothing yet.
    ///
    /// A name in `target` is used for all services, else each has its interface's. `endpoints` are where clients find them.
    pub(crate) fn new(
        target: &Endpoint,
        services: &[&'static Interface],
        endpoints: &[Endpoint],
        identity: &Identity,
    ) -> Result<Self, RegistrationError> {
        let Endpoint::Match {
            matchmaker,
            name,
            version,
            ..
        } = target
        else {
            return Err(RegistrationError::NotAMatchmaker(target.clone()));
        };
        let places = Places::new(matchmaker.as_deref())?;
        let (matchmaker, desk) = places.reach(places::PATIENCE)?;
        let named = (name.as_str(), *version);
        let registrations = registrations(&matchmaker, named, services, endpoints, identity)?;
        Ok(Self::with_desk(places, desk, matchmaker, registrations))
    }

    fn with_desk(
        places: Places,
        desk: MatchmakerClient,
        matchmaker: Endpoint,
        registrations: Vec<Registration>,
    ) -> Self {
        let offer = |registration| Offer {
            registration,
            lease: None,
        };
        let offers = registrations.into_iter().map(offer).collect();
        Self {
            places,
            desk,
            matchmaker,
            offers,
            lease: ASKED_LEASE,
            next: Instant::now(),
            failures: 0,
        }
    }

    /// Registers all services, or says which one cannot be and why.
    pub(crate) fn register(&mut self) -> Result<(), RegistrationError> {
        let outcome = self.round();
        if outcome.is_ok() {
            self.plan(Instant::now(), true);
        }
        outcome
    }

    /// When to renew next: at a third of the lease, so that two renewals may be lost.
    pub(crate) fn next_renewal(&self) -> Instant {
        self.next
    }

    /// Renews all leases, and registers again what the matchmaker does not know.
    pub(crate) fn renew(&mut self) {
        if self.failures > 0 && self.places.are_several() {
            self.look_around();
        }
        let outcome = self.round();
        match &outcome {
            Ok(()) if self.failures > 0 => {
                tracing::info!(matchmaker = %self.matchmaker, "registered again")
            }
            Ok(()) => {}
            // Once, not at each try: a matchmaker may be away for long.
            Err(error) if self.failures == 0 => tracing::warn!(%error, "not registered; trying on"),
            Err(_) => {}
        }
        self.plan(Instant::now(), outcome.is_ok());
    }

    /// The matchmaker may have come back at another place, or another one in its place. It has to be on this host, as the
    /// first one was: all places are, where there are several.
    fn look_around(&mut self) {
        if let Ok((matchmaker, desk)) = self.places.reach(PATIENCE) {
            (self.matchmaker, self.desk) = (matchmaker, desk);
        }
    }

    /// Withdraws all entries, as far as that can be done within `bound`. What remains ends with this connection.
    pub(crate) fn withdraw(&mut self, bound: Duration) {
        let until = Instant::now() + bound;
        for lease in self
            .offers
            .iter_mut()
            .filter_map(|offer| offer.lease.take())
        {
            let left = until
                .saturating_duration_since(Instant::now())
                .min(PATIENCE);
            if left.is_zero() || self.desk.withdraw(lease).deadline(left).wait().is_err() {
                return;
            }
        }
    }

    /// Refreshes every offer. One that is refused must not cost the others their leases; a matchmaker that is away is away
    /// for all.
    fn round(&mut self) -> Result<(), RegistrationError> {
        let mut shortest = ASKED_LEASE;
        let mut refused = Ok(());
        for offer in &mut self.offers {
            match offer.refresh(&self.desk, &self.matchmaker) {
                Ok(lease) => {
                    offer.lease = Some(lease.id);
                    shortest = shortest.min(Duration::from_millis(lease.length_ms.into()));
                }
                Err(error @ RegistrationError::Refused { .. }) => refused = refused.and(Err(error)),
                Err(error) => return Err(error),
            }
        }
        self.lease = shortest;
        refused
    }

    fn plan(&mut self, now: Instant, well: bool) {
        // A lease of no length would have us ask without end.
        let pause = (self.lease / 3).max(FIRST_RETRY);
        if well {
            self.failures = 0;
            self.next = now + pause;
        } else {
            let backed_off = FIRST_RETRY.saturating_mul(1 << self.failures.min(16));
            self.failures += 1;
            // Never longer than between renewals: who comes back is to be found soon.
            self.next = now + backed_off.min(pause);
        }
    }
}

impl Offer {
    /// Renews the lease if there is one, else asks for one.
    fn refresh(
        &mut self,
        desk: &MatchmakerClient,
        matchmaker: &Endpoint,
    ) -> Result<Lease, RegistrationError> {
        let away = |error| RegistrationError::away(matchmaker, error);
        if let Some(lease) = self.lease {
            let renewed = desk.renew(lease).deadline(PATIENCE).wait().map_err(away)?;
            if let Ok(lease) = renewed {
                return Ok(lease);
            }
            self.lease = None;
        }
        let asked = u32::try_from(ASKED_LEASE.as_millis()).unwrap_or(u32::MAX);
        let answer = desk
            .register(self.registration.clone(), asked)
            .deadline(PATIENCE)
            .wait()
            .map_err(away)?;
        answer.map_err(|error| RegistrationError::Refused {
            matchmaker: matchmaker.clone(),
            name: self.registration.name.to_string(),
            why: super::failure::refusal(&error),
        })
    }
}

/// The lease to ask for: what a registered server is worth after it vanished without closing its connection.
const ASKED_LEASE: Duration = Duration::from_secs(15);

/// How long one call to the matchmaker may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The first pause after a failure; each further one doubles it.
const FIRST_RETRY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
