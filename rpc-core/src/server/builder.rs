//! Describing and starting a server.

use super::poller::Poller;
use super::registering::{Registered, Registering};
use super::routes::MAX_SOCKETS;
use super::shared::{Bounds, Shared};
use super::source::Source;
use super::sources::Sources;
use super::{Server, committer, house, recovering, worker};
use crate::describe::{Interface, Semantics};
use crate::endpoint::{Endpoint, EndpointError};
use crate::matchmaker::{Identity, RegistrationError};
use crate::service::Service;
use crate::store::{CompletionStore, MemoryCompletions, OpenError, Opened, StoreError};
use crate::system;
use crate::transport::Listener;
use rpc_proto::session::server as machine;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A server that is being described. [`start`](Self::start) brings it to life.
#[derive(Default)]
pub struct ServerBuilder {
    services: Vec<Box<dyn Service>>,
    listen: Vec<String>,
    threads: Option<usize>,
    completions: Option<Box<dyn CompletionStore>>,
    registering: Registering,
    pub(super) bounds: Bounds,
}

impl ServerBuilder {
    /// Serves this too.
    #[must_use]
    pub fn serve(mut self, service: impl Service) -> Self {
        self.services.push(Box::new(service));
        self
    }

    /// Answers at this endpoint too: `tcp://host:port`, `udp://host:port`, `unix:/path`, `unix:@name` or `mem://name`. Port
    /// 0 gets a free port. The file of a Unix socket is removed when the server ends; one that a killed server left behind is
    /// replaced.
    #[must_use]
    pub fn listen(mut self, endpoint: impl fmt::Display) -> Self {
        self.listen.push(endpoint.to_string());
        self
    }

    /// Registers all services at a matchmaker: `match://[host:port/][name]`. Without a name, each is registered under the
    /// name of its interface; without an address, at the usual one (see [`matchmaker`](crate::matchmaker)).
    ///
    /// The server stays registered until it is shut down, also when the matchmaker is restarted.
    ///
    /// Or at this host's rpcbind, where C programs look: `rpcbind://`, which registers program and version of each service for
    /// each transport that it listens at (see [`rpcbind`](crate::rpcbind)). It stays there until it is shut down or dropped.
    #[must_use]
    pub fn register(mut self, at: impl fmt::Display) -> Self {
        self.registering.targets.push(at.to_string());
        self
    }

    /// Registers this endpoint, instead of those that the server listens at: for servers behind a relay, or that listen
    /// on all addresses. May be repeated.
    #[must_use]
    pub fn advertise(mut self, endpoint: impl fmt::Display) -> Self {
        self.registering.advertised.push(endpoint.to_string());
        self
    }

