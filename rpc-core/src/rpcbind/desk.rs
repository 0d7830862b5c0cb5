//! Asking one rpcbind for an address, in the newest version that it speaks.

use super::universal::{from_universal, netid, to_universal};
use super::{
    IPPROTO_TCP, IPPROTO_UDP, Mapping, PortmapV2Client, Rpcb, RpcbindError, RpcbindV3Client,
    RpcbindV4Client,
};
use crate::client::{Call, Channel, Client};
use crate::error::{ConnectError, Error, ErrorKind};
use crate::{Endpoint, Interface};
use std::time::Instant;

/// Where is `interface`, over the transport on which the rpcbind at `at` is asked?
pub(super) struct Question<'a> {
    pub(super) at: &'a Endpoint,
    pub(super) interface: &'static Interface,
    pub(super) until: Instant,
}

impl Question<'_> {
    /// The answer; none if the program is not registered. What is registered may be another version of it.
    ///
    /// Asks in version 4, then 3, then 2 (the port mapper of old), which knows no IPv6 and no local sockets.
    pub(super) fn ask(&self) -> Result<Option<Endpoint>, RpcbindError> {
        let newest = self.call(|client: RpcbindV4Client| client.getaddr(self.as_rpcb()));
        let answer = match newest {
            Err(Trouble::OtherVersions { high: 3.. }) => {
                self.call(|client: RpcbindV3Client| client.getaddr(self.as_rpcb()))
            }
            Err(Trouble::OtherVersions { .. }) => return self.ask_for_port(),
            answer => answer,
        };
        let address = answer.map_err(|trouble| self.away(trouble))?;
        if address.is_empty() {
            return Ok(None);
        }
        let address = String::from_utf8_lossy(&address);
        match from_universal(self.netid(), &address) {
            Some(endpoint) => self.as_seen_from_here(endpoint, &address).map(Some),
            None => Err(self.unusable(&address, "which is no address of that transport")),
        }
    }

    fn ask_for_port(&self) -> Result<Option<Endpoint>, RpcbindError> {
        let prot = match self.netid() {
            "tcp" => IPPROTO_TCP,
            "udp" => IPPROTO_UDP,
            _ => return Ok(None),
        };
        let mapping = Mapping {
            prog: self.interface.program,
            vers: self.interface.version,
            prot,
            port: 0,
        };
        let answer = self.call(|client: PortmapV2Client| client.getport(mapping));
        let port = answer.map_err(|trouble| self.away(trouble))?;
        match (u16::try_from(port), self.at) {
            (Ok(0), _) => Ok(None),
            (Ok(port), Endpoint::Tcp(host)) => Ok(Some(Endpoint::Tcp(host.with_port(port)))),
            (Ok(port), Endpoint::Udp(host)) => Ok(Some(Endpoint::Udp(host.with_port(port)))),
            _ => Err(self.unusable(&port.to_string(), "which is no port")),
        }
    }

    /// The transport, as rpcbind calls it. It goes by how it is asked; of a host's name nobody knows yet what that will be.
    fn netid(&self) -> &'static str {
        match self.at {
            Endpoint::Udp(_) => netid(self.at).unwrap_or("udp"),
            _ => netid(self.at).unwrap_or("tcp"),
        }
    }

    fn as_rpcb(&self) -> Rpcb {
        Rpcb {
            prog: self.interface.program,
            vers: self.interface.version,
            netid: self.netid().into(),
            // Where we meet its host: a server that listens at all of its addresses is said to be at this one.
            addr: to_universal(self.at).unwrap_or_default().into(),
            owner: Vec::new(),
        }
    }

    /// The endpoint for somebody who reached the rpcbind where we did.
    fn as_seen_from_here(&self, endpoint: Endpoint, text: &str) -> Result<Endpoint, RpcbindError> {
        let (Endpoint::Tcp(found) | Endpoint::Udp(found), Endpoint::Tcp(at) | Endpoint::Udp(at)) =
            (&endpoint, self.at)
        else {
            return Ok(endpoint);
        };
        // An IPv4 address in the clothes of IPv6 leads to where it would lead without them.
        let ip = found.address().map(|address| address.ip().to_canonical());
        let is_loopback = |ip: std::net::IpAddr| ip.to_canonical().is_loopback();
        if ip.is_some_and(|ip| ip.is_unspecified()) {
            let there = at.with_port(found.port());
            return Ok(match endpoint {
                Endpoint::Udp(_) => Endpoint::Udp(there),
                _ => Endpoint::Tcp(there),
            });
        }
        let is_here = at.host().eq_ignore_ascii_case("localhost")
            || at.address().is_some_and(|at| is_loopback(at.ip()));
        if ip.is_some_and(is_loopback) && !is_here {
            // On our host somebody else may listen there.
            return Err(self.unusable(text, "which can be reached only from its own host"));
        }
        Ok(endpoint)
    }

    /// One call of a version of rpcbind.
    fn call<C: Client, R>(&self, question: impl FnOnce(C) -> Call<R>) -> Result<R, Trouble> {
        let left = || self.until.saturating_duration_since(Instant::now());
        let channel = Channel::connect_within(self.at.clone(), C::INTERFACE, left())?;
        let call = question(C::from_channel(channel));
        Ok(call.deadline(left()).wait()?)
    }

    fn away(&self, trouble: Trouble) -> RpcbindError {
        let source = match trouble {
            Trouble::OtherVersions { high } => {
                format!("it speaks version {high} at most, and 2 to 4 are known here").into()
            }
            Trouble::Other(source) => source,
        };
        RpcbindError::Away {
            rpcbind: self.at.clone(),
            source,
        }
    }

    fn unusable(&self, address: &str, why: &'static str) -> RpcbindError {
        RpcbindError::Unusable {
            rpcbind: self.at.clone(),
            program: named(self.interface),
            problem: format!("`{}`, {why}", shown(address)),
        }
    }
}

