//! How a server's services are described to a matchmaker.

use super::places::is_on_this_host;
use super::{InstanceId, MethodFingerprint, Registration, RegistrationError};
use crate::system::entropy;
use crate::{Bounded, Endpoint, Interface, Method};
use std::fmt;
use std::io;

/// Who a server is, for those who look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The place that it takes among the servers of its name: see [`InstanceId`].
    pub(crate) instance: InstanceId,
    /// This life of it.
    pub(crate) incarnation: u64,
    /// The store of its completion records, if it has one.
    pub(crate) store: Option<[u8; 16]>,
}

impl Identity {
    /// A server with a store takes the store's place; one without takes a new one.
    pub(crate) fn new(incarnation: u64, store: Option<[u8; 16]>) -> io::Result<Self> {
        let instance = match store {
            Some(store) => store,
            None => {
                let mut instance = [0; 16];
                instance.copy_from_slice(&entropy()?[..16]);
                instance
            }
        };
        Ok(Self {
            instance,
            incarnation,
            store,
        })
    }
}

/// The registrations of `services` at `matchmaker`, all under `name`, or each under its interface's if that is empty; those of
/// `version` only, if one is given.
pub(super) fn registrations(
    matchmaker: &Endpoint,
    (name, version): (&str, Option<u32>),
    services: &[&'static Interface],
    endpoints: &[Endpoint],
    identity: &Identity,
) -> Result<Vec<Registration>, RegistrationError> {
    let endpoints = callable(endpoints, matchmaker)?;
    let describe = |interface: &&'static Interface| {
        let name = if name.is_empty() {
            interface.name
        } else {
            name
        };
        registration(name, interface, &endpoints, identity)
    };
    let wanted = |interface: &&&'static Interface| {
        version.is_none_or(|version| version == interface.version)
    };
    let described: Vec<_> = services
        .iter()
        .filter(wanted)
        .map(describe)
        .collect::<Result<_, _>>()?;
    match version {
        Some(version) if described.is_empty() => Err(RegistrationError::NotCallable(format!(
            "there is nothing to register: no service of this server has version {version}"
        ))),
        _ => Ok(described),
    }
}

/// The endpoints that a client of `matchmaker` in another process can use; an endpoint that looks so but cannot be used is an
/// error.
fn callable(
    endpoints: &[Endpoint],
    matchmaker: &Endpoint,
) -> Result<Vec<String>, RegistrationError> {
    let mut callable = Vec::new();
    for endpoint in endpoints {
        match endpoint {
            Endpoint::Tcp(authority) | Endpoint::Udp(authority) => {
                if authority
                    .address()
                    .is_some_and(|address| address.ip().is_unspecified())
                {
                    let scheme = if matches!(endpoint, Endpoint::Tcp(_)) {
                        "tcp"
                    } else {
                        "udp"
                    };
                    let port = authority.port();
                    return Err(RegistrationError::NotCallable(format!(
                        "{endpoint} listens on every address, so clients cannot be told where it is; \
                         name one with .advertise(\"{scheme}://HOST:{port}\")"
                    )));
                }
                callable.push(endpoint.to_string());
            }
            Endpoint::Unix(_) if is_on_this_host(matchmaker) => callable.push(endpoint.to_string()),
            // Its clients may be on other hosts.
            Endpoint::Unix(_) => {}
            // Good in this process only.
            Endpoint::Mem(_) | Endpoint::Match { .. } | Endpoint::Rpcbind { .. } => {}
        }
    }
    if callable.is_empty() {
        let why = if endpoints
            .iter()
            .any(|endpoint| matches!(endpoint, Endpoint::Unix(_)))
        {
            format!(
                " (clients of {matchmaker}, which is no loopback address, may be on other hosts than a Unix socket)"
            )
        } else {
            String::new()
        };
        return Err(RegistrationError::NotCallable(format!(
            "there is no endpoint to register: listen on tcp:// or udp:// as well{why}"
        )));
    }
    Ok(callable)
}

fn registration(
    name: &str,
    interface: &Interface,
    endpoints: &[String],
    identity: &Identity,
) -> Result<Registration, RegistrationError> {
    let unfit = |why: &dyn fmt::Display| RegistrationError::Unfit {
        name: name.to_owned(),
        why: why.to_string(),
    };
    let fingerprint = |method: &Method| MethodFingerprint {
        procedure: method.procedure,
        fingerprint: method.fingerprint(),
    };
    let bounded = |text: &String| Bounded::new(text.clone()).map_err(|error| unfit(&error));
    let endpoints = endpoints
        .iter()
        .map(bounded)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Registration {
        name: Bounded::new(name.to_owned()).map_err(|error| unfit(&error))?,
        program: interface.program,
        version: interface.version,
        fingerprints: Bounded::new(interface.methods.iter().map(fingerprint).collect())
            .map_err(|error| unfit(&error))?,
        instance: identity.instance,
        incarnation: identity.incarnation,
        store: identity.store,
        endpoints: Bounded::new(endpoints).map_err(|error| unfit(&error))?,
    })
}