    /// How many handlers can run at a time; without this, as many as there are processors, and at least four.
    ///
    /// Handlers that wait for calls that they made themselves are not counted, up to 256 of them: others run meanwhile.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Takes at most so many connections at a time; without this, 16,384. For one more, the one that has been idle
    /// longest is closed, of a sample; if none is idle, the new one.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.bounds.connections = connections;
        self
    }

    /// Takes and sends messages of at most so many bytes; without this, 16 MiB. Who sends a longer one is disconnected; instead
    /// of a longer result, the caller is told that the method ran and the result could not be sent.
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.bounds.message = bytes;
        self.bounds.held = self.bounds.held.max(bytes.saturating_mul(4));
        self
    }

    /// Keeps the completion records of `exactly_once` methods in this store, which is opened when the server starts.
    ///
    /// `DurableStore` (feature `durable`) is the embedded one: a directory. The promise then holds through the end of the
    /// process and of its successors on the same store.
    #[must_use]
    pub fn completions(mut self, store: impl CompletionStore) -> Self {
        self.completions = Some(Box::new(store));
        self
    }

    /// Keeps the completion records of `exactly_once` methods in memory.
    ///
    /// Their promise is then kept through lost, doubled and late messages, but not through the end of this process: a
    /// client whose call was under way when the server died is told that the outcome is unknown.
    #[must_use]
    pub fn memory_completions(self) -> Self {
        self.completions(MemoryCompletions)
    }

    /// Binds all endpoints, then opens the store and has the services say what became of calls that a crash interrupted, then
    /// registers, and then answers. On an error nothing stays bound or registered.
    pub fn start(self) -> Result<Server, StartError> {
        let interfaces: Vec<_> = self
            .services
            .iter()
            .map(|service| service.interface())
            .collect();
        check_services(&interfaces, self.completions.is_some())?;
        let endpoints = self.parse_endpoints()?;
        let plan = self.registering.plan()?;
        let bound = Bound::bind(&endpoints)?;
        let incarnation = number(&system::entropy().map_err(StartError::System)?);
        let (machine, opened) = self.open(incarnation)?;
        let store_id = opened.as_ref().map(|opened| opened.identity.id);
        let identity = Identity::new(incarnation, store_id).map_err(StartError::System)?;
        let registered = plan.carry_out(&interfaces, &bound.endpoints, &identity)?;
        let workers = self.threads.unwrap_or_else(default_threads).max(1);
        let Bound {
            poller,
            sources,
            ports,
            endpoints,
        } = bound;
        let shared = Arc::new(Shared::new(
            poller,
            sources,
            self.services,
            machine,
            opened.map(|opened| opened.store),
            workers,
            self.bounds,
            ports,
        ));
        start_threads(shared, endpoints, registered).map_err(StartError::System)
    }

    /// Opens the store, and makes the session machine that goes on where the store's last one stopped.
    fn open(&self, incarnation: u64) -> Result<(machine::Server, Option<Opened>), StartError> {
        let mut opened = self
            .completions
            .as_deref()
            .map(CompletionStore::open)
            .transpose()?;
        let offers = self.services.iter().map(|service| machine::Offer {
            interface: service.interface(),
            effects: service.effects(),
        });
        let mut machine = machine::Server::new(
            machine::Config {
                max_plain_calls: self.bounds.plain_calls,
                ..machine::Config::default()
            },
            offers.collect(),
            incarnation,
            opened.as_ref().map(|opened| opened.identity),
            system::entropy().map_err(StartError::System)?,
        );
        if let Some(opened) = &mut opened {
            recovering::restore(&mut machine, opened, &self.services, self.bounds.message)
                .map_err(StartError::Recovery)?;
        }
        Ok((machine, opened))
    }

    /// Starts the server and waits until it ends, which as a rule is the end of the program.
    pub fn run(self) -> Result<(), StartError> {
        self.start()?.wait();
        Ok(())
    }

    fn parse_endpoints(&self) -> Result<Vec<Endpoint>, StartError> {
        if self.listen.is_empty() {
            return Err(StartError::NoEndpoint);
        }
        self.listen
            .iter()
            .map(|text| text.parse().map_err(StartError::Endpoint))
            .collect()
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services: Vec<_> = self
            .services
            .iter()
            .map(|service| service.interface().name)
            .collect();
        f.debug_struct("ServerBuilder")
            .field("services", &services)
            .field("listen", &self.listen)
            .field("registering", &self.registering)
            .finish_non_exhaustive()
    }
}

