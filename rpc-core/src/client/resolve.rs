//! From what the user wrote to where the server is now.

use std::sync::Arc;
use std::time::Duration;

use rpc_proto::describe::Interface;

use crate::endpoint::Endpoint;
use crate::error::ResolveError;
use crate::{matchmaker, rpcbind};

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

/// Who resolves `endpoint` for calls of `interface`.
pub(super) fn resolver(endpoint: &Endpoint, interface: &'static Interface) -> Arc<dyn Resolve> {
    if let Some(resolver) = matchmaker::Resolver::new(endpoint, interface) {
        return Arc::new(resolver);
    }
    match rpcbind::Resolver::new(endpoint, interface) {
        Some(resolver) => Arc::new(resolver),
        None => Arc::new(endpoint.clone()),
    }
}
