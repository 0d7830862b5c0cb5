//! Finding the server and connecting to it, again and again, a piece at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rpc_proto::time::Time;

use super::resolve::Resolve;
use crate::endpoint::Endpoint;
use crate::error::ConnectError;
use crate::system::now;
use crate::transport::{Connecting, Link};

/// The first pause after an attempt that failed; each further one doubles it.
const PAUSE: Duration = Duration::from_millis(10);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A link that lasted so long was a good one.
const STEADY: Duration = Duration::from_secs(1);
/// How long one endpoint is waited for before the next one is tried.
const PATIENCE: Duration = Duration::from_secs(3);

/// Makes links. What it has begun is kept when the thread that does the work has to leave, and the next one goes on.
///
/// It blocks, so it is only used by the reader and with no lock held.
#[derive(Debug)]
pub(super) struct Connector {
    target: Target,
    /// What the last resolving gave and has not been tried.
    left: VecDeque<Endpoint>,
    attempt: Option<Attempt>,
    /// Rounds that ended without a server that spoke.
    failures: u32,
    /// When the last link came up.
    up_since: Time,
    /// Links in a row that were lost soon after the server had spoken, and without a result.
    brief: u32,
    not_before: Time,
    /// For the jitter alone.
    random: u64,
}

struct Target {
    resolver: Arc<dyn Resolve>,
    endpoint: Endpoint,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.endpoint)
    }
}

#[derive(Debug)]
struct Attempt {
    connecting: Connecting,
    endpoint: Endpoint,
    until: Time,
}

/// What a piece of work came to.
#[derive(Debug)]
pub(super) enum Step {
    /// There is a link.
    Connected(Link),
    /// The time is over, or a part of it. Go on later.
    Later,
    /// Every endpoint failed; this is what the last one said. The next step waits a little before it tries anew.
    Failed(ConnectError),
}

impl Connector {
    /// Connects to what `resolver` gives for `endpoint`.
    pub(super) fn new(resolver: Arc<dyn Resolve>, endpoint: Endpoint, random: u64) -> Self {
        let target = Target { resolver, endpoint };
        // The lowest bit keeps the generator from getting stuck at zero.
        Self {
            target,
            left: VecDeque::new(),
            attempt: None,
            failures: 0,
            up_since: Time::ZERO,
            brief: 0,
            not_before: Time::ZERO,
            random: random | 1,
        }
    }

    /// Works, and waits, until about `until`.
    pub(super) fn step(&mut self, until: Time) -> Step {
        let pause = self.not_before.min(until).since(now());
        if !pause.is_zero() {
            std::thread::park_timeout(pause);
        }
        let start = now();
        if start < self.not_before {
            return Step::Later;
        }
        if self.attempt.is_none()
            && let Err(error) = self.begin(until.since(start))
        {
            return self.failed(error);
        }
        self.go_on(until)
    }

    /// The server has spoken, so this round of attempts is over.
    pub(super) fn heard(&mut self) {
        self.left.clear();
        self.failures = 0;
        self.not_before = Time::ZERO;
    }

    /// A call has its result: the link was of use, however soon it is lost.
    pub(super) fn answered(&mut self) {
        self.brief = 0;
    }

    /// The link is lost after the server had spoken, which is looked for again at once. But a server that breaks each link
    /// when it gets what waits to be sent again would be connected to without end, so ever longer pauses come between.
    pub(super) fn lost_heard(&mut self) {
        if now().since(self.up_since) >= STEADY {
            self.brief = 0;
            return;
        }
        if self.brief > 0 {
            self.not_before = now() + self.pause(self.brief);
        }
        self.brief = self.brief.saturating_add(1);
    }

