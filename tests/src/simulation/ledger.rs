//! What really happened: each call, how often it ran and how it ended. Kept outside the machines.

use super::disk::Row;
use super::service::Behaviour;
use rpc_core::describe::{Interface, Method, Semantics};
use rpc_core::{Executed, Time};
use rpc_proto::session::client::{Failure, FailureKind, Key};

/// A call that some client has made.
#[derive(Debug)]
pub struct Entry {
    /// The client's slot.
    pub client: usize,
    /// The interface that the caller names.
    pub interface: &'static Interface,
    /// The method.
    pub method: &'static Method,
    /// How it goes at the server.
    pub behaviour: Behaviour,
    /// The call whose arguments it has: itself, unless it asks under the key of an earlier one.
    pub subject: u64,
    /// Its name, if it has one.
    pub key: Option<Key>,
    /// Somebody was told that the call with these arguments did not run and never will.
    pub denied: bool,
    /// When it was made, on the caller's clock.
    pub made: Time,
    /// When the caller gives up, on its clock.
    pub deadline: Time,
    /// Bytes of the payload of its arguments.
    pub payload: usize,
    /// Whether it was made after the faults.
    pub after: bool,
    /// Handlers begun for it.
    pub begun: u32,
    /// The life of a server that began the last of them.
    pub begun_in: u32,
    /// How often a service found out, after a crash, that it did not run.
    pub undone: u32,
    /// The execution that had an effect outside of any store.
    pub acted: Option<u64>,
    /// The executions that came to their end with a result, whether or not it could be encoded.
    pub completed: Vec<u64>,
    /// Its caller was told that the deadline has passed, and may ask again.
    pub shelved: bool,
    /// How it ended for its caller.
    pub end: Option<End>,
}

/// What makes a call run once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// The memory of one life of a server, if anything.
    Memory,
    /// Its effects are in one transaction with its record.
    Transaction,
    /// Its start is on a disk before it begins.
    Outside,
}

/// How a call ended for its caller.
#[derive(Debug)]
pub enum End {
    /// With a result, or handed over.
    Well,
    /// Not so.
    Failed(Failure),
    /// The caller died.
    Abandoned,
}

impl Entry {
    /// What it promises.
    pub fn semantics(&self) -> Semantics {
        self.method.semantics
    }

    /// Whether a second run does no harm.
    pub fn may_repeat(&self) -> bool {
        matches!(
            self.semantics(),
            Semantics::Readonly | Semantics::Idempotent
        )
    }

    /// Whether the server serves it.
    pub fn is_served(&self) -> bool {
        [&super::service::SERVED, &super::service::OUTSIDE]
            .into_iter()
            .any(|served| std::ptr::eq(self.interface, served))
    }

    /// What makes it run once, if servers have disks or if they have none.
    pub fn promise(&self, disks: bool) -> Promise {
        if !disks || self.semantics() != Semantics::ExactlyOnce {
            Promise::Memory
        } else if std::ptr::eq(self.interface, &super::service::OUTSIDE) {
            Promise::Outside
        } else {
            Promise::Transaction
        }
    }

    /// Whether it ran, so that nobody may be told that it did not; `row` is what a store has of it.
    fn ran(&self, promise: Promise, row: Option<Row>) -> bool {
        match promise {
            Promise::Memory => self.begun > 0,
            Promise::Transaction => row.is_some_and(|row| row.returned),
            Promise::Outside => self.begun > self.undone,
        }
    }

    /// When all is over, what the caller was told is what is on the disk.
    pub fn check_row(&self, id: usize, promise: Promise, row: Option<Row>) -> Result<(), String> {
        if promise != Promise::Transaction {
            return Ok(());
        }
        let returned = row.is_some_and(|row| row.returned);
        let wrong = match &self.end {
            Some(End::Well) => !returned,
            Some(End::Failed(failure)) => match failure.executed {
                Executed::No => returned && self.is_firm(failure),
                Executed::Maybe => false,
                Executed::Yes => !returned,
            },
            _ => false,
        };
        if wrong {
            let end = &self.end;
            return Err(format!(
                "call {id} ended {end:?}, and on the disk there is {row:?}"
            ));
        }
        Ok(())
    }

