//! What should have happened, and what did. Knows nothing of the framework.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The accounts are numbered from 1.
pub const ACCOUNTS: u64 = 16;
/// What each account holds at first: enough that no order of the transfers overdraws it.
pub const OPENING_BALANCE: u64 = 1_000_000_000_000;

/// One payment. It moves as many cents as its number says, so that the bank's books tell which transfer ran how often
/// without help from any request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub from: u64,
    pub to: u64,
    pub cents: u64,
}

impl Transfer {
    /// The transfer with this number, which is not 0.
    pub fn number(number: u64) -> Self {
        let from = number % ACCOUNTS;
        let step = 1 + number * 7 % (ACCOUNTS - 1);
        Self {
            from: 1 + from,
            to: 1 + (from + step) % ACCOUNTS,
            cents: number,
        }
    }
}

/// What the bank wrote down while it worked.
#[derive(Debug, Default, Clone)]
pub struct Books {
    /// How often the handler ran for each number of cents.
    pub runs: BTreeMap<u64, u64>,
    /// What each account holds.
    pub balances: BTreeMap<u64, u64>,
    /// Calls that the server answered again from its records.
    pub replayed: u64,
}

/// What one client process saw.
#[derive(Debug, Default, Clone, Copy)]
pub struct Asked {
    /// Transfers whose receipt arrived.
    pub answered: u64,
    /// Messages that were sent again.
    pub retransmitted: u64,
}

/// The verdict over all transfers on one transport.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    pub asked: u64,
    pub executed: u64,
    pub retransmitted: u64,
    pub replayed: u64,
    /// Transfers that never ran, or whose caller was never told.
    pub lost: u64,
    /// Runs beyond the first.
    pub doubled: u64,
}

impl Verdict {
    /// Judges the transfers with these numbers, by what was in the books `before` they were asked for and `after`.
    pub fn over(
        numbers: RangeInclusive<u64>,
        clients: &[Asked],
        before: &Books,
        after: &Books,
    ) -> Self {
        let asked = numbers.clone().count() as u64;
        let answered: u64 = clients.iter().map(|client| client.answered).sum();
        let runs = |number: u64| after.runs.get(&number).copied().unwrap_or(0);
        let never_ran = numbers.clone().filter(|&number| runs(number) == 0).count() as u64;
        Self {
            asked,
            executed: numbers.clone().map(runs).sum(),
            retransmitted: clients.iter().map(|client| client.retransmitted).sum(),
            replayed: after.replayed - before.replayed,
            lost: never_ran.max(asked.saturating_sub(answered)),
            doubled: numbers.map(|number| runs(number).saturating_sub(1)).sum(),
        }
    }

    pub fn is_good(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.executed == self.asked
    }
}

impl Books {
    /// True if the transfers from 1 to `last` ran, no others, and every account holds what they must leave it.
    pub fn balance(&self, last: u64) -> bool {
        self.balances == balances_after(last) && self.runs.keys().copied().eq(1..=last)
    }
}

/// What each account must hold when the transfers from 1 to `last` have run once each.
fn balances_after(last: u64) -> BTreeMap<u64, u64> {
    let mut balances: BTreeMap<u64, u64> = (1..=ACCOUNTS)
        .map(|account| (account, OPENING_BALANCE))
        .collect();
    for transfer in (1..=last).map(Transfer::number) {
        for (account, balance) in &mut balances {
            if *account == transfer.from {
                *balance -= transfer.cents;
            } else if *account == transfer.to {
                *balance += transfer.cents;
            }
        }
    }
    balances
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: u64 = 100;

    fn perfect() -> (Asked, Books) {
        let runs = (1..=ASKED).map(|number| (number, 1)).collect();
        let books = Books {
            runs,
            balances: balances_after(ASKED),
            replayed: 3,
        };
        (
            Asked {
                answered: ASKED,
                retransmitted: 5,
            },
            books,
        )
    }

    fn judge(client: Asked, books: &Books) -> Verdict {
        Verdict::over(1..=ASKED, &[client], &Books::default(), books)
    }

    #[test]
    fn no_transfer_goes_to_the_account_that_pays() {
        for transfer in (1..=1_000).map(Transfer::number) {
            assert_ne!(transfer.from, transfer.to);
            for account in [transfer.from, transfer.to] {
                assert!((1..=ACCOUNTS).contains(&account), "{account}");
            }
        }
    }

    #[test]
    fn one_run_each_is_good() {
        let (client, books) = perfect();
        assert!(judge(client, &books).is_good());
        assert!(books.balance(ASKED));
    }

    #[test]
    fn a_transfer_that_never_ran_is_lost_even_if_its_caller_was_told_otherwise() {
        let (client, mut books) = perfect();
        books.runs.remove(&7);
        let verdict = judge(client, &books);
        assert_eq!((verdict.lost, verdict.is_good()), (1, false));
    }

    #[test]
    fn a_receipt_that_never_came_is_a_loss_too() {
        let (mut client, books) = perfect();
        client.answered -= 2;
        let verdict = judge(client, &books);
        assert_eq!((verdict.lost, verdict.is_good()), (2, false));
    }

    #[test]
    fn a_second_run_is_doubled() {
        let (client, mut books) = perfect();
        books.runs.insert(7, 3);
        let verdict = judge(client, &books);
        assert_eq!(
            (verdict.doubled, verdict.executed, verdict.is_good()),
            (2, 102, false)
        );
    }

    #[test]
    fn one_cent_too_many_and_the_books_do_not_balance() {
        let (_, mut books) = perfect();
        *books.balances.entry(4).or_default() += 1;
        assert!(!books.balance(ASKED));
    }

    #[test]
    fn a_transfer_that_nobody_asked_for_unbalances_the_books() {
        let (_, mut books) = perfect();
        books.runs.insert(ASKED + 1, 1);
        assert!(!books.balance(ASKED));
    }
}
