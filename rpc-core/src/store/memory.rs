//! The store that is gone with the process.

use super::{
    Change, CommitNumber, CompletionStore, Kept, OpenError, OpenStore, Opened, StoreError,
    StoreIdentity, Verdict,
};
use crate::system;
use std::any::Any;

/// A store that is gone with the process. Its records are those that the session machine holds anyway, so it is asked for
/// nothing, and it has no transactions.
#[derive(Debug, Default)]
pub struct MemoryCompletions;

impl CompletionStore for MemoryCompletions {
    /// A new name each time, since nothing is left of an earlier one.
    fn open(&self) -> Result<Opened, OpenError> {
        let random = system::entropy().map_err(OpenError::other)?;
        Ok(Opened::new(
            StoreIdentity::passing(random),
            Kept::default(),
            Nothing,
        ))
    }
}

/// What is open of a store that keeps nothing.
#[derive(Debug)]
struct Nothing;

impl OpenStore for Nothing {
    fn commit(&self, _changes: &[Change]) -> Result<CommitNumber, StoreError> {
        Ok(CommitNumber::default())
    }

    fn transact(
        &self,
        _work: &mut dyn FnMut(&dyn Any) -> Verdict,
    ) -> Result<CommitNumber, StoreError> {
        Err(StoreError::NoTransactions)
    }

    fn read(&self, _work: &mut dyn FnMut(&dyn Any)) -> Result<(), StoreError> {
        Err(StoreError::NoTransactions)
    }

    fn has_room(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_another_store_each_time_and_has_no_transactions() {
        let first = MemoryCompletions.open().expect("memory is there");
        let second = MemoryCompletions.open().expect("memory is there");
        assert!(!first.identity.durable);
        assert_ne!(first.identity.id, second.identity.id);
        assert_ne!(first.identity.id, first.identity.secret);
        let refused = first.store.transact(&mut |_| Verdict::Abandon);
        assert!(matches!(refused, Err(StoreError::NoTransactions)));
    }
}
