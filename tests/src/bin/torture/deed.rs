//! What is asked for. All of it follows from who asks and how often they have asked before, so that the audit knows what
//! each request must have done without being told.

use std::fmt;
use std::str::FromStr;

use crate::contract::Id;

/// The accounts are numbered from 1.
pub const ACCOUNTS: u64 = 16;
/// What each account holds at first: enough that no order of the transfers overdraws it.
pub const OPENING_BALANCE: u64 = 1_000_000_000_000;
/// There is no such account.
pub const NOWHERE: u64 = 99;
/// So many cents make the bank panic.
pub const PANICS: u64 = 13_131_313;

/// One request of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// The clients are numbered from 0.
    pub client: u32,
    /// Counts the client's requests, from 1.
    pub number: u32,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Transfer(Transfer),
    Letter,
    Parcel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    pub from: u64,
    pub to: u64,
    pub cents: u64,
}

impl Request {
    pub fn deed(self) -> Deed {
        let number = u64::from(self.number);
        let from = (number + u64::from(self.client)) % ACCOUNTS;
        let step = 1 + number * 7 % (ACCOUNTS - 1);
        let mut transfer = Transfer {
            from: 1 + from,
            to: 1 + (from + step) % ACCOUNTS,
            cents: 1 + number % 500,
        };
        match number % 20 {
            3 | 9 | 14 => return Deed::Letter,
            5 | 11 | 17 => return Deed::Parcel,
            7 => transfer.to = NOWHERE,
            13 => transfer.cents = PANICS,
            _ => {}
        }
        Deed::Transfer(transfer)
    }

    pub fn id(self) -> Id {
        let mut id = *b"torture-........";
        id[8..12].copy_from_slice(&self.client.to_be_bytes());
        id[12..].copy_from_slice(&self.number.to_be_bytes());
        id
    }

    pub fn of(id: &Id) -> Self {
        let number = |at: usize| u32::from_be_bytes([id[at], id[at + 1], id[at + 2], id[at + 3]]);
        Self {
            client: number(8),
            number: number(12),
        }
    }
}

impl Transfer {
    /// Whether it moves money, rather than being refused or ending in a panic.
    pub fn moves(&self) -> bool {
        self.to != NOWHERE && self.cents != PANICS
    }
}

impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.client, self.number)
    }
}

impl FromStr for Request {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('-').and_then(|(client, number)| {
            Some(Self {
                client: client.parse().ok()?,
                number: number.parse().ok()?,
            })
        });
        parsed.ok_or_else(|| format!("{text:?} is no request"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_found_again_by_its_id_and_its_name() {
        let request = Request {
            client: 3,
            number: 70_000,
        };
        assert_eq!(Request::of(&request.id()), request);
        assert_eq!(request.to_string().parse(), Ok(request));
        assert!("3".parse::<Request>().is_err());
    }

    #[test]
    fn twenty_requests_in_a_row_do_all_there_is_to_do() {
        let deeds: Vec<Deed> = (1..=20)
            .map(|number| Request { client: 0, number }.deed())
            .collect();
        let count = |deed: Deed| deeds.iter().filter(|other| **other == deed).count();
        assert_eq!((count(Deed::Letter), count(Deed::Parcel)), (3, 3));
        let still = deeds
            .iter()
            .filter(|deed| matches!(deed, Deed::Transfer(transfer) if !transfer.moves()));
        assert_eq!(still.count(), 2);
    }
}
