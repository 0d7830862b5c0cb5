//! Which faults and which transitions a run has seen, and how often.

macro_rules! visits {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A fault or a transition that every large run should see.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the texts below say what they are")]
        pub enum Visit {
            $($(#[$doc])* $name,)*
        }

        /// What each is called in the report.
        const TEXTS: &[(Visit, &str)] = &[$((Visit::$name, $text),)*];
    };
}

visits! {
    Lost = "fault: datagram lost",
    Doubled = "fault: datagram doubled",
    Late = "fault: datagram overtaken",
    VeryLate = "fault: datagram seconds late",
    Unsent = "fault: datagram not taken by the transport",
    Partition = "fault: partition, both ways",
    PartitionUp = "fault: partition, client not heard",
    PartitionDown = "fault: partition, server not heard",
    Silence = "fault: client silent for longer than its lease",
    AddressChange = "fault: client's address changes",
    Relink = "fault: client makes a new link",
    StreamBreak = "fault: stream breaks",
    StreamCut = "fault: stream breaks inside a message",
    StreamSurvivor = "fault: message arrives after its stream broke",
    ClientDeath = "fault: client dies",
    Restart = "fault: server restarts",
    SilentDeath = "fault: server dies without breaking its streams",
    Replace = "fault: server replaced at another address",
    Handover = "fault: server hands over, then ends",
    MatchmakerRestart = "fault: matchmaker restarts",
    NotFound = "fault: matchmaker knows no server",
    StaleAddress = "fault: matchmaker names a dead server",
    Stuck = "fault: a call is stuck in its handler",
    Hurried = "fault: call with little time",
    Panicked = "fault: handler panics",
    BadArguments = "fault: arguments cannot be decoded",
    NoProcedure = "fault: service has no such procedure",
    Unencodable = "fault: result cannot be encoded",
    Queued = "fault: call waits in the server's queue",
    ForgedCookie = "rogue: another address's cookie refused",
    StaleCookie = "rogue: old cookie refused",
    ForgedSession = "rogue: made-up session refused",
    Conflict = "rogue: other arguments under a used number refused",
    ShortHello = "rogue: short hello in a datagram ignored",
    Tampered = "rogue: reply of another number or incarnation ignored",
    HungUp = "rogue: another's session ended",
    Garbage = "rogue: garbage ignored",
    Overrun = "rogue: session with too many open numbers ended",
    Goodbye = "client: goodbye ends the session",
    Usurped = "fault: a server opens another's store",
    StoreFull = "fault: no room in the store",
    StoreBroken = "fault: a sync fails",
    Fenced = "fault: commit of a predecessor refused",
    CrashUnwritten = "crash: before changes are written",
    CrashUnsynced = "crash: between write and sync",
    CrashUnanswered = "crash: after the sync, before the replies",
    CrashUnrecorded = "crash: between a handler's commit and its end",
    CrashUnfinished = "crash: between an effect and its record",
    CrashRestoring = "crash: while the store is taken over",
    LostEffect = "crash: an unsynced effect is lost",
    RecoveredDid = "recovery: it did",
    RecoveredDidNot = "recovery: it did not",
    RecoveredCannotTell = "recovery: cannot tell",
    ClockJump = "fault: the time of day jumps",
    KeyShared = "key: asked under again",
    KeyMisused = "key: other arguments under it",
    KeyReleased = "key: given back",
    KeyFollowed = "key: copy attached to the call that runs for it",
    KeyReplayed = "key: answered from its record",
    KeyConflict = "key: other arguments refused",
    KeyExpired = "key: past the retention",
    KeyAhead = "key: issued in the future",
    KeyForgotten = "key: record dropped",
    KeyRestored = "key: taken over from the store",
    Shelved = "client: deadline passed, to be asked again",
    AskedAgain = "client: asked again after the deadline",
    GivenUp = "client: given up after the deadline",
    GivenUpEarly = "client: given up before the deadline",
    ServerNew = "server: new -> running",
    ServerDone = "server: running -> finished",
    ServerDoneUnkept = "server: running -> done, no record",
    ServerAttached = "server: copy of a running call attached",
    ServerReplayed = "server: copy of a finished call answered from the record",
    ServerRepeated = "server: copy of an unrecorded call run again",
    ServerStarting = "server: new -> starting",
    StoreFailed = "server: refused, the store has failed",
    ServerStoreFull = "server: refused, no room in the store",
    RolledBack = "server: handler panics in its transaction",
    Restored = "server: takes over sessions from its store",
    ServerForgot = "server: finished -> forgotten",
    ServerForgotRunning = "server: acknowledged while it runs",
    ServerForgotUnseen = "server: acknowledged before it arrived",
    ServerExpired = "server: late copy told expired",
    ServerReceived = "server: early acknowledgement",
    ServerGranted = "server: session granted",
    ServerGrantRepeated = "server: the same open granted again",
    ServerFull = "server: no room for a session",
    ServerNoStore = "server: no store for a session",
    ServerUnknown = "server: unknown session refused",
    ServerStale = "server: session of another incarnation refused",
    ServerLeaseOver = "server: session of an ended lease refused",
    ServerNoRoom = "server: refused, no room in the window",
    ServerRepliesFull = "server: refused, too many replies kept",
    ServerQueueFull = "server: refused, too many running",
    ServerShuttingDown = "server: refused, shutting down",
    ServerLateDeadline = "server: refused, deadline passed in the queue",
    ServerUnavailable = "server: refused, not served",
    ServerWrongKeeper = "server: refused, the session cannot keep the promise",
    ServerBadArguments = "server: refused, bad arguments",
    ServerTooLarge = "server: reply too large for a datagram",
    ServerAck = "server: ranges acknowledged",
    ProbeNeverSeen = "server: probe of a call never seen",
    ProbeRunning = "server: probe of a running call",
    ProbeFinished = "server: probe of a finished call",
    ProbeExpired = "server: probe of a forgotten call",
    ClientFirst = "client: first copy",
    ClientCopy = "client: copy sent again",
    ClientCopyNewLink = "client: copy sent again over a new link",
    ClientAgain = "client: another attempt under a new number",
    ClientReceived = "client: told that the server has the call",
    ClientNeverSeen = "client: told never seen, sends again",
    ClientInOrder = "client: told of a lost session in order, so that the call did not run",
    ClientProbe = "client: probe",
    ClientHello = "client: hello",
    ClientHelloAgain = "client: hello sent again",
    ClientBadCookie = "client: cookie refused, hello again",
    ClientSession = "client: session opened",
    ClientNewIncarnation = "client: another incarnation answers hello",
    ClientAck = "client: ranges acknowledged",
    ClientReconnect = "client: peer suspected gone",
    ClientOnewayUnsent = "client: oneway call not taken by the transport",
    PlainNew = "plain: new -> running, or no room",
    PlainUnkept = "plain: call that may run twice",
    PlainRunning = "plain: copy of a running call dropped",
    PlainMoved = "plain: reply goes to a newer connection",
    PlainReplayed = "plain: copy of an ended call answered from the record",
    PlainOneway = "plain: copy of an ended oneway call dropped",
    PlainTooLong = "plain: copy of a call whose reply was too long told so",
    PlainAged = "plain: forgotten by age",
    PlainCrowded = "plain: forgotten for want of room",
    PlainSpared = "plain: kept, since another peer had more",
    PlainRefused = "plain: copy of a call that did not run",
    PlainShared = "plain: no room for a peer, some for others",
    PlainDropped = "plain: no room, datagram dropped",
    PlainHeld = "plain: no room, stream not read",
    PlainBroken = "plain: stream breaks and comes back",
    EndedWell = "end: result",
    EndedOneway = "end: handed over",
    EndedUnsentNo = "end: No, since nothing was handed over",
    EndedToldNo = "end: No, since the server said so",
    EndedToldYes = "end: Yes, since the server said so",
    EndedMaybe = "end: Maybe",
    EndedMixed = "end: Maybe, from attempts of different answers",
}

/// How often each was seen.
#[derive(Clone, Debug)]
pub struct Visits([u64; TEXTS.len()]);

impl Default for Visits {
    fn default() -> Self {
        Self([0; TEXTS.len()])
    }
}

impl Visits {
    /// Counts one.
    pub fn count(&mut self, visit: Visit) {
        self.0[visit as usize] += 1;
    }

    /// Adds what another run has seen.
    pub fn add(&mut self, other: &Visits) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// Each with its text.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
        TEXTS
            .iter()
            .map(|&(visit, text)| (text, self.0[visit as usize]))
    }

    /// What was never seen.
    pub fn missing(&self) -> Vec<&'static str> {
        self.rows()
            .filter(|(_, count)| *count == 0)
            .map(|(text, _)| text)
            .collect()
    }
}