    /// Whether nobody else may make the call run when this one is told that it did not. Under a key others may, unless it is
    /// the key's own record that says so.
    fn is_firm(&self, failure: &Failure) -> bool {
        let of_the_key = matches!(
            failure.kind,
            FailureKind::Panicked | FailureKind::BadArguments
        );
        self.key.is_none_or(|key| key.asked_before && of_the_key)
    }
}

/// All calls of a world; a call's id is its place here.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The calls.
    pub entries: Vec<Entry>,
    /// Calls that have not ended.
    pub open: usize,
    executions: u64,
    /// How often each answer was given in errors: No, Maybe, Yes.
    pub shares: [u64; 3],
}

impl Ledger {
    /// Enters a call and gives its id.
    pub fn enter(&mut self, entry: Entry) -> u64 {
        self.open += 1;
        self.entries.push(entry);
        self.entries.len() as u64 - 1
    }

    /// The call of an id.
    pub fn get(&self, id: u64) -> Result<&Entry, String> {
        self.entries
            .get(id as usize)
            .ok_or_else(|| format!("call {id} was never made"))
    }

    /// A handler begins in a life of a server. The number of this execution. `row` is what the store has of the call, if
    /// this server is the one that may write to it.
    pub fn begin(
        &mut self,
        id: u64,
        life: u32,
        promise: Promise,
        owns: bool,
        row: Option<Row>,
    ) -> Result<u64, String> {
        self.executions += 1;
        let entry = self.entry(id)?;
        entry.begun += 1;
        let before = std::mem::replace(&mut entry.begun_in, life);
        let again = match promise {
            Promise::Memory => entry.begun > 1 && !entry.may_repeat(),
            // What ran before may be lost with its transaction. Whoever has lost the store runs it for nothing.
            Promise::Transaction => before == life || owns && row.is_some(),
            Promise::Outside => entry.begun > 1 + entry.undone,
        };
        if again {
            return Err(format!(
                "call {id} ({:?}, {promise:?}) runs for the second time",
                entry.semantics()
            ));
        }
        if entry.denied && (promise != Promise::Transaction || owns) {
            return Err(format!(
                "call {id} runs although its caller was told that it never will: {:?}",
                entry.end
            ));
        }
        Ok(self.executions)
    }

    /// A handler's transaction is committed. `before` is what the store had of the call.
    pub fn commit(&mut self, id: u64, row: Row, before: Option<Row>) -> Result<(), String> {
        let entry = self.entry(id)?;
        if let Some(before) = before {
            return Err(format!(
                "call {id} is committed twice: {before:?}, then {row:?}"
            ));
        }
        if row.returned && entry.denied {
            return Err(format!(
                "call {id} is committed although its caller was told that it never will: {:?}",
                entry.end
            ));
        }
        if row.returned {
            entry.completed.push(row.execution);
        }
        Ok(())
    }

    /// A handler does what nobody can take back.
    pub fn act(&mut self, id: u64, execution: u64) -> Result<(), String> {
        match self.entry(id)?.acted.replace(execution) {
            None => Ok(()),
            Some(before) => Err(format!(
                "call {id} has its effect twice: in executions {before} and {execution}"
            )),
        }
    }

    /// A service finds out, after a crash, that a call did not run.
    pub fn undo(&mut self, id: u64) -> Result<(), String> {
        self.entry(id)?.undone += 1;
        Ok(())
    }

    /// A handler has come to its end.
    pub fn complete(&mut self, id: u64, execution: u64) -> Result<(), String> {
        self.entry(id)?.completed.push(execution);
        Ok(())
    }

    /// A call has ended well with the result of an execution; oneway calls have none. `row` is what would be found of it
    /// after a crash.
    pub fn succeed(
        &mut self,
        id: u64,
        execution: Option<u64>,
        promise: Promise,
        row: Option<Row>,
    ) -> Result<(), String> {
        let entry = self.close(id, End::Well)?;
        if promise == Promise::Transaction && row.map(|row| row.execution) != execution {
            return Err(format!(
                "call {id} got the result of execution {execution:?}, but on the disk there is {row:?}"
            ));
        }
        if entry.semantics() == Semantics::Oneway && execution.is_none() {
            return Ok(());
        }
        let subject = entry.subject;
        let ran = self.entry(subject)?;
        if promise == Promise::Outside && ran.acted != execution {
            return Err(format!(
                "call {id} got the result of execution {execution:?}, but its effect is that of {:?}",
                ran.acted
            ));
        }
        match execution {
            Some(execution) if ran.completed.contains(&execution) => Ok(()),
            _ => Err(format!(
                "call {id} got the result of execution {execution:?}, but it was run as {:?}",
                ran.completed
            )),
        }
    }

