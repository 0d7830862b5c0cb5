//! A client's side of the matchmaker: from `match://name` to the endpoints where the service answers now.

use super::places::{Places, is_on_this_host};
use super::{Entry, InstanceId, LookupError, MatchmakerClient};
use crate::error::ResolveError;
use crate::{Endpoint, Interface, Resolve, Transport};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Asks a matchmaker where a service is: anew for each attempt to connect, so that a server that moved or was replaced
/// is found.
pub(crate) struct Resolver {
    matchmaker: Option<Endpoint>,
    name: String,
    transport: Option<Transport>,
    version: Option<u32>,
    interface: &'static Interface,
    /// The servers of the last answer. They stay in front, in their order, as long as they are registered: a call that
    /// was sent to one of them must not go to another while that one lives.
    familiar: Mutex<Vec<InstanceId>>,
    /// Whether nobody had the name when it was last asked for. Then whoever asks again waits for somebody to come.
    missed: AtomicBool,
}

impl Resolver {
    /// A resolver for `endpoint` if it is a `match://` one, else none. Only servers of `interface` are taken; it also gives
    /// the name if the endpoint has none.
    pub(crate) fn new(endpoint: &Endpoint, interface: &'static Interface) -> Option<Self> {
        let Endpoint::Match {
            matchmaker,
            name,
            transport,
            version,
        } = endpoint
        else {
            return None;
        };
        let name = if name.is_empty() {
            interface.name
        } else {
            name
        };
        Some(Self {
            matchmaker: matchmaker.as_deref().cloned(),
            name: name.to_owned(),
            transport: *transport,
            version: *version,
            interface,
            familiar: Mutex::default(),
            missed: AtomicBool::new(false),
        })
    }

