//! Where matchmakers answer, and reaching the first one that does.

use super::MatchmakerClient;
use crate::client::{Channel, Client};
use crate::endpoint::{Authority, Endpoint, EndpointError, SocketName};
use crate::error::{ConnectError, ResolveError};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// Where a matchmaker answers on the network unless it is said otherwise: `host:port`. (rpcbind has 111.)
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:4111";

/// Where root's matchmaker answers within its host.
pub const SYSTEM_SOCKET: &str = "/run/matchmaker/matchmaker.sock";

/// The name of a user's own matchmaker's socket, in the directory that [`RUNTIME_DIRECTORY`] names.
pub const USER_SOCKET: &str = "matchmaker.sock";

/// The environment variable that says where the matchmaker answers: `host:port`, `unix:/path` or `unix:@name`.
pub const ENVIRONMENT: &str = "RPC_MATCHMAKER";

/// The environment variable that names the directory of the user's own sockets. The system makes one for each login, and
/// only the user gets in.
pub const RUNTIME_DIRECTORY: &str = "XDG_RUNTIME_DIR";

/// Where a matchmaker may answer, in the order in which it is looked for. The first one that answers is *the* matchmaker; the
/// others are not asked.
#[derive(Clone, Debug)]
pub(super) struct Places {
    before: Vec<Endpoint>,
    last: Endpoint,
}

impl Places {
    /// Where `chosen` says, else where the environment says, else at the sockets of the user and of the system, and at
    /// [`DEFAULT_ADDRESS`].
    pub(super) fn new(chosen: Option<&Endpoint>) -> Result<Self, AddressError> {
        if let Some(chosen) = chosen {
            return Ok(chosen.clone().into());
        }
        let Some(text) = std::env::var_os(ENVIRONMENT) else {
            let users = if is_root() { None } else { own_socket() };
            let before = [users, socket(SYSTEM_SOCKET)];
            return Ok(Self {
                before: before.into_iter().flatten().collect(),
                last: place(DEFAULT_ADDRESS)?,
            });
        };
        let place = place(&text.to_string_lossy()).map_err(|error| AddressError {
            origin: ENVIRONMENT,
            ..error
        });
        Ok(place?.into())
    }

    /// Connects to the first that answers. A place where nobody listens is passed over at once; one that does not answer in
    /// time is not, since whoever registered there is found there.
    pub(super) fn reach(
        &self,
        within: Duration,
    ) -> Result<(Endpoint, MatchmakerClient), ResolveError> {
        let until = Instant::now() + within;
        for place in &self.before {
            match contact(place, until) {
                Err(error) if is_empty(&error) => {}
                answered => return told(place, answered),
            }
        }
        told(&self.last, contact(&self.last, until))
    }

    /// Whether the matchmaker may be elsewhere when it comes back.
    pub(super) fn are_several(&self) -> bool {
        !self.before.is_empty()
    }
}

impl From<Endpoint> for Places {
    fn from(only: Endpoint) -> Self {
        Self {
            before: Vec::new(),
            last: only,
        }
    }
}

/// Not by `MatchmakerClient::connect`, which may have more patience than whoever waits for this.
fn contact(place: &Endpoint, until: Instant) -> Result<MatchmakerClient, ConnectError> {
    let left = until.saturating_duration_since(Instant::now());
    let interface = MatchmakerClient::INTERFACE;
    Channel::connect_within(place.clone(), interface, left).map(MatchmakerClient::from_channel)
}

fn told(
    place: &Endpoint,
    answered: Result<MatchmakerClient, ConnectError>,
) -> Result<(Endpoint, MatchmakerClient), ResolveError> {
    match answered {
        Ok(desk) => Ok((place.clone(), desk)),
        Err(error) => Err(ResolveError::Away {
            matchmaker: place.clone(),
            source: error.into(),
        }),
    }
}

/// Where a matchmaker of this process's user answers within its host. None: there is no place that is its own.
pub fn own_socket() -> Option<Endpoint> {
    let path = if is_root() {
        SYSTEM_SOCKET.to_owned()
    } else {
        let directory = std::env::var(RUNTIME_DIRECTORY).ok()?;
        format!("{}/{USER_SOCKET}", directory.trim_end_matches('/'))
    };
    socket(&path)
}

