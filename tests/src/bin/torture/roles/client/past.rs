//! What a client's ledger says of the processes before this one.

use std::collections::BTreeMap;

use crate::deed::Request;
use crate::ledger::{Entry, Line};

/// Requests with the second at which their keys were issued.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Past {
    pub unanswered: Vec<(Request, u64)>,
    pub answered: Vec<(Request, u64)>,
    /// The last number that was used.
    pub last: u32,
}

impl Past {
    pub fn of(ledger: &[Line]) -> Self {
        let mut issued_at = BTreeMap::new();
        let mut past = Self::default();
        for Line { request, entry, .. } in ledger {
            match entry {
                Entry::Asked { issued } => {
                    issued_at.insert(*request, *issued);
                    past.last = past.last.max(request.number);
                }
                Entry::Answered(_) | Entry::Silenced(_) | Entry::Unknown(_) | Entry::Failed(_) => {
                    if let Some(issued) = issued_at.remove(request) {
                        past.answered.push((*request, issued));
                    }
                }
                Entry::Resumed | Entry::Repeated(_) | Entry::Late(_) => {}
            }
        }
        past.unanswered = issued_at.into_iter().collect();
        past
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;

    #[test]
    fn what_has_no_answer_is_asked_again() {
        let request = |number| Request { client: 0, number };
        let line = |number, entry| Line {
            at: 0,
            request: request(number),
            entry,
        };
        let asked = |issued| Entry::Asked { issued };
        let ledger = [
            line(1, asked(5)),
            line(2, asked(6)),
            line(1, Entry::Late(String::new())),
            line(2, Entry::Answered(Reply::Panicked)),
            line(2, Entry::Repeated(Reply::Panicked)),
        ];
        let past = Past {
            unanswered: vec![(request(1), 5)],
            answered: vec![(request(2), 6)],
            last: 2,
        };
        assert_eq!(Past::of(&ledger), past);
    }
}