/// What a stranger sent, as an error may show it: of a length that fits, and without what a terminal would obey.
fn shown(address: &str) -> String {
    const MOST: usize = 128;
    let shown: String = address
        .chars()
        .take(MOST)
        .flat_map(char::escape_debug)
        .collect();
    match address.chars().nth(MOST) {
        Some(_) => shown + "…",
        None => shown,
    }
}

/// An interface as errors call it.
pub(super) fn named(interface: &Interface) -> String {
    let Interface {
        name,
        program,
        version,
        ..
    } = interface;
    format!("{name} (program {program}, version {version})")
}

/// Why an rpcbind did not answer a question.
enum Trouble {
    /// It has no such version; this is its highest.
    OtherVersions {
        high: u32,
    },
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl From<ConnectError> for Trouble {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Refused {
                kind: ErrorKind::OtherVersions { high, .. },
                ..
            } => Self::OtherVersions { high },
            error => Self::Other(error.into()),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::OtherVersions { high, .. } => Self::OtherVersions { high },
            _ => Self::Other(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an rpcbind of another host says of its own loopback, in whatever clothes, leads to ours.
    #[test]
    fn nobody_sends_us_to_our_own_host() {
        let rows = [
            ("tcp://10.0.0.1:111", "tcp://127.0.0.1:7000", None),
            ("tcp://10.0.0.1:111", "tcp://[::1]:7000", None),
            ("tcp://10.0.0.1:111", "tcp://[::ffff:127.0.0.1]:7000", None),
            (
                "udp://10.0.0.1:111",
                "udp://0.0.0.0:7000",
                Some("udp://10.0.0.1:7000"),
            ),
            (
                "tcp://10.0.0.1:111",
                "tcp://[::ffff:0.0.0.0]:7000",
                Some("tcp://10.0.0.1:7000"),
            ),
            (
                "tcp://10.0.0.1:111",
                "tcp://10.0.0.2:7000",
                Some("tcp://10.0.0.2:7000"),
            ),
            (
                "tcp://127.0.0.1:111",
                "tcp://127.0.0.1:7000",
                Some("tcp://127.0.0.1:7000"),
            ),
            (
                "tcp://localhost:111",
                "tcp://127.0.0.1:7000",
                Some("tcp://127.0.0.1:7000"),
            ),
        ];
        for (at, found, expected) in rows {
            let question = Question {
                at: &at.parse().expect("an endpoint"),
                interface: RpcbindV4Client::INTERFACE,
                until: Instant::now(),
            };
            let found: Endpoint = found.parse().expect("an endpoint");
            let seen = question.as_seen_from_here(found.clone(), "it");
            let seen = seen.ok().map(|seen| seen.to_string());
            assert_eq!(seen.as_deref(), expected, "{found} of {at}");
        }
    }

    #[test]
    fn what_a_stranger_sent_is_shown_cut_and_escaped() {
        assert_eq!(shown("1.2.3.4.0.111"), "1.2.3.4.0.111");
        assert_eq!(shown("\u{1b}[2J\n"), "\\u{1b}[2J\\n");
        assert_eq!(shown(&"x".repeat(200)), "x".repeat(128) + "…");
    }
}
