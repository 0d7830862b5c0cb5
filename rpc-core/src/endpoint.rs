//! Endpoints: where a service answers, written as a URI.

mod matched;
mod registry;
mod socket_name;

pub use socket_name::SocketName;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// Where a service answers.
///
/// Written as a URI: `tcp://host:port`, `udp://host:port`, `unix:/path` or `unix:@name` (inside this host, see
/// [`SocketName`]), `mem://name` (inside this process) or `match://[host:port/]name` (ask a matchmaker), which may have
/// options: `?transport=tcp|udp|unix`, `?version=N`, `?at=unix:/path`, or several of them, joined by `&`, `at=` the last one;
/// or `rpcbind://[host[:port]][/program[.version]][?transport=tcp|udp|unix]` (ask the rpcbind of a host).
/// A server that listens on port 0 gets a free one.
///
/// ```
/// # use rpc_core::Endpoint;
/// let endpoint: Endpoint = "tcp://127.0.0.1:7000".parse()?;
/// assert_eq!(endpoint.to_string(), "tcp://127.0.0.1:7000");
/// # Ok::<(), rpc_core::EndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// A TCP port: a stream with record marking.
    Tcp(Authority),
    /// A UDP port: one datagram per message.
    Udp(Authority),
    /// A Unix socket of this host: a stream with record marking.
    Unix(SocketName),
    /// A name within this process.
    Mem(String),
    /// A name that a matchmaker knows.
    Match {
        /// Where the matchmaker answers, a TCP port or a Unix socket; none means the usual places.
        matchmaker: Option<Box<Endpoint>>,
        /// The registered name; empty means the name of the interface that is served or called.
        name: String,
        /// `?transport=`: of a server's endpoints, use only those of this transport.
        transport: Option<Transport>,
        /// `?version=`: use only servers of this version of the interface.
        version: Option<u32>,
    },
    /// A program that the rpcbind of a host knows: see [`rpcbind`](crate::rpcbind).
    Rpcbind {
        /// The host, and the port of its rpcbind, which is 111 unless it is said otherwise; none means this host.
        host: Option<Authority>,
        /// The program; none means that of the interface. Another one than that is refused.
        program: Option<u32>,
        /// The version; none means that of the interface. Another one than that is refused.
        version: Option<u32>,
        /// `?transport=`: find, or register, only what answers over this one.
        transport: Option<Transport>,
    },
}

impl Endpoint {
    /// Whether it has no transport of its own and somebody has to be asked where that is.
    pub(crate) fn is_resolved(&self) -> bool {
        matches!(self, Endpoint::Match { .. } | Endpoint::Rpcbind { .. })
    }
}

/// A transport between processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Unix sockets.
    Unix,
}

impl Transport {
    fn named(name: &str) -> Option<Self> {
        let all = [Transport::Tcp, Transport::Udp, Transport::Unix];
        all.into_iter()
            .find(|transport| transport.to_string() == name)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Unix => "unix",
        })
    }
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    host: String,
    port: u16,
}

impl Authority {
    /// The host: a name, or an address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Another port of the same host.
    pub(crate) fn with_port(&self, port: u16) -> Self {
        Self {
            host: self.host.clone(),
            port,
        }
    }

    /// The address, when the host is written as one and no name service needs to be asked.
    pub fn address(&self) -> Option<SocketAddr> {
        let ip: IpAddr = self.host.parse().ok()?;
        Some(SocketAddr::new(ip, self.port))
    }

    /// The same host by each of its addresses; by its name if the name service knows none, so that whoever connects there
    /// says why.
    pub(crate) fn addresses(&self) -> Vec<Self> {
        if self.address().is_some() {
            return vec![self.clone()];
        }
        let found = (self.host(), self.port).to_socket_addrs();
        let mut found: Vec<Self> = found.into_iter().flatten().map(Self::from).collect();
        found.dedup();
        if found.is_empty() {
            found.push(self.clone());
        }
        found
    }
}

