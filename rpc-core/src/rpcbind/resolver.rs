//! A client's side of rpcbind: from `rpcbind://host` to the endpoints where the service answers now.

use super::desk::{Question, named};
use super::{RpcbindError, loopback, socket};
use crate::endpoint::Authority;
use crate::error::ResolveError;
use crate::{Endpoint, Interface, Resolve, Transport};
use std::time::{Duration, Instant};

/// Asks the rpcbind of a host where a program is: anew for each attempt to connect, so that a server that moved is found.
pub(crate) struct Resolver {
    endpoint: Endpoint,
    /// None: this host.
    host: Option<Authority>,
    transport: Option<Transport>,
    /// Whether the numbers in the endpoint are those of the interface.
    agrees: bool,
    interface: &'static Interface,
}

impl Resolver {
    /// A resolver for `endpoint` if it is an `rpcbind://` one, else none.
    pub(crate) fn new(endpoint: &Endpoint, interface: &'static Interface) -> Option<Self> {
        let Endpoint::Rpcbind {
            host,
            program,
            version,
            transport,
        } = endpoint
        else {
            return None;
        };
        let agrees = program.is_none_or(|number| number == interface.program)
            && version.is_none_or(|number| number == interface.version);
        Some(Self {
            endpoint: endpoint.clone(),
            host: host.clone(),
            transport: *transport,
            agrees,
            interface,
        })
    }

    /// Where to ask, in this order: an rpcbind tells only what answers over the transport on which it is asked.
    fn places(&self) -> Vec<Endpoint> {
        let host = self.host.clone().unwrap_or_else(loopback);
        let tcp = Endpoint::Tcp(host.clone());
        let udp = Endpoint::Udp(host);
        match (self.transport, &self.host) {
            (Some(Transport::Tcp), _) => vec![tcp],
            (Some(Transport::Udp), _) => vec![udp],
            (Some(Transport::Unix), _) => socket().into_iter().collect(),
            (None, Some(_)) => vec![tcp, udp],
            (None, None) => [tcp, udp].into_iter().chain(socket()).collect(),
        }
    }

    fn find(&self, within: Duration) -> Result<Endpoint, RpcbindError> {
        if !self.agrees {
            return Err(RpcbindError::OtherNumbers {
                endpoint: self.endpoint.clone(),
                program: named(self.interface),
            });
        }
        let until = Instant::now() + within.max(LEAST_PATIENCE);
        let (mut asked, mut trouble) = (Vec::new(), None);
        for at in self.places() {
            let question = Question {
                at: &at,
                interface: self.interface,
                until,
            };
            match question.ask() {
                Ok(Some(endpoint)) => return Ok(endpoint),
                Ok(None) => asked.push(at),
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        match trouble {
            // Where it was asked at all, the program is missing; that another way to it is closed is nothing new.
            Some(trouble) if asked.is_empty() => Err(trouble),
            _ => Err(RpcbindError::NotRegistered {
                program: named(self.interface),
                asked,
            }),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, within: Duration) -> Result<Vec<Endpoint>, ResolveError> {
        let found = self.find(within);
        Ok(vec![
            found.map_err(|error| ResolveError::Rpcbind(Box::new(error)))?,
        ])
    }
}

/// What a look-up may take in any case: a caller may come with hardly any time, again and again.
const LEAST_PATIENCE: Duration = Duration::from_millis(200);
