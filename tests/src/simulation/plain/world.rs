//! The world of callers without sessions.

use super::caller::{Caller, NOTE};
use super::model::{Identity, Model};
use crate::simulation::clock::{MS, SECOND};
use crate::simulation::plan::Weather;
use crate::simulation::rng::Rng;
use crate::simulation::service::SERVED;
use crate::simulation::visits::{Visit, Visits};
use rpc_core::Time;
use rpc_core::describe::Semantics;
use rpc_proto::message::{AcceptStatus, Message, ReplyStatus};
use rpc_proto::session::Security;
use rpc_proto::session::server::{
    Config, Done, Handled, Origin, REPLY_HEADROOM, Route, Run, Server, Token,
};
use std::collections::{BTreeMap, VecDeque};
use std::mem::take;
use std::time::Duration;

pub(super) struct World<'a> {
    rng: Rng,
    visits: &'a mut Visits,
    now: u64,
    steps: u64,
    /// What is to happen, by time and order of planning.
    queue: BTreeMap<(u64, u64), Event>,
    weather: Weather,
    /// The longest that handlers usually take, and the longest result.
    slow: u64,
    long: u64,
    callers: Vec<Caller>,
    routes: Vec<Link>,
    /// Those from which nothing is read until the server may have room.
    starved: VecDeque<usize>,
    config: Config,
    life: u64,
    server: Server,
    model: Model,
    timer: Option<Time>,
    /// Calls under way.
    handlers: BTreeMap<u64, Handler>,
    /// For whom each execution was, and in which life of the server.
    executions: Vec<Execution>,
}

#[derive(Debug)]
enum Event {
    Ask {
        caller: usize,
    },
    /// A caller that has no answer yet sends a call again, or asks for the same answer once more.
    Again {
        caller: usize,
        call: usize,
    },
    ToServer {
        route: usize,
        message: Vec<u8>,
    },
    ToCaller {
        route: usize,
        message: Vec<u8>,
    },
    Ended {
        handler: u64,
    },
    Break {
        caller: usize,
    },
    Restart,
    Timer {
        life: u64,
    },
}

/// A connection, or the address of a caller's datagrams.
struct Link {
    caller: usize,
    open: bool,
    /// A broken stream brings nothing to the server after this.
    cut: u64,
    last_up: u64,
    last_down: u64,
    /// What waits here until the server has room.
    held: VecDeque<Vec<u8>>,
}

struct Handler {
    token: Token,
    call: Identity,
    execution: u64,
    done: Done,
    length: usize,
}

struct Execution {
    caller: usize,
    call: usize,
    life: u64,
    /// It had its effect.
    acted: bool,
}

impl<'a> World<'a> {
    pub(super) fn new(mut rng: Rng, visits: &'a mut Visits) -> Self {
        let config = draw_config(&mut rng);
        let mut rate = |most: u64| {
            if rng.chance(600) {
                rng.below(most) as u32
            } else {
                0
            }
        };
        let weather = Weather {
            lost: rate(300),
            doubled: rate(300),
            late: rate(300),
            unsent: 0,
        };
        let (slow, long) = (
            rng.pick(&[MS, 100 * MS, 3 * SECOND]),
            rng.pick(&[40, 900, 3000]),
        );
        let callers = (0..rng.range(2, 7)).map(|number| Caller::draw(&mut rng, number as u32));
        let callers: Vec<_> = callers.collect();
        let mut world = Self {
            server: new_server(&mut rng, &config, 0),
            model: Model::new(config.clone()),
            rng,
            visits,
            now: 0,
            steps: 0,
            queue: BTreeMap::new(),
            weather,
            slow,
            long,
            callers,
            routes: Vec::new(),
            starved: VecDeque::new(),
            config,
            life: 0,
            timer: None,
            handlers: BTreeMap::new(),
            executions: Vec::new(),
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        for caller in 0..self.callers.len() {
            self.connect(caller);
            let at = self.rng.below(SECOND);
            self.plan(at, Event::Ask { caller });
            if self.callers[caller].stream && self.rng.chance(600) {
                let at = self.rng.range(SECOND, 8 * SECOND);
                self.plan(at, Event::Break { caller });
            }
        }
        if self.rng.chance(300) {
            let at = self.rng.range(SECOND, 8 * SECOND);
            self.plan(at, Event::Restart);
        }
    }

    /// Runs it to its end, when nobody asks any more. How many steps that took.
    pub(super) fn run(mut self) -> Result<u64, String> {
        while let Some(((at, _), event)) = self.queue.pop_first() {
            self.now = at;
            self.steps += 1;
            if self.steps > 200_000 {
                return Err("they find no rest".to_owned());
            }
            self.handle(event)?;
            self.server.check_invariants();
        }
        if self
            .routes
            .iter()
            .any(|link| link.open && !link.held.is_empty())
        {
            return Err("a stream is never read again".to_owned());
        }
        self.check_executions()?;
        Ok(self.steps)
    }

    fn plan(&mut self, at: u64, event: Event) {
        let number = self.steps << 20 | self.queue.len() as u64;
        let mut place = (at.max(self.now), number);
        while self.queue.contains_key(&place) {
            place.1 += 1;
        }
        self.queue.insert(place, event);
    }

    fn handle(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Ask { caller } => self.ask(caller),
            Event::Again { caller, call } => self.again(caller, call),
            Event::ToServer { route, message } => self.reaches_server(route, message)?,
            Event::ToCaller { route, message } => self.reaches_caller(route, &message)?,
            Event::Ended { handler } => self.ended(handler)?,
            Event::Break { caller } => self.break_stream(caller),
            Event::Restart => self.restart(),
            Event::Timer { life } => self.tick(life)?,
        }
        Ok(())
    }