    /// A call has ended without a result. `row` is what would be found of it after a crash.
    pub fn fail(
        &mut self,
        id: u64,
        failure: Failure,
        promise: Promise,
        row: Option<Row>,
    ) -> Result<(), String> {
        self.shares[match failure.executed {
            Executed::No => 0,
            Executed::Maybe => 1,
            Executed::Yes => 2,
        }] += 1;
        let entry = self.close(id, End::Failed(failure.clone()))?;
        let (subject, firm) = (entry.subject, entry.is_firm(&failure));
        let entry = self.entry(subject)?;
        entry.denied |= firm && failure.executed == Executed::No;
        match failure.executed {
            Executed::No if firm && entry.ran(promise, row) => Err(format!(
                "call {id} ran {} times, but its caller was told that it never did: {failure:?}",
                entry.begun
            )),
            Executed::Maybe if promise == Promise::Transaction && never_in_doubt(failure.kind) => {
                Err(format!(
                    "call {id} has all it does in one transaction, and is in doubt: {failure:?}"
                ))
            }
            Executed::Yes
                if entry.completed.is_empty()
                    || promise == Promise::Transaction && row.is_none_or(|row| !row.returned) =>
            {
                Err(format!(
                    "call {id} never ran to its end, but its caller was told that it did: {failure:?}"
                ))
            }
            _ => Ok(()),
        }
    }

    /// A caller is told that the deadline has passed, and keeps the call to ask again.
    pub fn shelve(&mut self, id: u64) -> Result<(), String> {
        self.entry(id)?.shelved = true;
        Ok(())
    }

    /// A caller asks again for a call that it has kept.
    pub fn take_up(&mut self, id: u64, deadline: Time) -> Result<(), String> {
        let entry = self.entry(id)?;
        entry.shelved = false;
        entry.deadline = deadline;
        Ok(())
    }

    /// A caller has died: nobody waits for its calls any more.
    pub fn abandon(&mut self, id: u64) -> Result<(), String> {
        self.close(id, End::Abandoned).map(|_| ())
    }

    fn close(&mut self, id: u64, end: End) -> Result<&mut Entry, String> {
        self.open -= 1;
        let entry = self.entry(id)?;
        if let Some(before) = &entry.end {
            return Err(format!("call {id} ends twice: {before:?}, then {end:?}"));
        }
        entry.end = Some(end);
        Ok(entry)
    }

    fn entry(&mut self, id: u64) -> Result<&mut Entry, String> {
        self.entries
            .get_mut(id as usize)
            .ok_or_else(|| format!("call {id} was never made"))
    }
}

/// Whether a server that says so of a call whose effects are in a transaction must know whether it ran.
fn never_in_doubt(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Panicked | FailureKind::Interrupted)
}

/// Whether a call that was made after the faults may fail like this.
pub fn is_excused(entry: &Entry, kind: FailureKind, store: bool) -> bool {
    use FailureKind::*;
    use rpc_proto::session::server::Done;
    match kind {
        NoProgram | NoProcedure | OtherVersions { .. } | Incompatible if !entry.is_served() => true,
        NoCompletionStore => entry.semantics() == Semantics::ExactlyOnce && !store,
        Panicked => entry.behaviour.done == Done::Panicked,
        StoreFailed if entry.behaviour.done == Done::StoreFailed => true,
        Unencodable => entry.behaviour.done == Done::Unencodable,
        BadArguments => entry.behaviour.done == Done::BadArguments,
        NoProcedure => entry.behaviour.done == Done::NoProcedure,
        ReplyTooLarge => entry.behaviour.result > 900,
        RequestTooLarge => entry.payload > 900,
        TooManyCalls | Overloaded => true,
        // Others use the key, with other arguments too, and clocks jump.
        Conflict | Expired | KeyAhead => entry.key.is_some(),
        _ => false,
    }
}
