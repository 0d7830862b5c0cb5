//! The thread that keeps a server registered.

use super::{Registrar, RegistrationError};
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// A server's registration at one matchmaker, kept up by a thread of its own: it waits for the network, which none of the server's
/// threads may. Dropping it ends the registration without waiting; [`Registered::withdraw`] waits.
#[derive(Debug)]
pub(crate) struct Registered {
    /// Until when withdrawing may take.
    stop: Sender<Instant>,
    /// Ends with the thread.
    ended: Receiver<()>,
}

impl Registered {
    /// Registers, and keeps it so.
    pub(crate) fn start(mut registrar: Registrar) -> Result<Self, RegistrationError> {
        registrar.register()?;
        let (stop, stopped) = mpsc::channel();
        let (ending, ended) = mpsc::channel();
        let keep = move || {
            keep(registrar, &stopped);
            drop(ending);
        };
        let thread = thread::Builder::new()
            .name("registrar".to_owned())
            .spawn(keep);
        thread
            .map(|_| Self { stop, ended })
            .map_err(|error: io::Error| RegistrationError::Thread(error))
    }

    /// Withdraws all entries. Returns when that is done, after about `bound` at the latest; entries that are left end with the
    /// connection.
    pub(crate) fn withdraw(self, bound: Duration) {
        // Both fail only when the thread has ended, which is what is waited for.
        let _ = self.stop.send(Instant::now() + bound);
        let _ = self.ended.recv_timeout(bound);
    }
}

fn keep(mut registrar: Registrar, stopped: &Receiver<Instant>) {
    loop {
        let pause = registrar
            .next_renewal()
            .saturating_duration_since(Instant::now());
        match stopped.recv_timeout(pause) {
            Err(mpsc::RecvTimeoutError::Timeout) => registrar.renew(),
            Ok(until) => {
                return registrar.withdraw(until.saturating_duration_since(Instant::now()));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
    }
}