    fn ask(&mut self, caller: usize) {
        let now = self.now;
        let call = self.callers[caller].ask(&mut self.rng, now);
        self.again(caller, call);
        if self.callers[caller].calls_left > 0 {
            let at = now + self.rng.below(SECOND);
            self.plan(at, Event::Ask { caller });
        }
    }

    /// Sends a copy of a call. Over a stream one is sent again only when the stream is another; but some callers are odd.
    fn again(&mut self, caller: usize, call: usize) {
        let from = &self.callers[caller];
        let asked = &from.calls[call];
        if self.now > asked.until {
            return;
        }
        let (route, stream) = (from.route, from.stream);
        if !asked.answered || self.rng.chance(200) {
            let message = self.callers[caller].message(&mut self.rng, call);
            self.send_up(route, stream, message);
        }
        if !stream || self.rng.chance(100) {
            let at = self.now + self.rng.range(20 * MS, 900 * MS);
            self.plan(at, Event::Again { caller, call });
        }
    }

    fn send_up(&mut self, route: usize, stream: bool, message: Vec<u8>) {
        let delay = self.rng.range(MS / 10, 20 * MS);
        if !stream {
            return self.datagram(delay, |message| Event::ToServer { route, message }, message);
        }
        let link = &mut self.routes[route];
        link.last_up = (self.now + delay).max(link.last_up + 1);
        let at = link.last_up;
        self.plan(at, Event::ToServer { route, message });
    }

    fn send_down(&mut self, route: usize, message: &[u8]) {
        let delay = self.rng.range(MS / 10, 20 * MS);
        let stream = self.callers[self.routes[route].caller].stream;
        let message = message.to_vec();
        if !stream {
            return self.datagram(delay, |message| Event::ToCaller { route, message }, message);
        }
        let link = &mut self.routes[route];
        link.last_down = (self.now + delay).max(link.last_down + 1);
        let at = link.last_down;
        self.plan(at, Event::ToCaller { route, message });
    }

    fn datagram(&mut self, delay: u64, event: impl Fn(Vec<u8>) -> Event, message: Vec<u8>) {
        let copies = match () {
            () if self.rng.chance(self.weather.lost) => 0,
            () if self.rng.chance(self.weather.doubled) => 2,
            () => 1,
        };
        for _ in 0..copies {
            let late = self.rng.chance(self.weather.late);
            let more = if late { self.rng.below(5 * SECOND) } else { 0 };
            let at = self.now + delay + more;
            self.plan(at, event(message.clone()));
        }
    }

    fn reaches_server(&mut self, route: usize, message: Vec<u8>) -> Result<(), String> {
        if self.now > self.routes[route].cut {
            return Ok(());
        }
        self.read(route, message)
    }

    fn read(&mut self, route: usize, message: Vec<u8>) -> Result<(), String> {
        let held = &mut self.routes[route].held;
        if !held.is_empty() {
            held.push_back(message);
            return Ok(());
        }
        self.serve(route, message)
    }

