//! Where a relay takes what comes to it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The address of the server behind a relay, which changes when the server is started again.
#[derive(Clone)]
pub struct Destination(Arc<Mutex<SocketAddr>>);

impl Destination {
    /// The server that answers at `endpoint`, as in `tcp://127.0.0.1:5000`.
    pub fn new(endpoint: &str) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(address(endpoint)?))))
    }

    /// From now on the server is here.
    pub fn change(&self, endpoint: &str) -> io::Result<()> {
        let address = address(endpoint)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
        Ok(())
    }

    pub fn get(&self) -> SocketAddr {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address(endpoint: &str) -> io::Result<SocketAddr> {
    let address = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    address.parse().map_err(io::Error::other)
}
