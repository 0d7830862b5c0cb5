//! Changes, as writes to the tables.

use super::rows::{
    self, CALL, CALLS, CLOCK_ROW, CallRow, ClockRow, FORMAT, KEY, KEYS, KeyRow, SESSIONS, STORE,
    SessionRow,
};
use crate::store::{Change, FinishedCall, Forgotten, RequestId, SessionId};
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use std::collections::HashSet;

/// Whatever keeps a change from being written. All of it is final for the store.
pub(super) type WriteError = Box<dyn std::error::Error + Send + Sync>;

/// The tables of one transaction, each opened when it is first needed: opening one costs about as much as a write.
pub(super) struct Tables<'t> {
    transaction: &'t WriteTransaction,
    sessions: Option<Table<'t, &'static [u8; 16], &'static [u8]>>,
    calls: Option<Table<'t, &'static [u8; CALL], &'static [u8]>>,
    keys: Option<Table<'t, &'static [u8; KEY], &'static [u8]>>,
}

impl<'t> Tables<'t> {
    pub(super) fn new(transaction: &'t WriteTransaction) -> Self {
        Self {
            transaction,
            sessions: None,
            calls: None,
            keys: None,
        }
    }

    /// Writes a change. `sessions` are those that exist, and are kept up to date: a call of a session that has ended
    /// leaves no row, which nobody would ever remove.
    pub(super) fn apply(
        &mut self,
        change: &Change,
        sessions: &mut HashSet<SessionId>,
    ) -> Result<(), WriteError> {
        match change {
            Change::Grant(session, kept) => {
                let row = rows::encode(&SessionRow::new(kept))?;
                self.sessions()?.insert(&session.0, &row[..])?;
                sessions.insert(*session);
            }
            Change::Start(call, started)
                if started.key.is_some() || sessions.contains(&call.session) =>
            {
                let row = rows::encode(&CallRow::started(started))?;
                let key = rows::call_bytes(call.session, call.seq);
                self.calls()?.insert(&key, &row[..])?;
            }
            // What it replaces goes all the same.
            Change::Start(call, _) => self.drop_call(&rows::call_bytes(call.session, call.seq))?,
            Change::Finish(call, finished) => {
                self.finish(call, finished, sessions.contains(&call.session))?;
            }
            Change::Drop(call) => self.drop_call(&rows::call_bytes(call.session, call.seq))?,
            Change::Forget(session, forgotten) => self.forget(*session, forgotten)?,
            Change::End(session) => {
                self.sessions()?.remove(&session.0)?;
                self.forget_calls(*session, 0, u64::MAX)?;
                sessions.remove(session);
            }
            Change::ForgetKey(key) => drop(self.keys()?.remove(&rows::key_bytes(key))?),
            Change::Clock(wall_ms) => self.clock(*wall_ms)?,
        }
        Ok(())
    }

    fn finish(
        &mut self,
        call: &RequestId,
        finished: &FinishedCall,
        has_session: bool,
    ) -> Result<(), WriteError> {
        let key = rows::call_bytes(call.session, call.seq);
        if has_session {
            let row = rows::encode(&CallRow::finished(finished))?;
            self.calls()?.insert(&key, &row[..])?;
        } else {
            // Its start under a key may be there.
            self.drop_call(&key)?;
        }
        if let Some(key) = &finished.key {
            let row = rows::encode(&KeyRow {
                format: FORMAT,
                digest: finished.digest.to_be_bytes(),
                reply: &finished.reply,
            })?;
            self.keys()?.insert(&rows::key_bytes(key), &row[..])?;
        }
        Ok(())
    }

    /// The clock never goes back.
    fn clock(&mut self, wall_ms: u64) -> Result<(), WriteError> {
        let mut store = self.transaction.open_table(STORE)?;
        let before = store
            .get(CLOCK_ROW)?
            .map(|row| rows::decode::<ClockRow>(row.value()))
            .transpose()?;
        if before.is_none_or(|before| before.wall_ms < wall_ms) {
            let row = rows::encode(&ClockRow {
                format: FORMAT,
                wall_ms,
            })?;
            store.insert(CLOCK_ROW, &row[..])?;
        }
        Ok(())
    }

    /// Removes the records of the numbers that were not forgotten before.
    fn forget(&mut self, session: SessionId, forgotten: &Forgotten) -> Result<(), WriteError> {
        let Some(row) = self
            .sessions()?
            .get(&session.0)?
            .map(|row| row.value().to_vec())
        else {
            return Ok(());
        };
        let mut kept = rows::decode::<SessionRow>(&row)?.session();
        let before = std::mem::replace(&mut kept.forgotten, forgotten.clone());
        let row = rows::encode(&SessionRow::new(&kept))?;
        self.sessions()?.insert(&session.0, &row[..])?;
        if forgotten.below > before.below {
            self.forget_calls(session, before.below, forgotten.below - 1)?;
        }
        for (first, last) in &forgotten.above {
            if !before.above.contains(&(*first, *last)) {
                self.forget_calls(session, *first, *last)?;
            }
        }
        Ok(())
    }

    /// Removes the record of one call.
    pub(super) fn drop_call(&mut self, key: &[u8; CALL]) -> Result<(), WriteError> {
        self.calls()?.remove(key)?;
        Ok(())
    }

    /// Removes the records of these calls. That a call under a key has started stays until it has ended.
    fn forget_calls(
        &mut self,
        session: SessionId,
        first: u64,
        last: u64,
    ) -> Result<(), WriteError> {
        let (first, last) = (
            rows::call_bytes(session, first),
            rows::call_bytes(session, last),
        );
        self.calls()?
            .retain_in::<&[u8; CALL], _>(&first..=&last, |_, row| rows::is_start_under_key(row))?;
        Ok(())
    }

    fn sessions(
        &mut self,
    ) -> Result<&mut Table<'t, &'static [u8; 16], &'static [u8]>, redb::TableError> {
        opened(self.transaction, &mut self.sessions, SESSIONS)
    }

    fn calls(
        &mut self,
    ) -> Result<&mut Table<'t, &'static [u8; CALL], &'static [u8]>, redb::TableError> {
        opened(self.transaction, &mut self.calls, CALLS)
    }

    fn keys(
        &mut self,
    ) -> Result<&mut Table<'t, &'static [u8; KEY], &'static [u8]>, redb::TableError> {
        opened(self.transaction, &mut self.keys, KEYS)
    }
}

/// The table, opened now if it was not.
fn opened<'s, 't, K: redb::Key + 'static>(
    transaction: &'t WriteTransaction,
    slot: &'s mut Option<Table<'t, K, &'static [u8]>>,
    definition: TableDefinition<'_, K, &'static [u8]>,
) -> Result<&'s mut Table<'t, K, &'static [u8]>, redb::TableError> {
    match slot {
        Some(table) => Ok(table),
        None => Ok(slot.insert(transaction.open_table(definition)?)),
    }
}