    /// Gives the server a message, which waits if the server has no room for it.
    fn serve(&mut self, route: usize, message: Vec<u8>) -> Result<(), String> {
        let call = self.identity(route, &message)?;
        let caller = &self.callers[self.routes[route].caller];
        let (stream, port) = (caller.stream, (route as u32).to_be_bytes());
        let address = [&port[..], &[caller.host]].concat();
        let origin = Origin {
            route: Route(route as u64),
            address: &address,
            host: &address[port.len()..],
            listener: caller.listener,
            datagram: !stream,
            security: Security::Network,
        };
        let mut out = Vec::new();
        let now = Time::from_nanos(self.now);
        let handled = self.server.handle_message(now, origin, &message, &mut out);
        let semantics = semantics(call.procedure);
        let (from, did) = ((route, stream), (&handled, &out[..]));
        self.model
            .came(self.now, (&call, semantics), from, did, self.visits)?;
        match handled {
            Handled::Run(run) => self.begin_call(route, call, run),
            Handled::Reply => self.send_down(route, &out[4..]),
            Handled::NoRoom => {
                self.routes[route].held.push_back(message);
                self.starved.push_back(route);
            }
            Handled::Nothing => {}
        }
        self.set_timer();
        Ok(())
    }

    /// What tells a message's call from others, as the rules have it.
    fn identity(&self, route: usize, message: &[u8]) -> Result<Identity, String> {
        let Ok(Message::Call(call)) = Message::decode(message) else {
            return Err("a caller sends what is no call".to_owned());
        };
        let caller = &self.callers[self.routes[route].caller];
        let moves = caller.stream && caller.uid.is_some();
        Ok(Identity {
            listener: caller.listener,
            host: caller.host,
            port: (!moves).then_some(route as u32),
            uid: caller.uid,
            xid: call.header.xid,
            procedure: call.header.procedure,
            argument: call.args.last().copied().unwrap_or_default().into(),
        })
    }

    fn begin_call(&mut self, route: usize, call: Identity, run: Run) {
        let done = match self.rng.below(20) {
            0 => Done::Panicked,
            1 => Done::BadArguments,
            2 => Done::Overloaded,
            3 => Done::Unencodable,
            _ => Done::Returned,
        };
        let execution = self.executions.len() as u64;
        self.executions.push(Execution {
            caller: self.routes[route].caller,
            call: call.xid as usize,
            life: self.life,
            acted: !matches!(done, Done::BadArguments | Done::Overloaded),
        });
        let handler = Handler {
            token: run.token,
            call,
            execution,
            done,
            length: self.rng.below(self.long) as usize,
        };
        self.handlers.insert(execution, handler);
        let quick = self.rng.chance(300);
        let at = self.now + if quick { 0 } else { self.rng.below(self.slow) };
        self.plan(at, Event::Ended { handler: execution });
    }

    fn ended(&mut self, number: u64) -> Result<(), String> {
        // Its server may have died.
        let Some(handler) = self.handlers.remove(&number) else {
            return Ok(());
        };
        let mut out = vec![0; REPLY_HEADROOM];
        if handler.done == Done::Returned && handler.call.procedure > NOTE {
            out.extend(handler.execution.to_be_bytes());
            out.resize(out.len() + handler.length / 4 * 4, 7);
        }
        let to = self
            .server
            .handle_done(handler.token, handler.done, &mut out, 0);
        let to = to.map(|route| route.0 as usize);
        if must_not_run_twice(handler.call.procedure) {
            let sent = (to, &out[..]);
            self.model
                .ended(self.now, &handler.call, handler.done, sent)?;
        }
        if let Some(to) = to {
            self.send_down(to, &out[4..]);
        }
        self.set_timer();
        self.read_on()
    }

    /// There may be room again for what waits: for that of one stream, or of all if nothing is under way.
    fn read_on(&mut self) -> Result<(), String> {
        let woken = match self.server.plain_calls_under_way() {
            0 => take(&mut self.starved),
            _ => self.starved.pop_front().into_iter().collect(),
        };
        for route in woken {
            for message in take(&mut self.routes[route].held) {
                self.read(route, message)?;
            }
        }
        Ok(())
    }

    fn reaches_caller(&mut self, route: usize, message: &[u8]) -> Result<(), String> {
        let link = &self.routes[route];
        if !link.open {
            return Ok(());
        }
        let caller = link.caller;
        let Ok(Message::Reply(reply)) = Message::decode(message) else {
            return Err("a server sends what is no reply".to_owned());
        };
        let call = reply.header.xid as usize;
        let Some(asked) = self.callers[caller].calls.get_mut(call) else {
            return Err("an answer to a call that was not made".to_owned());
        };
        asked.answered = true;
        let ReplyStatus::Accepted { status, .. } = reply.header.status else {
            return Err("a call is denied".to_owned());
        };
        let Some(number) = reply.results.first_chunk().copied().map(u64::from_be_bytes) else {
            return Ok(());
        };
        let of = self.executions.get(number as usize);
        match of.filter(|of| (of.caller, of.call, status) == (caller, call, AcceptStatus::Success))
        {
            Some(_) => Ok(()),
            None => Err("a caller gets the result of another's call".to_owned()),
        }
    }