    /// The link is lost before anything came over it. After the last endpoint of a round the next one has to wait.
    pub(super) fn lost_unheard(&mut self) {
        if self.has_more() {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        self.not_before = now() + self.pause(self.failures);
    }

    /// Whether there are endpoints that were not tried in this round.
    pub(super) fn has_more(&self) -> bool {
        !self.left.is_empty()
    }

    /// Starts to connect to the next endpoint; asks the resolver when there is none left.
    fn begin(&mut self, within: Duration) -> Result<(), ConnectError> {
        if self.left.is_empty() {
            let resolve = |error| ConnectError::Resolve {
                endpoint: self.target.endpoint.clone(),
                source: Box::new(error),
            };
            let found = self.target.resolver.resolve(within).map_err(resolve)?;
            self.left = found.into_iter().flat_map(each_address).collect();
        }
        let endpoint = self
            .left
            .pop_front()
            .unwrap_or_else(|| self.target.endpoint.clone());
        match Connecting::start(&endpoint) {
            Ok(connecting) => {
                self.attempt = Some(Attempt {
                    connecting,
                    endpoint,
                    until: now() + PATIENCE,
                });
                Ok(())
            }
            Err(source) => Err(ConnectError::Unreachable { endpoint, source }),
        }
    }

    fn go_on(&mut self, until: Time) -> Step {
        let Some(attempt) = &mut self.attempt else {
            return Step::Later;
        };
        let error = match attempt
            .connecting
            .wait(attempt.until.min(until).since(now()))
        {
            Ok(Some(link)) => {
                self.attempt = None;
                self.up_since = now();
                return Step::Connected(link);
            }
            Ok(None) if now() < attempt.until => return Step::Later,
            Ok(None) => std::io::ErrorKind::TimedOut.into(),
            Err(error) => error,
        };
        let endpoint = attempt.endpoint.clone();
        self.attempt = None;
        self.failed(ConnectError::Unreachable {
            endpoint,
            source: error,
        })
    }

    fn failed(&mut self, error: ConnectError) -> Step {
        if self.has_more() {
            // Another endpoint of the same round may be well.
            return Step::Later;
        }
        self.lost_unheard();
        Step::Failed(error)
    }

    /// Between three and five quarters of the pause due, so that clients that failed together do not return together.
    fn pause(&mut self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(10);
        let pause = PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let quarter = pause / 4;
        pause - quarter
            + Duration::from_nanos(self.random % (2 * quarter.subsec_nanos().max(1) as u64))
    }
}

/// The places that an endpoint may mean. A stream knows whether it is connected and tries the addresses of its host itself; of
/// datagrams only the answer tells.
fn each_address(endpoint: Endpoint) -> Vec<Endpoint> {
    match &endpoint {
        Endpoint::Udp(host) => host.addresses().into_iter().map(Endpoint::Udp).collect(),
        _ => vec![endpoint],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server that lets everybody in, and a connector to it.
    fn listen() -> (TcpListener, Connector) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = listener.local_addr().expect("an address");
        let endpoint: Endpoint = format!("tcp://{address}").parse().expect("an endpoint");
        let connector = Connector::new(Arc::new(endpoint.clone()), endpoint, 1);
        (listener, connector)
    }

    /// As when a call makes the server break the connection: the call comes again over the next one.
    #[test]
    fn a_server_that_speaks_and_breaks_every_link_is_not_connected_to_without_end() {
        let (_listener, mut connector) = listen();
        let start = now();
        let mut paused = 0;
        for links in 0.. {
            while !matches!(connector.step(start + STEADY), Step::Connected(_)) {
                paused += 1;
                assert!(paused < 1000, "no link");
                if now() >= start + STEADY {
                    assert!((2..30).contains(&links), "{links} links");
                    return;
                }
            }
            assert!(links < 30, "too many links");
            connector.heard();
            connector.lost_heard();
        }
    }

    /// As on a bad network: each link carries a few calls before it breaks.
    #[test]
    fn links_that_bring_results_are_replaced_at_once() {
        let (_listener, mut connector) = listen();
        for _ in 0..20 {
            connector.heard();
            connector.answered();
            connector.lost_heard();
            assert_eq!(connector.not_before, Time::ZERO);
        }
    }

    #[test]
    fn each_address_of_a_name_is_a_place_of_its_own_for_datagrams() {
        for (endpoint, expected) in [
            ("tcp://localhost:7", "tcp://localhost:7"),
            ("udp://127.0.0.1:7", "udp://127.0.0.1:7"),
            ("udp://[::1]:7", "udp://[::1]:7"),
        ] {
            let found = each_address(endpoint.parse().expect("an endpoint"));
            let found: Vec<String> = found.iter().map(Endpoint::to_string).collect();
            assert_eq!(found, [expected]);
        }
        let found = each_address("udp://localhost:7".parse().expect("an endpoint"));
        let found: Vec<String> = found.iter().map(Endpoint::to_string).collect();
        assert!(found.contains(&"udp://127.0.0.1:7".to_owned()), "{found:?}");
    }

    #[test]
    fn a_server_that_is_lost_once_is_looked_for_at_once() {
        let (_listener, mut connector) = listen();
        assert!(matches!(connector.step(now() + STEADY), Step::Connected(_)));
        connector.heard();
        connector.lost_heard();
        assert_eq!(connector.not_before, Time::ZERO);
    }
}