/// A place as people write it, on the command line and in the environment.
pub fn place(text: &str) -> Result<Endpoint, AddressError> {
    if let Ok(authority) = text.parse::<Authority>() {
        return Ok(Endpoint::Tcp(authority));
    }
    let problem = match text.parse() {
        Ok(place @ (Endpoint::Tcp(_) | Endpoint::Unix(_))) => return Ok(place),
        Ok(_) => None,
        Err(problem) => Some(problem),
    };
    Err(AddressError {
        origin: "",
        text: text.to_owned(),
        problem: problem.filter(|_| text.starts_with("unix:") || text.starts_with("tcp:")),
    })
}

/// Connects to the matchmaker: to the one that is chosen, else to the usual one. Returns where that is, too.
pub fn connect(chosen: Option<&Endpoint>) -> Result<(Endpoint, MatchmakerClient), ResolveError> {
    Places::new(chosen)?.reach(PATIENCE)
}

/// Whether whoever is reached at this place runs on this host.
///
/// Unix sockets are registered at such matchmakers only, and taken only from such: then server and client are both on the
/// matchmaker's host. An own address on the network is not recognised, which costs the use of a socket and does no harm.
pub(crate) fn is_on_this_host(matchmaker: &Endpoint) -> bool {
    match matchmaker {
        Endpoint::Tcp(authority) => match authority.address() {
            Some(address) => address.ip().is_loopback(),
            None => authority.host().eq_ignore_ascii_case("localhost"),
        },
        Endpoint::Unix(_) => true,
        _ => false,
    }
}

/// Root's own matchmaker is the system's, also from a shell that has a runtime directory: servers of others could not reach
/// that.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn socket(path: &str) -> Option<Endpoint> {
    path.parse::<SocketName>().ok().map(Endpoint::Unix)
}

/// Whether nobody listens there, or nobody that this user may speak to.
fn is_empty(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Unreachable { source, .. }
        if matches!(source.kind(), ErrorKind::ConnectionRefused | ErrorKind::PermissionDenied))
}

/// How long connecting may take for a program that has nothing else to do.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The environment, or whoever typed it, says where the matchmaker is, in a way that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}`{text}` is not where a matchmaker answers: write host:port, unix:/path or unix:@name{}", said(origin), why(.problem))]
pub struct AddressError {
    /// The environment variable, if it is one.
    origin: &'static str,
    text: String,
    problem: Option<EndpointError>,
}

fn said(origin: &str) -> String {
    match origin {
        "" => String::new(),
        variable => format!("{variable}: "),
    }
}

fn why(problem: &Option<EndpointError>) -> String {
    let why = problem
        .as_ref()
        .map(|problem| format!(" ({})", problem.problem()));
    why.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{is_on_this_host, place};

    #[test]
    fn a_place_is_a_port_or_a_socket() {
        for (text, expected) in [
            ("127.0.0.1:4111", "tcp://127.0.0.1:4111"),
            ("[::1]:1", "tcp://[::1]:1"),
            ("tcp://a-host:1", "tcp://a-host:1"),
            ("unix:/run/m.sock", "unix:/run/m.sock"),
            ("unix:@m", "unix:@m"),
        ] {
            assert_eq!(place(text).expect(text).to_string(), expected);
        }
        for (text, why) in [
            ("nowhere", ""),
            ("", ""),
            ("udp://127.0.0.1:4111", ""),
            ("match://127.0.0.1:4111/", ""),
            (
                "unix:m.sock",
                " (`m.sock` is not the name of a Unix socket: write an absolute path, unix:/run/bank.sock, \
                 or an abstract name, unix:@bank)",
            ),
        ] {
            let expected = format!(
                "`{text}` is not where a matchmaker answers: write host:port, unix:/path or unix:@name{why}"
            );
            assert_eq!(place(text).expect_err(text).to_string(), expected);
        }
    }

    #[test]
    fn a_socket_and_a_loopback_address_are_on_this_host() {
        for (text, expected) in [
            ("unix:@m", true),
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("LOCALHOST:1", true),
            ("10.0.0.1:1", false),
            ("host.example:1", false),
        ] {
            let place = place(text).expect(text);
            assert_eq!(is_on_this_host(&place), expected, "{text}");
        }
    }
}
