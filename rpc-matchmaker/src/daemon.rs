//! A running matchmaker.

use crate::desk::{Desk, MOST_WATCHERS};
use crate::registry::Limits;
use rpc_core::matchmaker::MatchmakerService;
use rpc_core::{Endpoint, Server, ShutdownError, StartError};
use std::num::NonZero;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where a matchmaker answers unless it is told otherwise: on the loopback address only, since it believes what it is told.
pub const DEFAULT_ENDPOINTS: [&str; 2] = ["tcp://127.0.0.1:4111", "udp://127.0.0.1:4111"];

/// A matchmaker that answers until it is dropped or shut down.
pub struct Daemon {
    server: Option<Server>,
    desk: Desk,
    sweeper: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Starts a matchmaker that answers at `endpoints`.
    pub fn start<E: AsRef<str>>(endpoints: &[E], limits: Limits) -> Result<Self, DaemonError> {
        let mut entropy = [0; 16];
        getrandom::fill(&mut entropy).map_err(DaemonError::Entropy)?;
        let desk = Desk::new(limits, entropy);
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let mut builder = Server::builder()
            .serve(MatchmakerService::new(desk.clone()))
            .threads(processors.max(4) + MOST_WATCHERS);
        for endpoint in endpoints {
            builder = builder.listen(endpoint.as_ref());
        }
        let server = builder.start()?;
        let sweeping = desk.clone();
        let sweeper = thread::Builder::new()
            .name("sweeper".to_owned())
            .spawn(move || sweeping.sweep());
        let sweeper = sweeper.map_err(DaemonError::Thread)?;
        Ok(Self {
            server: Some(server),
            desk,
            sweeper: Some(sweeper),
        })
    }

    /// Where it answers, with the ports that the system chose.
    pub fn endpoints(&self) -> &[Endpoint] {
        self.server.as_ref().map_or(&[], Server::endpoints)
    }

    /// Ends it, within about `bound`.
    pub fn shutdown(mut self, bound: Duration) -> Result<(), ShutdownError> {
        // Whoever watches would hold the end up.
        self.desk.close();
        match self.server.take() {
            Some(server) => server.shutdown(bound),
            None => Ok(()),
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.desk.close();
        if let Some(sweeper) = self.sweeper.take() {
            // It panics only if the registry does; that was printed when it happened.
            let _ = sweeper.join();
        }
    }
}

/// A matchmaker that could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// Its server could not.
    #[error(transparent)]
    Server(#[from] StartError),
    /// The system has no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Entropy(getrandom::Error),
    /// There is no thread to watch the leases.
    #[error("no thread can be started to watch the leases: {0}")]
    Thread(#[source] std::io::Error),
}

#[cfg(test)]
mod tests {
    use super::DEFAULT_ENDPOINTS;
    use rpc_core::matchmaker::DEFAULT_ADDRESS;

    #[test]
    fn the_daemon_answers_where_it_is_looked_for() {
        let expected = ["tcp", "udp"].map(|scheme| format!("{scheme}://{DEFAULT_ADDRESS}"));
        assert_eq!(DEFAULT_ENDPOINTS.map(str::to_owned), expected);
    }
}
