//! A handler's transaction: what it writes in the store, and the record of its call, both or neither.

use super::Context;
use crate::describe::{Describe, Method, Type};
use crate::store::{CommitNumber, OpenStore, StoreError, Verdict};
use crate::xdr::{Encode, EncodeError, Encoder};
use rpc_proto::session::server::{Done, REPLY_HEADROOM, Token};
use std::any::{Any, type_name};
use std::collections::HashSet;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// What a handler may do in its server's store.
#[derive(Clone, Default)]
pub(crate) enum Access {
    /// There is no store.
    #[default]
    None,
    /// It may read.
    Reads(Arc<dyn OpenStore>),
    /// It may read, and write in the transaction that records its call.
    Records(Arc<Recording>),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::None => "None",
            Access::Reads(_) => "Reads",
            Access::Records(_) => "Records",
        })
    }
}

/// The payload that a call unwinds with when the store did not do what its handler asked for. No panic: nobody made a
/// mistake, but there is no value to go on with.
pub(crate) struct StoreTrouble(pub(crate) StoreError);

/// The record of one call, until it is made.
pub(crate) struct Recording {
    store: Arc<dyn OpenStore>,
    method: &'static Method,
    /// The longest result that may be sent.
    max_result: usize,
    state: Mutex<State>,
}

enum State {
    /// Nothing is recorded.
    Open(Token),
    /// The transaction is committed, and the record with it.
    Recorded(Recorded),
    /// The store did not carry the transaction out.
    Failed(Token),
    /// The call is over.
    Over,
}

/// A call whose record is committed, durably or not yet.
pub(crate) struct Recorded {
    pub(crate) token: Token,
    /// The commit that has to be durable before the reply leaves.
    pub(crate) commit: CommitNumber,
    /// How the call ended.
    pub(crate) done: Done,
    /// The framed reply.
    pub(crate) reply: Vec<u8>,
}

/// What a call has recorded when its handler is back.
pub(crate) enum End {
    /// Nothing: it made no transaction, or that was taken back.
    Open(Token),
    /// Its end.
    Recorded(Recorded),
    /// Nothing, since the store failed.
    StoreFailed(Token),
}

impl Recording {
    pub(crate) fn new(
        store: Arc<dyn OpenStore>,
        method: &'static Method,
        max_result: usize,
        token: Token,
    ) -> Self {
        Self {
            store,
            method,
            max_result,
            state: Mutex::new(State::Open(token)),
        }
    }

    /// The handler is back; a context that it has given away can do nothing from here on. Waits for a transaction that runs.
    pub(crate) fn end(&self) -> Option<End> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Over) {
            State::Open(token) => Some(End::Open(token)),
            State::Recorded(recorded) => Some(End::Recorded(recorded)),
            State::Failed(token) => Some(End::StoreFailed(token)),
            State::Over => None,
        }
    }

    /// Runs `work`, whose result is the call's, in a transaction of the store.
    fn transact<T: Any, R: Encode + Describe>(
        &self,
        keep_errors: bool,
        work: impl FnOnce(&T) -> Result<R, StoreError>,
    ) -> R {
        assert!(
            returns(self.method, R::describe),
            "`cx.transaction` gives the result of `{}` to be recorded, and a `{}` is not what that method returns",
            self.method.name,
            type_name::<R>()
        );
        let mut state = self.begin();
        let (mut work, mut outcome) = (Some(work), None);
        let mut recorded = (Done::Returned, Vec::new());
        let State::Open(token) = &*state else {
            unreachable!("it was looked at by `begin`")
        };
        let committed = self.store.transact(&mut |transaction| {
            let Some(work) = work.take() else {
                return Verdict::Abandon;
            };
            let result = run(transaction, work);
            let Ok(value) = outcome.insert(result) else {
                return Verdict::Abandon;
            };
            recorded = encode(value, self.max_result);
            let (done, reply) = &mut recorded;
            let takes_back = !keep_errors && is_declared_error::<R>(reply);
            match token.finish(*done, reply, 0) {
                Some(change) if takes_back => Verdict::RollBack(change),
                Some(change) => Verdict::Keep(change),
                None => Verdict::Abandon,
            }
        });
        let trouble = match (committed, outcome) {
            (Ok(commit), Some(Ok(value))) => {
                state.record(commit, recorded);
                return value;
            }
            (Err(error), _) | (Ok(_), Some(Err(error))) => error,
            (Ok(_), None) => StoreError::Failed("it did not run the transaction".to_owned()),
        };
        state.fail();
        drop(state);
        resume_unwind(Box::new(StoreTrouble(trouble)))
    }

    /// The state, if a transaction may begin.
    fn begin(&self) -> MutexGuard<'_, State> {
        let state = match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        match state {
            Some(state) if matches!(*state, State::Open(_)) => state,
            Some(state) if matches!(*state, State::Over) => {
                drop(state);
                panic!("the call that this context belongs to is over")
            }
            other => {
                drop(other);
                panic!(
                    "a call has one transaction, which records its result, and this call has begun its own already"
                )
            }
        }
    }
}

impl State {
    fn record(&mut self, commit: CommitNumber, (done, reply): (Done, Vec<u8>)) {
        *self = match std::mem::replace(self, State::Over) {
            State::Open(token) => State::Recorded(Recorded {
                token,
                commit,
                done,
                reply,
            }),
            other => other,
        };
    }

    fn fail(&mut self) {
        *self = match std::mem::replace(self, State::Over) {
            State::Open(token) => State::Failed(token),
            other => other,
        };
    }
}