/// A server that could not be started. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is nothing to serve.
    #[error("there is nothing to serve; write .serve(service)")]
    NoService,
    /// There is nowhere to listen.
    #[error("there is no endpoint to listen at; write .listen(\"tcp://127.0.0.1:0\"), for example")]
    NoEndpoint,
    /// Two services answer for the same version of the same program.
    #[error("{first} and {second} are both program {program:#x} version {version}")]
    SameProgram {
        /// The interface served first.
        first: &'static str,
        /// The other one.
        second: &'static str,
        /// The number of both.
        program: u32,
        /// The version of both.
        version: u32,
    },
    /// There are `exactly_once` methods and nothing that keeps their completion records.
    #[error("exactly once needs a place for the completion records of {}; write .completions(DurableStore::open(directory)?), or .memory_completions() if they may be lost with the process", .methods.join(", "))]
    NoCompletions {
        /// The methods.
        methods: Vec<String>,
    },
    /// A text is not an endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// An endpoint cannot be listened at.
    #[error("cannot listen at {endpoint}: {source}")]
    Listen {
        /// The endpoint.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
    /// The store of completion records cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store of completion records opened, and then did not keep what became of calls that a crash interrupted.
    #[error("what became of interrupted calls cannot be kept: {0}")]
    Recovery(#[source] StoreError),
    /// A matchmaker or an rpcbind cannot be told of the server.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    /// The system does not give what every server needs: threads, an epoll, random bytes.
    #[error("the system does not let a server start: {0}")]
    System(#[source] io::Error),
}

/// Everything that is bound, before anything answers.
struct Bound {
    poller: Poller,
    sources: Sources<Source>,
    ports: Vec<u64>,
    endpoints: Vec<Endpoint>,
}

impl Bound {
    fn bind(wanted: &[Endpoint]) -> Result<Self, StartError> {
        let poller = Poller::new().map_err(StartError::System)?;
        let mut bound = Bound {
            poller,
            sources: Sources::default(),
            ports: Vec::new(),
            endpoints: Vec::new(),
        };
        for endpoint in wanted {
            bound
                .listen(endpoint)
                .map_err(|source| StartError::Listen {
                    endpoint: endpoint.clone(),
                    source,
                })?;
        }
        Ok(bound)
    }

    fn listen(&mut self, endpoint: &Endpoint) -> io::Result<()> {
        if self.ports.len() == MAX_SOCKETS {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("one server has at most {MAX_SOCKETS} datagram sockets"),
            ));
        }
        let listener = Listener::bind(endpoint)?;
        self.endpoints.push(listener.endpoint().clone());
        let datagrams = matches!(listener, Listener::Datagram(_));
        let index = self.ports.len();
        let source = self
            .sources
            .insert(|number| Source::listener(number, listener, index));
        if datagrams {
            self.ports.push(source.number);
        }
        // No thread waits yet. What comes from now on is reported when one does.
        self.poller.add(&*source, source.number)
    }
}

fn check_services(
    interfaces: &[&'static Interface],
    have_completions: bool,
) -> Result<(), StartError> {
    if interfaces.is_empty() {
        return Err(StartError::NoService);
    }
    for (index, second) in interfaces.iter().enumerate() {
        let same = |first: &&&Interface| {
            (first.program, first.version) == (second.program, second.version)
        };
        if let Some(first) = interfaces[..index].iter().find(same) {
            let (program, version) = (second.program, second.version);
            return Err(StartError::SameProgram {
                first: first.name,
                second: second.name,
                program,
                version,
            });
        }
    }
    let exactly_once = |interface: &&'static Interface| {
        let name = interface.name;
        let methods = interface
            .methods
            .iter()
            .filter(|method| method.semantics == Semantics::ExactlyOnce);
        methods.map(move |method| format!("{name}.{}", method.name))
    };
    let methods: Vec<_> = interfaces.iter().flat_map(exactly_once).collect();
    if methods.is_empty() || have_completions {
        Ok(())
    } else {
        Err(StartError::NoCompletions { methods })
    }
}

fn start_threads(
    shared: Arc<Shared>,
    endpoints: Vec<Endpoint>,
    registered: Vec<Registered>,
) -> io::Result<Server> {
    let mut server = Server {
        shared,
        endpoints,
        registered: Mutex::new(registered),
        threads: Vec::new(),
    };
    for index in 0..server.shared.seats.len() {
        let shared = server.shared.clone();
        let thread = spawn(format!("rpc-worker-{index}"), move || {
            worker::work(&shared, &shared.seats[index])
        })?;
        // Dropped with what has been started, should one of the others not start.
        server.threads.push(thread);
    }
    let shared = server.shared.clone();
    server
        .threads
        .push(spawn("rpc-house".to_owned(), move || house::keep(&shared))?);
    if server.shared.store.is_some() {
        let shared = server.shared.clone();
        let thread = spawn("rpc-committer".to_owned(), move || committer::keep(&shared))?;
        server.threads.push(thread);
    }
    Ok(server)
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name).spawn(work)
}

fn default_threads() -> usize {
    thread::available_parallelism().map_or(4, |processors| processors.get().max(4))
}

/// A number from random bytes, never 0.
fn number(bytes: &[u8; 32]) -> u64 {
    bytes
        .first_chunk()
        .map_or(1, |bytes| u64::from_le_bytes(*bytes).max(1))
}
