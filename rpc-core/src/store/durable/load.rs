//! All that the tables hold, read back and checked.

use super::rows::{
    self, CALL, CALLS, CLOCK_ROW, CallRow, CallState, ClockRow, KEYS, KeyRow, Row, SESSIONS, STORE,
    SessionRow,
};
use crate::store::{Forgotten, Kept, SessionId};
use redb::{ReadTransaction, ReadableTable, StorageError, TableError};
use rpc_proto::xdr::Decode;
use std::collections::HashMap;

/// What was read, and what of it nobody needs.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) kept: Kept,
    /// Calls of sessions that are over, and calls that are forgotten: a store may be told of a call's end after that. Starts
    /// under a key are not among them.
    pub(super) orphans: Vec<[u8; CALL]>,
}

/// Why it cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error("row {key} of table {table}: {what}")]
    Row {
        table: String,
        key: String,
        what: String,
    },
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Loaded {
    pub(super) fn read(transaction: &ReadTransaction) -> Result<Self, LoadError> {
        let mut loaded = Loaded::default();
        let sessions = loaded.read_sessions(transaction)?;
        loaded.read_calls(transaction, &sessions)?;
        loaded.read_keys(transaction)?;
        let store = transaction.open_table(STORE)?;
        if let Some(clock) = store.get(CLOCK_ROW)? {
            let row: ClockRow = checked("rpc.store", CLOCK_ROW.as_bytes(), clock.value())?;
            loaded.kept.clock = row.wall_ms;
        }
        Ok(loaded)
    }

    fn read_sessions(
        &mut self,
        transaction: &ReadTransaction,
    ) -> Result<HashMap<SessionId, Forgotten>, LoadError> {
        let mut sessions = HashMap::new();
        for entry in transaction.open_table(SESSIONS)?.iter()? {
            let (key, value) = entry?;
            let session = SessionId(*key.value());
            // The id of a session is as good as a password on a plain network: it is not for error messages.
            let row: SessionRow = checked("rpc.sessions", &key.value()[..4], value.value())?;
            let kept = row.session();
            sessions.insert(session, kept.forgotten.clone());
            self.kept.sessions.push((session, kept));
        }
        Ok(sessions)
    }

    fn read_calls(
        &mut self,
        transaction: &ReadTransaction,
        sessions: &HashMap<SessionId, Forgotten>,
    ) -> Result<(), LoadError> {
        for entry in transaction.open_table(CALLS)?.iter()? {
            let (key, value) = entry?;
            let id = rows::call_id(key.value());
            let row: CallRow<'_> = checked("rpc.calls", &shown(key.value()), value.value())?;
            let forgotten = sessions.get(&id.session);
            let awaited = forgotten.is_some_and(|forgotten| !forgotten.contains(id.seq));
            match row.call() {
                CallState::Started(call) if awaited || call.key.is_some() => {
                    self.kept.started.push((id, call));
                }
                CallState::Finished(call) if awaited => self.kept.finished.push((id, call)),
                _ => self.orphans.push(*key.value()),
            }
        }
        Ok(())
    }

    fn read_keys(&mut self, transaction: &ReadTransaction) -> Result<(), LoadError> {
        for entry in transaction.open_table(KEYS)?.iter()? {
            let (key, value) = entry?;
            let row: KeyRow<'_> = checked("rpc.keys", key.value(), value.value())?;
            let digest = u128::from_be_bytes(row.digest);
            let kept = (rows::key_id(key.value()), digest, row.reply.to_vec());
            self.kept.keys.push(kept);
        }
        Ok(())
    }
}

/// The row, or which one it is that cannot be read.
pub(super) fn checked<'a, T: Decode<'a> + Row>(
    table: &str,
    key: &[u8],
    value: &'a [u8],
) -> Result<T, LoadError> {
    rows::decode(value).map_err(|what| LoadError::Row {
        table: table.to_owned(),
        key: String::from_utf8(key.to_vec())
            .ok()
            .filter(|text| text.chars().all(|c| c.is_ascii_lowercase()))
            .unwrap_or_else(|| key.iter().map(|byte| format!("{byte:02x}")).collect()),
        what,
    })
}

/// What of a request id may be shown: the beginning of the session's, and the number.
fn shown(key: &[u8; CALL]) -> Vec<u8> {
    [&key[..4], &key[16..]].concat()
}
