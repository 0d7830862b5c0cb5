//! From what the user wrote to where the server is now.

use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::error::ResolveError;

/// Tells where a service is now. Asked before each attempt to connect, so that a server that has moved is found.
pub trait Resolve: Send + Sync + 'static {
    /// The endpoints to try, the best one first. Must return within about `within`; the calling thread has no more time.
    fn resolve(&self, within: Duration) -> Result<Vec<Endpoint>, ResolveError>;
}

/// An endpoint with a transport of its own stands for itself.
impl Resolve for Endpoint {
    fn resolve(&self, _within: Duration) -> Result<Vec<Endpoint>, ResolveError> {
        Ok(vec![self.clone()])
    }
}
