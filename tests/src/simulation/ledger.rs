//! What really happened: each call, how often it ran and how it ended. Kept outside the machines.

use super::service::Behaviour;
use rpc_core::describe::{Interface, Method, Semantics};
use rpc_core::{Executed, Time};
use rpc_proto::session::client::{Failure, FailureKind};

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
    /// The executions that came to their end with a result, whether or not it could be encoded.
    pub completed: Vec<u64>,
    /// How it ended for its caller.
    pub end: Option<End>,
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
        std::ptr::eq(self.interface, &super::service::SERVED)
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

    /// A handler begins. The number of this execution.
    pub fn begin(&mut self, id: u64) -> Result<u64, String> {
        self.executions += 1;
        let entry = self.entry(id)?;
        entry.begun += 1;
        let repeat = entry.may_repeat();
        if entry.begun > 1 && !repeat {
            return Err(format!(
                "call {id} ({:?}) runs for the second time",
                entry.semantics()
            ));
        }
        match &entry.end {
            Some(End::Failed(failure)) if failure.executed == Executed::No => Err(format!(
                "call {id} runs although its caller was told that it never will: {failure:?}"
            )),
            _ => Ok(self.executions),
        }
    }

    /// A handler has come to its end.
    pub fn complete(&mut self, id: u64, execution: u64) -> Result<(), String> {
        self.entry(id)?.completed.push(execution);
        Ok(())
    }

    /// A call has ended well with the result of an execution; oneway calls have none.
    pub fn succeed(&mut self, id: u64, execution: Option<u64>) -> Result<(), String> {
        let entry = self.close(id, End::Well)?;
        match execution {
            None if entry.semantics() == Semantics::Oneway => Ok(()),
            Some(execution) if entry.completed.contains(&execution) => Ok(()),
            _ => Err(format!(
                "call {id} got the result of execution {execution:?}, but it was run as {:?}",
                entry.completed
            )),
        }
    }

    /// A call has ended without a result.
    pub fn fail(&mut self, id: u64, failure: Failure) -> Result<(), String> {
        self.shares[match failure.executed {
            Executed::No => 0,
            Executed::Maybe => 1,
            Executed::Yes => 2,
        }] += 1;
        let entry = self.close(id, End::Failed(failure.clone()))?;
        match failure.executed {
            Executed::No if entry.begun > 0 => Err(format!(
                "call {id} ran {} times, but its caller was told that it never did: {failure:?}",
                entry.begun
            )),
            Executed::Yes if entry.completed.is_empty() => Err(format!(
                "call {id} never ran to its end, but its caller was told that it did: {failure:?}"
            )),
            _ => Ok(()),
        }
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

/// Whether a call that was made after the faults may fail like this.
pub fn is_excused(entry: &Entry, kind: FailureKind, store: bool) -> bool {
    use FailureKind::*;
    use rpc_proto::session::server::Done;
    match kind {
        NoProgram | NoProcedure | OtherVersions { .. } | Incompatible if !entry.is_served() => true,
        NoCompletionStore => entry.semantics() == Semantics::ExactlyOnce && !store,
        Panicked => entry.behaviour.done == Done::Panicked,
        Unencodable => entry.behaviour.done == Done::Unencodable,
        BadArguments => entry.behaviour.done == Done::BadArguments,
        NoProcedure => entry.behaviour.done == Done::NoProcedure,
        ReplyTooLarge => entry.behaviour.result > 900,
        RequestTooLarge => entry.payload > 900,
        TooManyCalls | Overloaded => true,
        _ => false,
    }
}