impl From<SocketAddr> for Authority {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: address.ip().to_string(),
            port: address.port(),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An IPv6 address has colons of its own, so the brackets keep the port apart.
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Authority {
    type Err = EndpointProblem;

    fn from_str(text: &str) -> Result<Self, EndpointProblem> {
        let (host, port) = split_port(text)?;
        let port = port
            .parse()
            .map_err(|_| EndpointProblem::Port(port.to_owned()))?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp(authority) => write!(f, "tcp://{authority}"),
            Endpoint::Udp(authority) => write!(f, "udp://{authority}"),
            Endpoint::Unix(name) => write!(f, "unix:{name}"),
            Endpoint::Mem(name) => write!(f, "mem://{name}"),
            Endpoint::Match {
                matchmaker,
                name,
                transport,
                version,
            } => matched::write(f, matchmaker.as_deref(), name, *transport, *version),
            Endpoint::Rpcbind {
                host,
                program,
                version,
                transport,
            } => registry::write(f, host.as_ref(), (*program, *version), *transport),
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        parse(text).map_err(|problem| EndpointError {
            text: text.to_owned(),
            problem,
        })
    }
}

/// A text that is not an endpoint, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an endpoint: {problem}")]
pub struct EndpointError {
    text: String,
    problem: EndpointProblem,
}

impl EndpointError {
    /// What is wrong.
    pub fn problem(&self) -> &EndpointProblem {
        &self.problem
    }
}

/// What is wrong with a text that should be an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointProblem {
    /// There is no `://`.
    #[error(
        "it has no scheme; write tcp://host:port, udp://host:port, unix:/path, mem://name, match://name or rpcbind://host"
    )]
    NoScheme,
    /// The scheme is none that this build has a transport for.
    #[error("the scheme `{0}` is unknown; tcp, udp, unix, mem, match and rpcbind are known")]
    UnknownScheme(String),
    /// No host before the port.
    #[error("the host is missing before the port")]
    NoHost,
    /// No port after the host.
    #[error("the port is missing; write host:port")]
    NoPort,
    /// A port that is not a number from 0 to 65535.
    #[error("`{0}` is not a port, which is a number from 0 to 65535")]
    Port(String),
    /// A host that is neither a name nor an address.
    #[error("`{0}` is neither a host name nor an address (an IPv6 address goes in brackets)")]
    Host(String),
    /// A name is needed and there is none.
    #[error("the name is missing")]
    NoName,
    /// A name with characters that names cannot have.
    #[error("`{0}` is not a name, which has up to 255 letters, digits, `.`, `_` and `-`")]
    Name(String),
    /// A text that a Unix socket cannot be named.
    #[error(
        "`{0}` is not the name of a Unix socket: write an absolute path, unix:/run/bank.sock, or an abstract name, unix:@bank"
    )]
    SocketName(String),
    /// The name of a Unix socket has too many bytes: so many.
    #[error("the name has {0} bytes, and the system lets that of a Unix socket have at most 107")]
    SocketNameLength(usize),
    /// Something after `?` that is no option.
    #[error(
        "`{0}` is not an option here; there may be one transport=tcp, udp or unix, one version=N, and at last at=unix:/path \
         or at=tcp://host:port if no host stands before the name"
    )]
    Option(String),
    /// Something after `?` that is no option of an rpcbind.
    #[error(
        "`{0}` is not an option here; there may be transport=tcp or udp, and if no host is named transport=unix (which rpcbind calls local)"
    )]
    RpcbindOption(String),
    /// What stands behind the host of an rpcbind is no program.
    #[error("`{0}` is not a program; write its number, or number.version: 100003.3, 0x20000bab.1")]
    Program(String),
    /// A version that is no number.
    #[error("`{0}` is not a version, which is a number from 0 to 4294967295")]
    Version(String),
    /// A place where no matchmaker can be.
    #[error("a matchmaker cannot be at `{0}`; write unix:/path, unix:@name or tcp://host:port")]
    Matchmaker(String),
}

fn parse(text: &str) -> Result<Endpoint, EndpointProblem> {
    if let Some(name) = text.strip_prefix("unix:") {
        return Ok(Endpoint::Unix(name.parse()?));
    }
    let (scheme, rest) = text.split_once("://").ok_or(EndpointProblem::NoScheme)?;
    match scheme {
        "tcp" => Ok(Endpoint::Tcp(rest.parse()?)),
        "udp" => Ok(Endpoint::Udp(rest.parse()?)),
        "mem" if rest.is_empty() => Err(EndpointProblem::NoName),
        "mem" => Ok(Endpoint::Mem(name(rest)?)),
        "match" => matched::parse(rest),
        "rpcbind" => registry::parse(rest),
        _ => Err(EndpointProblem::UnknownScheme(scheme.to_owned())),
    }
}

