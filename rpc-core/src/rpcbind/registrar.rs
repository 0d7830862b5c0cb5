//! A server's side of rpcbind: registering as libtirpc does, and leaving nothing behind.

use super::desk::named;
use super::universal::{netid, to_universal};
use super::{Rpcb, RpcbindError, RpcbindV3Client, loopback, socket};
use crate::client::{Channel, Client};
use crate::error::{ConnectError, Error};
use crate::matchmaker::is_on_this_host;
use crate::{Endpoint, Interface, Transport};
use std::io;
use std::time::{Duration, Instant};

/// A server's registrations at one rpcbind. Dropping it withdraws them, within [`PATIENCE`].
///
/// Nothing keeps them up: an rpcbind holds them until they are withdrawn, also when the server was killed. So whoever
/// registers a program first removes what it finds of it.
#[derive(Debug)]
pub(crate) struct Registered {
    desk: RpcbindV3Client,
    entries: Vec<Rpcb>,
}

impl Registered {
    /// Registers `services` at the rpcbind that `target`, an `rpcbind://` endpoint, names; those alone that fit its numbers. Of
    /// each transport the first of `endpoints` is what is registered: an rpcbind has room for one.
    pub(crate) fn start(
        target: &Endpoint,
        services: &[&'static Interface],
        endpoints: &[Endpoint],
    ) -> Result<Self, RpcbindError> {
        let services = wanted(target, services)?;
        let (rpcbind, desk) = reach(target)?;
        let places = places(target, &rpcbind, endpoints)?;
        let mut registered = Self {
            desk,
            entries: Vec::new(),
        };
        for interface in services {
            registered.enter(&rpcbind, interface, &places)?;
        }
        Ok(registered)
    }

    /// Registers one service, in place of whatever was registered of it.
    fn enter(
        &mut self,
        rpcbind: &Endpoint,
        interface: &'static Interface,
        places: &[(&'static str, String)],
    ) -> Result<(), RpcbindError> {
        let away = |error: Error| RpcbindError::Away {
            rpcbind: rpcbind.clone(),
            source: error.into(),
        };
        let every_transport = entry(interface, "", "");
        let unset = self.desk.unset(every_transport).deadline(PATIENCE);
        unset.wait().map_err(away)?;
        for (netid, address) in places {
            let entry = entry(interface, netid, address);
            let set = self.desk.set(entry.clone()).deadline(PATIENCE);
            if !set.wait().map_err(away)? {
                return Err(RpcbindError::Refused {
                    rpcbind: rpcbind.clone(),
                    program: named(interface),
                    place: format!("{netid} {address}"),
                });
            }
            self.entries.push(entry);
        }
        Ok(())
    }

    /// Withdraws, as far as that can be done within `bound`, what is still ours: a successor may have registered meanwhile.
    pub(crate) fn withdraw(mut self, bound: Duration) {
        self.remove(bound);
    }

    fn remove(&mut self, bound: Duration) {
        let entries = std::mem::take(&mut self.entries);
        let until = Instant::now() + bound.min(PATIENCE);
        let left = || until.saturating_duration_since(Instant::now());
        if entries.is_empty() {
            return;
        }
        let Ok(found) = self.desk.dump().deadline(left()).wait() else {
            return;
        };
        let same = |a: &Rpcb, b: &Rpcb| {
            (a.prog, a.vers, &a.netid, &a.addr) == (b.prog, b.vers, &b.netid, &b.addr)
        };
        for entry in entries {
            let ours = found.first.iter().any(|found| same(&found.map, &entry));
            if ours && self.desk.unset(entry).deadline(left()).wait().is_err() {
                return;
            }
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.remove(PATIENCE);
    }
}

/// The services that `target` is about.
fn wanted(
    target: &Endpoint,
    services: &[&'static Interface],
) -> Result<Vec<&'static Interface>, RpcbindError> {
    let (program, version) = match target {
        Endpoint::Rpcbind {
            program, version, ..
        } => (*program, *version),
        _ => (None, None),
    };
    let fits = |interface: &&&'static Interface| {
        program.is_none_or(|program| program == interface.program)
            && version.is_none_or(|version| version == interface.version)
    };
    let wanted: Vec<_> = services.iter().filter(fits).copied().collect();
    if !wanted.is_empty() {
        return Ok(wanted);
    }
    let all: Vec<String> = services.iter().map(|interface| named(interface)).collect();
    Err(RpcbindError::OtherNumbers {
        endpoint: target.clone(),
        program: all.join(" and "),
    })
}

/// The rpcbind that `target` means, and where it is: if no host is named, at this host's socket, where it knows who we are, else at
/// the loopback address.
fn reach(target: &Endpoint) -> Result<(Endpoint, RpcbindV3Client), RpcbindError> {
    let (before, last) = match target {
        Endpoint::Rpcbind {
            host: Some(host), ..
        } => (None, Endpoint::Tcp(host.clone())),
        _ => (socket(), Endpoint::Tcp(loopback())),
    };
    let connect = |at: &Endpoint| {
        Channel::connect_within(at.clone(), RpcbindV3Client::INTERFACE, CONNECTING)
            .map(RpcbindV3Client::from_channel)
    };
    if let Some(at) = before {
        match connect(&at) {
            Err(error) if is_empty(&error) => {}
            answer => return told(at, answer),
        }
    }
    let answer = connect(&last);
    told(last, answer)
}

fn told(
    at: Endpoint,
    answer: Result<RpcbindV3Client, ConnectError>,
) -> Result<(Endpoint, RpcbindV3Client), RpcbindError> {
    match answer {
        Ok(desk) => Ok((at, desk)),
        Err(error) => Err(RpcbindError::Away {
            rpcbind: at,
            source: error.into(),
        }),
    }
}

/// Whether nobody listens there, or nobody that this user may speak to.
fn is_empty(error: &ConnectError) -> bool {
    use io::ErrorKind::{ConnectionRefused, PermissionDenied};
    matches!(error, ConnectError::Unreachable { source, .. }
        if matches!(source.kind(), ConnectionRefused | PermissionDenied))
}

/// What can be told of the endpoints: netid and universal address, one of each transport.
fn places(
    target: &Endpoint,
    rpcbind: &Endpoint,
    endpoints: &[Endpoint],
) -> Result<Vec<(&'static str, String)>, RpcbindError> {
    let wanted = match target {
        Endpoint::Rpcbind { transport, .. } => *transport,
        _ => None,
    };
    let mut places: Vec<(&'static str, String)> = Vec::new();
    for endpoint in endpoints {
        let (Some(netid), Some(address)) = (netid(endpoint), to_universal(endpoint)) else {
            continue;
        };
        let is_wanted = match wanted {
            None => true,
            Some(Transport::Tcp) => netid.starts_with("tcp"),
            Some(Transport::Udp) => netid.starts_with("udp"),
            Some(Transport::Unix) => netid == "local",
        };
        // A socket is for those on its host.
        let is_there = netid != "local" || is_on_this_host(rpcbind);
        if is_wanted && is_there && places.iter().all(|(other, _)| *other != netid) {
            places.push((netid, address));
        }
    }
    if places.is_empty() {
        return Err(RpcbindError::NoEndpoint {
            target: target.clone(),
        });
    }
    Ok(places)
}

fn entry(interface: &Interface, netid: &str, address: &str) -> Rpcb {
    Rpcb {
        prog: interface.program,
        vers: interface.version,
        netid: netid.into(),
        addr: address.into(),
        // Over its socket an rpcbind takes what the kernel says instead.
        owner: rustix::process::geteuid().as_raw().to_string().into(),
    }
}

/// How long connecting may take for a server that starts.
const CONNECTING: Duration = Duration::from_secs(10);

/// How long one call to an rpcbind may take, and withdrawing as a whole.
const PATIENCE: Duration = Duration::from_secs(2);
