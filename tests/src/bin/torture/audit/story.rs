//! What the ledgers say of one request.

use std::collections::BTreeMap;

use crate::deed::Request;
use crate::ledger::{Entry, Line};
use crate::reply::Reply;

/// How a call ended, as its caller was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Answered(Reply),
    Silenced,
    Unknown(String),
    Failed(String),
}

impl End {
    /// Whether they say the same; errors may say it in other words.
    pub fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown(_), Self::Unknown(_)) | (Self::Failed(_), Self::Failed(_)) => true,
            _ => self == other,
        }
    }
}

#[derive(Debug, Default)]
pub struct Story {
    pub asked_at: u64,
    pub resumed: u64,
    pub late: u64,
    /// More than one if a process was killed before it could write the first down, and another asked again.
    pub ends: Vec<(u64, End)>,
    pub repeated: Vec<(u64, Reply)>,
}

pub fn stories(ledgers: &[Line]) -> BTreeMap<Request, Story> {
    let mut stories: BTreeMap<Request, Story> = BTreeMap::new();
    for Line { at, request, entry } in ledgers {
        let story = stories.entry(*request).or_default();
        match entry {
            Entry::Asked { .. } => story.asked_at = *at,
            Entry::Resumed => story.resumed += 1,
            Entry::Late(_) => story.late += 1,
            Entry::Answered(reply) => story.ends.push((*at, End::Answered(*reply))),
            Entry::Silenced(_) => story.ends.push((*at, End::Silenced)),
            Entry::Unknown(error) => story.ends.push((*at, End::Unknown(error.clone()))),
            Entry::Failed(error) => story.ends.push((*at, End::Failed(error.clone()))),
            Entry::Repeated(reply) => story.repeated.push((*at, *reply)),
        }
    }
    stories
}