    fn connect(&mut self, caller: usize) {
        self.callers[caller].route = self.routes.len();
        self.routes.push(Link {
            caller,
            open: true,
            cut: u64::MAX,
            last_up: 0,
            last_down: 0,
            held: VecDeque::new(),
        });
    }

    /// A caller's stream breaks. It makes another one, and sends all again that was not answered, and some that was.
    fn break_stream(&mut self, caller: usize) {
        let rest = self.rng.pick(&[0, 5 * MS, 30 * MS]);
        let link = &mut self.routes[self.callers[caller].route];
        link.open = false;
        link.cut = self.now + rest;
        self.visits.count(Visit::PlainBroken);
        self.connect(caller);
        for call in 0..self.callers[caller].calls.len() {
            self.again(caller, call);
        }
        if self.rng.chance(700) {
            let at = self.now + self.rng.below(3 * SECOND);
            self.plan(at, Event::Break { caller });
        }
    }

    /// The server dies, and another life of it begins.
    fn restart(&mut self) {
        self.life += 1;
        self.server = new_server(&mut self.rng, &self.config, self.life);
        self.model = Model::new(self.config.clone());
        self.timer = None;
        self.handlers.clear();
        self.starved.clear();
        for caller in 0..self.callers.len() {
            if self.callers[caller].stream {
                self.routes[self.callers[caller].route].cut = 0;
                self.break_stream(caller);
            }
        }
        self.routes.iter_mut().for_each(|link| link.held.clear());
    }

    fn set_timer(&mut self) {
        let due = self.server.poll_timeout();
        if due != self.timer {
            self.timer = due;
            if let Some(due) = due {
                let life = self.life;
                self.plan(due.as_nanos(), Event::Timer { life });
            }
        }
    }

    fn tick(&mut self, life: u64) -> Result<(), String> {
        let now = Time::from_nanos(self.now);
        if life != self.life || self.timer.is_none_or(|due| due > now) {
            return Ok(());
        }
        self.server.handle_timeout(now);
        self.timer = None;
        self.set_timer();
        match self.timer {
            Some(next) if next <= now => Err("the server sets a timer in the past".to_owned()),
            _ => Ok(()),
        }
    }

    /// A call that is known again, of a server that forgets nothing meanwhile, has had its effect at most once in each life.
    fn check_executions(&self) -> Result<(), String> {
        let defaults = Config::default();
        let ample = self.config.plain_age == defaults.plain_age
            && self.config.max_plain_bytes == defaults.max_plain_bytes;
        let mut acted = BTreeMap::new();
        for execution in self.executions.iter().filter(|one| one.acted && ample) {
            let caller = &self.callers[execution.caller];
            let procedure = caller.calls[execution.call].procedure;
            if caller.is_known() && must_not_run_twice(procedure) {
                let (of, call) = (execution.caller, execution.call);
                let times = acted.entry((of, call, execution.life)).or_insert(0);
                *times += 1;
                if *times > 1 {
                    return Err(format!(
                        "call {call} of caller {of} has had its effect twice"
                    ));
                }
            }
        }
        Ok(())
    }
}

fn draw_config(rng: &mut Rng) -> Config {
    let defaults = Config::default();
    let (age, bytes) = (defaults.plain_age, defaults.max_plain_bytes);
    let calls = defaults.max_plain_calls;
    Config {
        plain_age: rng.pick(&[Duration::from_millis(700), age, age]),
        max_plain_bytes: rng.pick(&[3000, 64 << 10, bytes, bytes]),
        max_plain_calls: rng.pick(&[1, 3, 8, calls]),
        ..defaults
    }
}

fn new_server(rng: &mut Rng, config: &Config, incarnation: u64) -> Server {
    let offers = vec![(&SERVED).into()];
    Server::new(config.clone(), offers, incarnation, None, rng.seed())
}

fn semantics(procedure: u32) -> Semantics {
    let method = SERVED.method(procedure);
    method.map_or(Semantics::Idempotent, |method| method.semantics)
}

fn must_not_run_twice(procedure: u32) -> bool {
    !matches!(
        semantics(procedure),
        Semantics::Idempotent | Semantics::Readonly
    )
}