impl Context {
    /// Runs `work` in a transaction of the server's store, and records there what it returns: the result of this call.
    ///
    /// What `work` writes and the record of the call are committed together, so after a crash either both are there or
    /// neither is. What `work` returns inside its outer `Ok` is the method's own return value; the handler returns it, and
    /// the caller gets it once it is durable. If it is a declared error (an `Err` of the method's `Result`), what was written is
    /// taken back first; [`transaction_keeping`](Self::transaction_keeping) leaves it.
    ///
    /// `T` is the store's own type of transaction: `|t: &redb::WriteTransaction| { … Ok(Ok(receipt)) }` with the embedded
    /// store. Transactions run one at a time, so `work` should be short and without I/O of its own; what is slow goes before or
    /// behind. A call has one transaction at most. An exactly-once method that makes none has its result recorded all the same.
    ///
    /// An error of the store (the outer `Err`, or one in committing) does not come back: everything is taken back, nothing is
    /// recorded, and the caller is told that the store failed.
    ///
    /// # Panics
    ///
    /// If the call has had a transaction already, if the method does not return an `R`, if the method is not exactly-once, or if
    /// the server keeps no durable records. A local client (`BankClient::local`) has no store: to test a
    /// service that has transactions, start a server at `mem://…` with a store in a temporary directory.
    pub fn transaction<T: Any, R: Encode + Describe>(
        &self,
        work: impl FnOnce(&T) -> Result<R, StoreError>,
    ) -> R {
        self.recording().transact(false, work)
    }

    /// As [`transaction`](Self::transaction), but what `work` writes stays also when it returns a declared error.
    ///
    /// # Panics
    ///
    /// As there.
    pub fn transaction_keeping<T: Any, R: Encode + Describe>(
        &self,
        work: impl FnOnce(&T) -> Result<R, StoreError>,
    ) -> R {
        self.recording().transact(true, work)
    }

    /// Runs `work` in a transaction that reads the server's store as a crash would leave it: the last durable state.
    ///
    /// `T` is the store's own type: `redb::ReadTransaction` with the embedded store. An error does not come back: the call
    /// ends, and its caller is told that the store failed.
    ///
    /// # Panics
    ///
    /// If the server has no store.
    pub fn read<T: Any, R>(&self, work: impl FnOnce(&T) -> Result<R, StoreError>) -> R {
        let store = match &self.access {
            Access::Reads(store) => store,
            Access::Records(recording) => &recording.store,
            Access::None => panic!("{NO_STORE}"),
        };
        let (mut work, mut outcome) = (Some(work), None);
        let done = store.read(&mut |transaction| {
            outcome = work.take().map(|work| run(transaction, work));
        });
        let trouble = match (done, outcome) {
            (Ok(()), Some(Ok(value))) => return value,
            (Err(error), _) | (Ok(()), Some(Err(error))) => error,
            (Ok(()), None) => StoreError::Failed("it did not run the transaction".to_owned()),
        };
        resume_unwind(Box::new(StoreTrouble(trouble)))
    }

    fn recording(&self) -> &Recording {
        match &self.access {
            Access::Records(recording) => recording,
            Access::Reads(_) => panic!(
                "a transaction records the end of an exactly-once call in a durable store; this method is not exactly-once, \
                 or its server keeps its records in memory"
            ),
            Access::None => panic!("{NO_STORE}"),
        }
    }
}

const NO_STORE: &str = "this call has no store: its server was started without `.completions(store)`, or it was made by a \
                        local client; a test can start a server at `mem://…` with a store in a temporary directory";

/// Runs `work`, if the transaction is of the type that it takes.
fn run<T: Any, R>(
    transaction: &dyn Any,
    work: impl FnOnce(&T) -> Result<R, StoreError>,
) -> Result<R, StoreError> {
    match transaction.downcast_ref() {
        Some(transaction) => work(transaction),
        None => Err(StoreError::OtherTransaction {
            wanted: type_name::<T>(),
        }),
    }
}

/// The result behind the room for its header, or what is to be said in its place.
fn encode(value: &impl Encode, max: usize) -> (Done, Vec<u8>) {
    let mut out = Encoder::with_headroom(Vec::new(), REPLY_HEADROOM);
    let encoded: Result<(), EncodeError> = value.encode(&mut out);
    let done = match encoded {
        Ok(()) if out.len() <= max => Done::Returned,
        _ => Done::Unencodable,
    };
    (done, out.into_vec())
}

/// Whether the encoded result is that of a `Result` with an error in it.
fn is_declared_error<R: Describe>(reply: &[u8]) -> bool {
    matches!(R::describe(), Type::Result(..))
        && reply
            .get(REPLY_HEADROOM..)
            .is_some_and(|result| result.starts_with(&[0, 0, 0, 1]))
}

/// Whether `method` returns what `ty` describes.
fn returns(method: &'static Method, ty: fn() -> &'static Type) -> bool {
    let (declared, given) = ((method.result)(), ty());
    if std::ptr::eq(declared, given) {
        return true;
    }
    // The compiler may put one description in several places. What was found equal is remembered, since looking takes long.
    static EQUAL: Mutex<Option<HashSet<(usize, usize)>>> = Mutex::new(None);
    let places = (
        std::ptr::from_ref(declared).addr(),
        std::ptr::from_ref(given).addr(),
    );
    let mut equal = EQUAL.lock().unwrap_or_else(PoisonError::into_inner);
    let equal = equal.get_or_insert_default();
    if equal.contains(&places) {
        return true;
    }
    let same = method.fingerprint()
        == Method {
            result: ty,
            ..*method
        }
        .fingerprint();
    if same {
        equal.insert(places);
    }
    same
}
