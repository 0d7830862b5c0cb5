//! What is registered: the one table behind all versions of rpcbind. No I/O.
//!
//! Rows that programs entered by SET stay until UNSET, in the order in which they came. Beside them stand those of servers that
//! are registered at the matchmaker ([`Table::show`]): they come and go with their leases, a row of SET hides one of theirs with
//! the same program, version and transport if its owner could remove theirs, and of several of theirs root's are shown before others',
//! and then the registry's first. A row of theirs that is root's hides a row of SET that is not: whoever came first, C programs
//! are sent to root's server.

use super::caller::Owner;
use super::netid::Netid;
use super::universal;
use std::collections::{BTreeMap, HashSet};

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
    /// In the order in which they are found.
    shown: Vec<Shown>,
    /// What those take. Summed up as they come and go: there may be many more that are tried and are not shown.
    shares: Shares,
}

/// A row of a server that is registered at the matchmaker.
#[derive(Debug)]
struct Shown {
    lease: u64,
    place: Place,
    row: Row,
}

/// Where a server stands in the registry's order: those with the greatest go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Whether the kernel vouches for its registrant. What came over the network stands behind.
    pub is_proven: bool,
    /// Whether its registrant is root. Others stand behind: else any user could take the clients of root's servers.
    pub is_root: bool,
    /// Its number in the order of registrations.
    pub number: u64,
}

/// What DUMP may come to in bytes: with more, no reply would be within the bound of messages.
pub const MOST: usize = 192 * 1024;

/// What servers registered at the matchmaker may take of the whole. More are not shown.
pub const MOST_SHOWN: usize = MOST / 4;

/// What is entered by SET may take of the whole.
pub const MOST_SET: usize = MOST - MOST_SHOWN;

/// What rows that are not root's may take together of `all`, so that nobody can keep root's out.
pub const fn most_of_others(all: usize) -> usize {
    all / 3 * 2
}

/// What rows of one owner who is not root may take of `all`.
pub const fn most_of_one(all: usize) -> usize {
    all / 6
}

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
        let hides = |shown: &Shown| shown.row.is(row.program, row.version, &row.netid);
        let mut hidden = self.shown.iter().filter(|shown| hides(shown));
        // Else any user could take the clients of root's servers.
        if !hidden.all(|shown| row.owner.may_unset(shown.row.owner)) {
            return Err(Refusal::Taken);
        }
        let mut shares = Shares::default();
        self.rows.iter().for_each(|row| shares.add(row));
        if !shares.have_room_for(&row, MOST_SET) {
            return Err(Refusal::Full);
        }
        self.rows.push(row);
        Ok(())
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

    /// Shows these rows as those of the server with this lease, instead of the ones before. They cannot be UNSET. Of several with
    /// one transport the first is shown. False: for want of room not all are.
    pub fn show(&mut self, lease: u64, place: Place, rows: Vec<Row>) -> bool {
        self.hide(lease);
        let mut at = self.shown.partition_point(|shown| shown.place >= place);
        let mut seen = HashSet::new();
        let mut all = true;
        for row in rows {
            let is_fit =
                is_text(&row.netid, LONGEST_NETID) && is_text(&row.address, LONGEST_ADDRESS);
            if !is_fit || !seen.insert(row.netid.to_ascii_lowercase()) {
                continue;
            }
            if self.shares.have_room_for(&row, MOST_SHOWN) {
                self.shares.add(&row);
                self.shown.insert(at, Shown { lease, place, row });
                at += 1;
            } else {
                all = false;
            }
        }
        all
    }

    /// Shows nothing of the server with this lease any more. True: there was something.
    pub fn hide(&mut self, lease: u64) -> bool {
        let is_shown = self.shown.iter().any(|shown| shown.lease == lease);
        if is_shown {
            let ended = |shown: &mut Shown| shown.lease == lease;
            for Shown { row, .. } in self.shown.extract_if(.., ended) {
                self.shares.remove(&row);
            }
        }
        is_shown
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
            .or_else(|| self.set_rows().rev().find(of_program))
            .or_else(|| self.all().find(of_program))
    }

    fn all(&self) -> impl Iterator<Item = &Row> {
        self.set_rows()
            .chain(self.shown.iter().map(|shown| &shown.row))
    }

    /// Those that programs entered, but for what root's servers hide.
    fn set_rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        let roots = self.shown.iter().map(|shown| &shown.row);
        let roots = roots.take_while(|row| row.owner == Owner::Superuser);
        let hides = |root: &Row, row: &Row| root.is(row.program, row.version, &row.netid);
        let is_hidden = move |row: &Row| roots.clone().any(|root| hides(root, row));
        let rows = self.rows.iter();
        rows.filter(move |row| row.owner == Owner::Superuser || !is_hidden(row))
    }
}

/// How many bytes the rows of each owner take.
#[derive(Debug, Default)]
struct Shares(BTreeMap<Owner, usize>);

impl Shares {
    /// Whether `row` may join them, if all may take `most`.
    fn have_room_for(&self, row: &Row, most: usize) -> bool {
        let length = row.length();
        let of = |owner| self.0.get(&owner).copied().unwrap_or_default();
        let all = length + self.0.values().sum::<usize>();
        all <= most
            && (row.owner == Owner::Superuser
                || length + of(row.owner) <= most_of_one(most)
                    && all - of(Owner::Superuser) <= most_of_others(most))
    }

    fn add(&mut self, row: &Row) {
        *self.0.entry(row.owner).or_default() += row.length();
    }

    fn remove(&mut self, row: &Row) {
        if let Some(share) = self.0.get_mut(&row.owner) {
            *share -= row.length();
            if *share == 0 {
                self.0.remove(&row.owner);
            }
        }
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