    /// The servers of the name, and the matchmaker that knows them.
    fn look_up(&self, within: Duration) -> Result<(Endpoint, Vec<Entry>), ResolveError> {
        let places = Places::new(self.matchmaker.as_ref())?;
        // A caller may come with hardly any time, again and again; it would then never get an answer.
        let until = Instant::now() + within.max(LEAST_PATIENCE);
        let (at, desk) = places.reach(until.saturating_duration_since(Instant::now()))?;
        if self.missed.load(Ordering::Relaxed) {
            let entries = self.wait_for_entries(&desk, until);
            if !entries.is_empty() {
                return Ok((at, entries));
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        match desk.lookup(&self.name).deadline(left).wait() {
            Ok(Ok(entries)) => Ok((at, entries)),
            Ok(Err(LookupError::NoSuchName { near })) => Err(ResolveError::Unknown {
                matchmaker: at,
                name: self.name.clone(),
                near: near.iter().map(|name| name.to_string()).collect(),
            }),
            Err(error) => Err(ResolveError::Away {
                matchmaker: at,
                source: error.into(),
            }),
        }
    }

    /// Waits for somebody to register the name, for not quite as long as there is time. None: there is still nobody, or the
    /// matchmaker has too much to do to tell us, or it is one that cannot.
    fn wait_for_entries(&self, desk: &MatchmakerClient, until: Instant) -> Vec<Entry> {
        let until = until.min(Instant::now() + LONGEST_WATCH);
        let mut known = 0;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let wait = left.saturating_sub(LEAST_PATIENCE);
            if wait.is_zero() {
                return Vec::new();
            }
            let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
            let sight = desk.watch(&self.name, known, wait).deadline(left).wait();
            match sight {
                Ok(sight) if !sight.entries.is_empty() => return sight.entries,
                Ok(sight) if sight.pause_ms == 0 => known = sight.generation,
                _ => return Vec::new(),
            }
        }
    }

    /// What can be called of what was found, the best first: familiar servers, then the others in the matchmaker's order; of each
    /// its TCP endpoints, then its UDP ones, and its Unix sockets if it has neither of those or they are asked for.
    fn choose(
        &self,
        matchmaker: &Endpoint,
        entries: &[Entry],
    ) -> Result<Vec<Endpoint>, ResolveError> {
        let unusable = |why| ResolveError::Unusable {
            matchmaker: matchmaker.clone(),
            name: self.name.clone(),
            why,
        };
        let mut fitting: Vec<&Entry> = entries.iter().filter(|entry| self.fits(entry)).collect();
        if fitting.is_empty() {
            return Err(unusable(self.misfit(entries)));
        }
        self.familiar_first(&mut fitting);
        let on_this_host = is_on_this_host(matchmaker);
        let chosen: Vec<Endpoint> = fitting
            .iter()
            .flat_map(|entry| self.take(endpoints(entry), on_this_host))
            .collect();
        match (chosen.is_empty(), self.transport) {
            (false, _) => Ok(chosen),
            (true, None | Some(Transport::Unix)) if has_sockets(&fitting) => Err(unusable(
                "it has a Unix socket, which is used only if the matchmaker is asked at a loopback address".to_owned(),
            )),
            (true, Some(transport)) => Err(unusable(format!("it has no endpoint for {transport}"))),
            (true, None) => Err(unusable(
                "it has no endpoint that this client has a transport for".to_owned(),
            )),
        }
    }

    fn familiar_first(&self, entries: &mut [&Entry]) {
        let mut familiar = self.familiar.lock().unwrap_or_else(PoisonError::into_inner);
        let place = |entry: &Entry| {
            familiar
                .iter()
                .position(|known| *known == entry.registration.instance)
        };
        entries.sort_by_key(|entry| place(entry).unwrap_or(usize::MAX));
        *familiar = entries
            .iter()
            .map(|entry| entry.registration.instance)
            .collect();
    }

    fn fits(&self, entry: &Entry) -> bool {
        let found = &entry.registration;
        let ours = self.interface;
        (found.program, found.version) == (ours.program, ours.version)
            && self.version.is_none_or(|wanted| wanted == ours.version)
    }

    /// What this client uses of the endpoints of one server.
    fn take(&self, mut endpoints: Vec<Endpoint>, on_this_host: bool) -> Vec<Endpoint> {
        let is_socket = |endpoint: &Endpoint| transport(endpoint) == Some(Transport::Unix);
        if !on_this_host {
            endpoints.retain(|endpoint| !is_socket(endpoint));
        }
        if let Some(wanted) = self.transport {
            endpoints.retain(|endpoint| transport(endpoint) == Some(wanted));
        } else if !endpoints.iter().all(is_socket) {
            // Never both: a session that was opened over a socket is lost where the network takes its place (rule S-11).
            endpoints.retain(|endpoint| !is_socket(endpoint));
        }
        endpoints
    }

    /// Why none of the entries is a server of our interface.
    fn misfit(&self, entries: &[Entry]) -> String {
        let Interface {
            name,
            program,
            version,
            ..
        } = self.interface;
        let mut versions: Vec<String> = entries
            .iter()
            .filter(|entry| entry.registration.program == *program)
            .map(|entry| entry.registration.version.to_string())
            .collect();
        versions.sort_by_key(|version| (version.len(), version.clone()));
        versions.dedup();
        if versions.is_empty() {
            let found = entries
                .first()
                .map_or(0, |entry| entry.registration.program);
            return format!("it is program {found:#x}, and {name} is program {program:#x}");
        }
        let versions = versions.join(", ");
        match self.version {
            Some(wanted) if wanted != *version => format!(
                "it serves {name} in version {versions}; version {wanted} is asked for, \
                 and this client speaks version {version}"
            ),
            _ => format!(
                "it serves {name} in version {versions}, and this client speaks version {version}"
            ),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, within: Duration) -> Result<Vec<Endpoint>, ResolveError> {
        let found = self.look_up(within);
        let unknown = matches!(found, Err(ResolveError::Unknown { .. }));
        if unknown && !self.missed.swap(true, Ordering::Relaxed) {
            tracing::info!(name = %self.name, "nobody is registered; waiting for a server");
        }
        let (matchmaker, entries) = found?;
        self.missed.store(false, Ordering::Relaxed);
        self.choose(&matchmaker, &entries)
    }
}

/// What a look-up may take in any case.
const LEAST_PATIENCE: Duration = Duration::from_millis(200);

/// How long one look-up waits for a name that nobody has. Others may wait for the thread that does it.
const LONGEST_WATCH: Duration = Duration::from_secs(1);

/// The endpoints of an entry that another process can use, TCP first. What this build does not understand is passed over: the
/// server may be newer.
fn endpoints(entry: &Entry) -> Vec<Endpoint> {
    let mut known: Vec<Endpoint> = entry
        .registration
        .endpoints
        .iter()
        .filter_map(|text| text.parse().ok())
        .filter(|endpoint| transport(endpoint).is_some())
        .collect();
    known.sort_by_key(|endpoint| transport(endpoint) != Some(Transport::Tcp));
    known
}

fn has_sockets(entries: &[&Entry]) -> bool {
    entries
        .iter()
        .flat_map(|entry| endpoints(entry))
        .any(|endpoint| transport(&endpoint) == Some(Transport::Unix))
}

fn transport(endpoint: &Endpoint) -> Option<Transport> {
    match endpoint {
        Endpoint::Tcp(_) => Some(Transport::Tcp),
        Endpoint::Udp(_) => Some(Transport::Udp),
        Endpoint::Unix(_) => Some(Transport::Unix),
        // A name within the server's process says nothing in ours; a name at another matchmaker would ask in circles.
        Endpoint::Mem(_) | Endpoint::Match { .. } | Endpoint::Rpcbind { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bounded;
    use crate::matchmaker::Registration;

    const BANK: Interface = Interface {
        name: "Bank",
        program: 0xbab,
        version: 2,
        methods: &[],
    };

    fn entry(program: u32, version: u32, endpoints: &[&str]) -> Entry {
        let endpoint = |text: &&str| Bounded::new((*text).to_owned()).unwrap();
        let registration = Registration {
            name: Bounded::new("bank".to_owned()).unwrap(),
            program,
            version,
            fingerprints: Bounded::default(),
            instance: [0; 16],
            incarnation: 1,
            store: None,
            endpoints: Bounded::new(endpoints.iter().map(endpoint).collect()).unwrap(),
        };
        Entry {
            registration,
            age_ms: 0,
            renewed_ms: 0,
            lease_ms: 1,
        }
    }

    fn choose(endpoint: &str, entries: &[Entry]) -> Result<Vec<String>, String> {
        choose_at("127.0.0.1:4111", endpoint, entries)
    }

    fn choose_at(
        matchmaker: &str,
        endpoint: &str,
        entries: &[Entry],
    ) -> Result<Vec<String>, String> {
        let resolver = Resolver::new(&endpoint.parse().unwrap(), &BANK).unwrap();
        let matchmaker = crate::matchmaker::place(matchmaker).unwrap();
        let chosen = resolver
            .choose(&matchmaker, entries)
            .map_err(|error| error.to_string())?;
        Ok(chosen.iter().map(Endpoint::to_string).collect())
    }

    #[test]
    fn servers_stay_in_order_and_of_each_tcp_comes_first() {
        let entries = [
            entry(
                0xbab,
                2,
                &[
                    "udp://127.0.0.1:1",
                    "mem://bank",
                    "shm:/run/bank",
                    "tcp://127.0.0.1:1",
                ],
            ),
            entry(0xbab, 1, &["tcp://127.0.0.1:2"]),
            entry(0xbab, 2, &["tcp://127.0.0.1:3"]),
        ];
        let all = [
            "tcp://127.0.0.1:1",
            "udp://127.0.0.1:1",
            "tcp://127.0.0.1:3",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(choose("match://bank", &entries), Ok(all));
        let datagrams = vec!["udp://127.0.0.1:1".to_owned()];
        assert_eq!(
            choose("match://bank?transport=udp", &entries),
            Ok(datagrams)
        );
    }

    #[test]
    fn a_unix_socket_is_used_on_its_host_when_asked_for_or_when_there_is_nothing_else() {
        let entries = [
            entry(0xbab, 2, &["unix:/run/bank", "tcp://127.0.0.1:1"]),
            entry(0xbab, 2, &["unix:@bank"]),
        ];
        let (here, there) = ("127.0.0.1:4111", "10.0.0.1:4111");
        let rows: [(&str, &str, &[&str]); 4] = [
            (here, "match://bank", &["tcp://127.0.0.1:1", "unix:@bank"]),
            (here, "match://bank?transport=tcp", &["tcp://127.0.0.1:1"]),
            (
                here,
                "match://bank?transport=unix",
                &["unix:/run/bank", "unix:@bank"],
            ),
            (there, "match://bank", &["tcp://127.0.0.1:1"]),
        ];
        for (matchmaker, endpoint, expected) in rows {
            let chosen = choose_at(matchmaker, endpoint, &entries).expect(endpoint);
            assert_eq!(chosen, expected, "{endpoint} at {matchmaker}");
        }
        for (endpoint, entries) in [
            ("match://bank?transport=unix", &entries[..]),
            ("match://bank", &entries[1..]),
        ] {
            let why = "what tcp://10.0.0.1:4111 has for `bank` is of no use: \
                       it has a Unix socket, which is used only if the matchmaker is asked at a loopback address";
            assert_eq!(choose_at(there, endpoint, entries), Err(why.to_owned()));
        }
    }

    #[test]
    fn a_server_that_was_used_stays_in_front_of_newer_ones() {
        let resolver = Resolver::new(&"match://bank".parse().unwrap(), &BANK).unwrap();
        let server = |instance: u8| {
            let mut entry = entry(0xbab, 2, &[&format!("tcp://127.0.0.1:{instance}")]);
            entry.registration.instance = [instance; 16];
            entry
        };
        let ports = |servers: &[u8]| {
            let entries: Vec<Entry> = servers.iter().map(|instance| server(*instance)).collect();
            let chosen = resolver
                .choose(&"tcp://127.0.0.1:4111".parse().unwrap(), &entries)
                .unwrap();
            chosen
                .iter()
                .map(|endpoint| endpoint.to_string().as_bytes()[16] - b'0')
                .collect::<Vec<_>>()
        };
        assert_eq!(ports(&[1]), [1]);
        assert_eq!(ports(&[2, 1]), [1, 2]);
        assert_eq!(ports(&[3, 2, 1]), [1, 2, 3]);
        assert_eq!(ports(&[3, 2]), [2, 3], "the first one is gone");
        assert_eq!(ports(&[1, 3, 2]), [2, 3, 1], "and was forgotten");
    }

    #[test]
    fn what_does_not_fit_is_told_with_the_reason() {
        let only = |program, version, endpoint| [entry(program, version, &[endpoint])];
        let rows = [
            (
                "match://",
                only(0xbab, 3, "tcp://127.0.0.1:1"),
                "what tcp://127.0.0.1:4111 has for `Bank` is of no use: \
                 it serves Bank in version 3, and this client speaks version 2",
            ),
            (
                "match://?version=2",
                only(0xbab, 3, "tcp://127.0.0.1:1"),
                "what tcp://127.0.0.1:4111 has for `Bank` is of no use: \
                 it serves Bank in version 3, and this client speaks version 2",
            ),
            (
                "match://?version=3&transport=tcp",
                only(0xbab, 3, "tcp://127.0.0.1:1"),
                "what tcp://127.0.0.1:4111 has for `Bank` is of no use: \
                 it serves Bank in version 3; version 3 is asked for, and this client speaks version 2",
            ),
            (
                "match://bank",
                only(0xbac, 2, "tcp://127.0.0.1:1"),
                "what tcp://127.0.0.1:4111 has for `bank` is of no use: it is program 0xbac, and Bank is program 0xbab",
            ),
            (
                "match://bank?transport=udp",
                only(0xbab, 2, "tcp://127.0.0.1:1"),
                "what tcp://127.0.0.1:4111 has for `bank` is of no use: it has no endpoint for udp",
            ),
            (
                "match://bank",
                only(0xbab, 2, "shm:/run/bank"),
                "what tcp://127.0.0.1:4111 has for `bank` is of no use: \
                 it has no endpoint that this client has a transport for",
            ),
        ];
        for (endpoint, entries, expected) in rows {
            assert_eq!(choose(endpoint, &entries), Err(expected.to_owned()));
        }
    }

    #[test]
    fn only_a_matchmakers_name_is_resolved_here() {
        assert!(Resolver::new(&"tcp://127.0.0.1:1".parse().unwrap(), &BANK).is_none());
    }
}
