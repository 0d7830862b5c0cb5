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

    /// Where to ask, in this order: an rpcbind tells only what answers over the transport, and at the kind of address, by which
    /// it is asked.
    fn places(&self) -> Vec<Endpoint> {
        let hosts = match &self.host {
            // A server may be registered for IPv4 alone, and the name service puts IPv6 first.
            Some(host) => host.addresses(),
            None => vec![loopback()],
        };
        let tcp = hosts.iter().cloned().map(Endpoint::Tcp);
        let udp = hosts.iter().cloned().map(Endpoint::Udp);
        match (self.transport, &self.host) {
            (Some(Transport::Tcp), _) => tcp.collect(),
            (Some(Transport::Udp), _) => udp.collect(),
            (Some(Transport::Unix), _) => socket().into_iter().collect(),
            (None, Some(_)) => tcp.chain(udp).collect(),
            (None, None) => tcp.chain(udp).chain(socket()).collect(),
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
        let places = self.places();
        for (nth, at) in places.iter().enumerate() {
            // One that is silent leaves the others their share of the time.
            let now = Instant::now();
            let share = until.saturating_duration_since(now) / (places.len() - nth) as u32;
            let question = Question {
                at,
                interface: self.interface,
                until: now + share,
            };
            match question.ask() {
                Ok(Some(endpoint)) => return Ok(endpoint),
                Ok(None) => asked.push(at.clone()),
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
