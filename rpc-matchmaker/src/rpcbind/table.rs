//! What is registered: the one table behind all versions of rpcbind. No I/O.
//!
//! Rows that programs entered by SET stay until UNSET, in the order in which they came. Beside them stand those of servers that
//! are registered at the matchmaker ([`Table::show`]): they come and go with their leases, a row of SET hides one of theirs with
//! the same program, version and transport, and of several of theirs the newest is shown.

use super::caller::Owner;
use super::netid::Netid;
use super::universal;
use std::collections::HashSet;

/// One registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The program's number.
    pub program: u32,
    /// Its version.
    pub version: u32,
    /// The name of the transport. It may be one that we know nothing of.
    pub netid: String,
    /// The universal address.
    pub address: String,
    /// Who registered it.
    pub owner: Owner,
}

impl Row {
    /// The port, if version 2 can tell of this registration.
    pub fn port(&self) -> Option<(Netid, u16)> {
        let netid = Netid::named(&self.netid)?;
        netid.protocol()?;
        Some((netid, universal::parse(netid, &self.address)?.port()))
    }

    fn is(&self, program: u32, version: u32, netid: &str) -> bool {
        (self.program, self.version) == (program, version) && self.has_netid(netid)
    }

    fn has_netid(&self, netid: &str) -> bool {
        self.netid.eq_ignore_ascii_case(netid)
    }

    /// The bytes that it takes in a DUMP of version 3.
    fn length(&self) -> usize {
        let texts = [&self.netid, &self.address, &self.owner.to_string()];
        let texts = texts.map(|text| 4 + text.len().next_multiple_of(4));
        12 + texts.iter().sum::<usize>()
    }
}

/// Why a row is not entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The program's version has another address there.
    Taken,
    /// The transport's name or the address is empty, too long or no printable text.
    BadText,
    /// There is no room: for this owner, or at all.
    Full,
}

/// The registrations.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    /// With the number by which each is known, which several may have; the newest last.
    shown: Vec<(u64, Row)>,
}

/// What DUMP may come to in bytes: with more, no reply would be within the bound of messages.
pub const MOST: usize = 192 * 1024;

/// What rows that are not root's may come to together, so that nobody can keep root's out.
pub const MOST_OF_OTHERS: usize = MOST / 2;

/// What rows of one owner who is not root may come to.
pub const MOST_OF_ONE: usize = MOST / 8;

/// What servers registered at the matchmaker may take of the whole. More are not shown.
pub const MOST_SHOWN: usize = MOST / 4;

const LONGEST_NETID: usize = 32;
const LONGEST_ADDRESS: usize = 128;

impl Table {
    /// Enters a row. To enter the same address once more is no change.
    pub fn set(&mut self, row: Row) -> Result<(), Refusal> {
        if !is_text(&row.netid, LONGEST_NETID) || !is_text(&row.address, LONGEST_ADDRESS) {
            return Err(Refusal::BadText);
        }
        let known = |old: &&Row| old.is(row.program, row.version, &row.netid);
        if let Some(old) = self.rows.iter().find(known) {
            return match old.address == row.address {
                true => Ok(()),
                false => Err(Refusal::Taken),
            };
        }
        if !self.has_room_for(&row) {
            return Err(Refusal::Full);
        }
        self.rows.push(row);
        Ok(())
    }

    fn has_room_for(&self, row: &Row) -> bool {
        let sum = |of: &dyn Fn(&Row) -> bool| -> usize {
            let rows = self.rows.iter().filter(|row| of(row));
            row.length() + rows.map(Row::length).sum::<usize>()
        };
        let all = sum(&|_| true) <= MOST - MOST_SHOWN;
        all && (row.owner == Owner::Superuser
            || sum(&|old| old.owner == row.owner) <= MOST_OF_ONE
                && sum(&|old| old.owner != Owner::Superuser) <= MOST_OF_OTHERS)
    }

    /// Removes the rows of a program's version, of one transport or of all of them, if `owner` may remove each; else none.
    ///
    /// True also if there are none.
    pub fn unset(&mut self, program: u32, version: u32, netid: Option<&str>, owner: Owner) -> bool {
        let is_meant = |row: &Row| {
            (row.program, row.version) == (program, version)
                && netid.is_none_or(|netid| row.has_netid(netid))
        };
        let mut meant = self.rows.iter().filter(|row| is_meant(row));
        let may = meant.all(|row| owner.may_unset(row.owner));
        if may {
            self.rows.retain(|row| !is_meant(row));
        }
        may
    }

    /// Shows these rows as those that `number` stands for, instead of the ones before. They cannot be UNSET.
    pub fn show(&mut self, number: u64, rows: Vec<Row>) {
        self.shown.retain(|(old, _)| *old != number);
        let mut room = MOST_SHOWN
            - self
                .shown
                .iter()
                .map(|(_, row)| row.length())
                .sum::<usize>();
        for row in rows {
            let length = row.length();
            if is_text(&row.netid, LONGEST_NETID)
                && is_text(&row.address, LONGEST_ADDRESS)
                && length <= room
            {
                room -= length;
                self.shown.push((number, row));
            }
        }
    }

    /// All registrations, those of SET first.
    pub fn rows(&self) -> Vec<&Row> {
        let mut seen = HashSet::new();
        let all = self.all();
        all.filter(|row| seen.insert((row.program, row.version, row.netid.to_ascii_lowercase())))
            .collect()
    }

    /// The registration of a program's version over a transport; if it has none, one of another version of the program, whose
    /// server can say which versions it has.
    pub fn find(&self, program: u32, version: u32, netid: &str) -> Option<&Row> {
        let of_program = |row: &&Row| row.program == program && row.has_netid(netid);
        let exact = self.all().find(|row| row.is(program, version, netid));
        exact
            .or_else(|| self.rows.iter().rev().find(of_program))
            .or_else(|| self.all().find(of_program))
    }

    fn all(&self) -> impl Iterator<Item = &Row> {
        let shown = self.shown.iter().rev().map(|(_, row)| row);
        self.rows.iter().chain(shown)
    }
}

/// Whether a caller's text is fit to be kept and shown: it ends up on terminals.
fn is_text(text: &str, longest: usize) -> bool {
    !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests;