/// Cuts `host:port` or `[address]:port` and checks the host.
fn split_port(text: &str) -> Result<(&str, &str), EndpointProblem> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest
            .split_once(']')
            .ok_or_else(|| EndpointProblem::Host(text.to_owned()))?;
        let port = rest.strip_prefix(':').ok_or(EndpointProblem::NoPort)?;
        host.parse::<Ipv6Addr>()
            .map_err(|_| EndpointProblem::Host(host.to_owned()))?;
        return Ok((host, port));
    }
    let (host, port) = text.rsplit_once(':').ok_or(EndpointProblem::NoPort)?;
    if host.is_empty() {
        return Err(EndpointProblem::NoHost);
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.len() > 253 || !host.chars().all(fits) {
        return Err(EndpointProblem::Host(host.to_owned()));
    }
    Ok((host, port))
}

fn name(text: &str) -> Result<String, EndpointProblem> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if text.len() > 255 || !text.chars().all(fits) {
        return Err(EndpointProblem::Name(text.to_owned()));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_reads_back_as_it_was_written() {
        for text in [
            "tcp://127.0.0.1:7000",
            "tcp://localhost:0",
            "tcp://[::1]:65535",
            "udp://a-host.example:1",
            "unix:/run/bank.sock",
            "unix:/run/a bank/ß?#%20",
            "unix:@bank",
            "unix:@bank/1",
            "mem://bank",
            "match://bank",
            "match://",
            "match://127.0.0.1:7400/bank.v1",
            "match://[::1]:7400/bank",
            "match://host:7400/",
            "match://bank?transport=udp",
            "match://bank?transport=unix",
            "match://host:7400/bank?transport=tcp",
            "match://bank?version=0",
            "match://host:7400/bank?transport=tcp&version=2",
            "match://?at=unix:@matchmaker",
            "match://bank?transport=udp&version=2&at=unix:/run/a&b?c=d",
            "rpcbind://",
            "rpcbind:///100003.3",
            "rpcbind://host",
            "rpcbind://[::1]",
            "rpcbind://[::1]:1111/100003",
            "rpcbind://10.0.0.1:1111?transport=tcp",
            "rpcbind://host.example/536873899.1?transport=udp",
        ] {
            let endpoint: Endpoint = text.parse().expect(text);
            assert_eq!(endpoint.to_string(), text);
        }
    }

    #[test]
    fn a_mistake_is_named() {
        use EndpointProblem::*;
        let rows = [
            ("", NoScheme),
            ("127.0.0.1:7000", NoScheme),
            ("http://a:1", UnknownScheme("http".into())),
            ("tcp://", NoPort),
            ("tcp://host", NoPort),
            ("tcp://:7000", NoHost),
            ("tcp://host:", Port("".into())),
            ("tcp://host:seven", Port("seven".into())),
            ("tcp://host:65536", Port("65536".into())),
            ("tcp://::1:7000", Host("::1".into())),
            ("tcp://[::1]", NoPort),
            ("tcp://[nine]:1", Host("nine".into())),
            ("tcp://[::1:1", Host("[::1:1".into())),
            ("tcp://a b:1", Host("a b".into())),
            ("udp://host:1/path", Port("1/path".into())),
            ("unix:", NoName),
            ("unix:@", NoName),
            ("unix:bank.sock", SocketName("bank.sock".into())),
            ("unix:./bank.sock", SocketName("./bank.sock".into())),
            ("unix://run/bank.sock", SocketName("//run/bank.sock".into())),
            ("unix:/run/", SocketName("/run/".into())),
            ("unix:/run/a\nb", SocketName("/run/a\nb".into())),
            ("unix:@a\0", SocketName("@a\0".into())),
            ("mem://", NoName),
            ("mem://a/b", Name("a/b".into())),
            ("match://bank/", NoPort),
            ("match://host:1/a b", Name("a b".into())),
            ("match://bank?transport=mem", Option("transport=mem".into())),
            ("match://bank?", Option("".into())),
            ("match://bank?version=two", Version("two".into())),
            ("match://bank?version=-1", Version("-1".into())),
            (
                "match://bank?version=1&version=2",
                Option("version=2".into()),
            ),
            ("match://bank?transport=tcp&", Option("".into())),
            ("match://bank?at=bank.sock", NoScheme),
            (
                "match://bank?at=match://bank",
                Matchmaker("match://bank".into()),
            ),
            ("match://bank?at=udp://a:1", Matchmaker("udp://a:1".into())),
            (
                "match://host:1/bank?at=unix:@a&b",
                Option("at=unix:@a&b".into()),
            ),
            ("rpcbind://a b", Host("a b".into())),
            ("rpcbind://::1", Host(":".into())),
            ("rpcbind://[nine]", Host("nine".into())),
            ("rpcbind://host:x/1.1", Port("x".into())),
            ("rpcbind://:111", NoHost),
            ("rpcbind://host/bank", Program("bank".into())),
            ("rpcbind://host/1.", Program("1.".into())),
            ("rpcbind://host/0x.1", Program("0x.1".into())),
            ("rpcbind://host/+1.1", Program("+1.1".into())),
            (
                "rpcbind://host/1.4294967296",
                Program("1.4294967296".into()),
            ),
            (
                "rpcbind://host?transport=tcp6",
                RpcbindOption("transport=tcp6".into()),
            ),
            (
                "rpcbind://localhost?transport=local",
                RpcbindOption("transport=local".into()),
            ),
            (
                "rpcbind://host?version=1",
                RpcbindOption("version=1".into()),
            ),
        ];
        for (text, expected) in rows {
            let error = text.parse::<Endpoint>().expect_err(text);
            assert_eq!(error.problem(), &expected, "{text}");
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn options_come_in_any_order_and_a_host_may_be_written_as_an_option() {
        for (text, expected) in [
            (
                "match://bank?version=2&transport=tcp",
                "match://bank?transport=tcp&version=2",
            ),
            (
                "match://bank?version=2&at=tcp://host:1",
                "match://host:1/bank?version=2",
            ),
            ("rpcbind://host:111/", "rpcbind://host"),
            ("rpcbind:///0x20000bab.0x1", "rpcbind:///536873899.1"),
            ("rpcbind://?transport=local", "rpcbind://?transport=unix"),
        ] {
            let endpoint: Endpoint = text.parse().expect(text);
            assert_eq!(endpoint.to_string(), expected);
        }
    }

    #[test]
    fn the_name_of_a_unix_socket_has_two_kinds_and_a_limit() {
        let socket = |text: &str| match text.parse() {
            Ok(Endpoint::Unix(name)) => Ok(name),
            Ok(other) => panic!("{other}"),
            Err(error) => Err(error.problem().clone()),
        };
        let bank = socket("unix:///run/bank.sock").expect("another spelling");
        assert_eq!(Ok(&bank), socket("unix:/run/bank.sock").as_ref());
        assert_eq!(bank.path(), Some(std::path::Path::new("/run/bank.sock")));
        assert_eq!(bank.abstract_name(), None);
        let bank = socket("unix:@bank").expect("a name");
        assert_eq!((bank.path(), bank.abstract_name()), (None, Some("bank")));
        for (prefix, letters) in [("unix:/", 106), ("unix:@", 107)] {
            let name = |letters| format!("{prefix}{}", "x".repeat(letters));
            socket(&name(letters)).expect("short enough");
            let problem = EndpointProblem::SocketNameLength(108);
            assert_eq!(socket(&name(letters + 1)), Err(problem));
        }
    }

    #[test]
    fn only_an_address_needs_no_name_service() {
        let address = |text: &str| text.parse::<Authority>().expect(text).address();
        assert_eq!(
            address("10.0.0.1:80"),
            Some(SocketAddr::from(([10, 0, 0, 1], 80)))
        );
        assert_eq!(
            address("[::1]:80"),
            Some(SocketAddr::from((Ipv6Addr::LOCALHOST, 80)))
        );
        assert_eq!(address("localhost:80"), None);
    }
}
