//! A running matchmaker.

use crate::desk::{Desk, MOST_WATCHERS};
use crate::registry::Limits;
use crate::rpcbind::Rpcbind;
use crate::state::{StateError, StateFile};
use rpc_core::matchmaker::{DEFAULT_ADDRESS, MatchmakerService, SYSTEM_SOCKET, own_socket};
use rpc_core::{Endpoint, Server, ShutdownError, StartError};
use std::fs::{self, Permissions};
use std::io;
use std::num::NonZero;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where a matchmaker answers unless it is told otherwise: on the loopback address only, since it believes what it is told,
/// and at the socket of its user, if there is a place for one. The directory of root's socket is made if it is missing.
pub fn default_endpoints() -> io::Result<Vec<String>> {
    let mut endpoints = vec![
        format!("tcp://{DEFAULT_ADDRESS}"),
        format!("udp://{DEFAULT_ADDRESS}"),
    ];
    if let Some(socket) = own_socket() {
        make_directory(&socket)?;
        endpoints.push(socket.to_string());
    }
    Ok(endpoints)
}

/// Makes the directory of the system's socket. That of a user's is the system's to make.
fn make_directory(socket: &Endpoint) -> io::Result<()> {
    let directory = Path::new(SYSTEM_SOCKET).parent();
    match directory.filter(|_| is_systems(socket)) {
        Some(directory) => fs::create_dir_all(directory).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", directory.display()))
        }),
        None => Ok(()),
    }
}

fn is_systems(socket: &Endpoint) -> bool {
    matches!(socket, Endpoint::Unix(name) if name.path() == Some(Path::new(SYSTEM_SOCKET)))
}

/// Lets every user of the host connect to the system's socket: the kernel says who they are. Other sockets are as the process's
/// umask wants them.
fn open_to_all(endpoints: &[Endpoint]) -> io::Result<()> {
    if endpoints.iter().any(is_systems) {
        fs::set_permissions(SYSTEM_SOCKET, Permissions::from_mode(0o666))?;
    }
    Ok(())
}

/// A matchmaker that answers until it is dropped or shut down.
pub struct Daemon {
    server: Option<Server>,
    desk: Desk,
    sweeper: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Starts a matchmaker that answers at `endpoints`, and keeps nothing on disk.
    pub fn start<E: AsRef<str>>(endpoints: &[E], limits: Limits) -> Result<Self, DaemonError> {
        Self::start_with_state(endpoints, limits, None)
    }

    /// The same, with a file by which registrations outlive the matchmaker.
    pub fn start_with_state<E: AsRef<str>>(
        endpoints: &[E],
        limits: Limits,
        state: Option<&Path>,
    ) -> Result<Self, DaemonError> {
        let mut entropy = [0; 16];
        getrandom::fill(&mut entropy).map_err(DaemonError::Entropy)?;
        let desk = Desk::new(limits, entropy);
        if let Some(path) = state {
            let (file, entries) = StateFile::open(path)?;
            let kept = desk.keep(file, entries.into_values());
            kept.map_err(|source| StateError::Io {
                path: path.to_owned(),
                source,
            })?;
        }
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let mut builder = Server::builder()
            .serve(MatchmakerService::new(desk.clone()))
            .threads(processors.max(4) + MOST_WATCHERS);
        for endpoint in endpoints {
            builder = builder.listen(endpoint.as_ref());
        }
        let server = builder.start()?;
        open_to_all(server.endpoints()).map_err(DaemonError::Permissions)?;
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

    /// Has `rpcbind` show the servers that are registered here, from now on.
    pub fn show_in(&self, rpcbind: &Rpcbind) {
        self.desk.show_in(rpcbind.desk());
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
    /// Its state file cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The system's socket cannot be opened to all users.
    #[error("the permissions of {SYSTEM_SOCKET} cannot be set: {0}")]
    Permissions(#[source] io::Error),
    /// There is no thread to watch the leases.
    #[error("no thread can be started to watch the leases: {0}")]
    Thread(#[source] io::Error),
}
