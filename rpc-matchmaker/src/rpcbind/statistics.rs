//! What was asked, counted as rpcbind counts it.

use rpc_core::rpcbind::{AddressCount, RemoteCount, RpcbStat, RpcbStats};

/// A version of rpcbind's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 2: the port mapper.
    Two,
    /// 3.
    Three,
    /// 4.
    Four,
}

impl Version {
    /// All of them.
    pub const ALL: [Version; 3] = [Version::Two, Version::Three, Version::Four];

    /// Its number.
    pub fn number(self) -> u32 {
        self as u32 + 2
    }

    /// The number of its last procedure.
    fn last_procedure(self) -> usize {
        match self {
            Version::Two => 5,
            Version::Three => 8,
            Version::Four => 12,
        }
    }
}

/// The counters. What callers choose freely (program numbers, versions) has a bounded number of rows: later ones are not counted.
#[derive(Debug)]
pub struct Statistics([RpcbStat; 3]);

/// How many rows a list of counters may have.
pub const MOST_ROWS: usize = 256;

impl Default for Statistics {
    fn default() -> Self {
        Self(Version::ALL.map(|_| RpcbStat {
            info: Default::default(),
            set_info: 0,
            unset_info: 0,
            addr_info: Vec::new(),
            remote_info: Vec::new(),
        }))
    }
}

/// A call through rpcbind, for counting it.
#[derive(Clone, Copy, Debug)]
pub struct Remote<'a> {
    /// Which procedure of which version of which program.
    pub target: (u32, u32, u32),
    /// The transport.
    pub netid: &'a str,
    /// Whether the caller is told of failures.
    pub indirect: bool,
    /// Whether this very version of the program is registered.
    pub known: bool,
}

impl Statistics {
    fn of(&mut self, version: Version) -> &mut RpcbStat {
        &mut self.0[version as usize]
    }

    /// A procedure was called, whatever comes of it.
    pub fn count_call(&mut self, version: Version, procedure: u32) {
        if procedure as usize <= version.last_procedure() {
            count(&mut self.of(version).info[procedure as usize]);
        }
    }

    /// A SET was answered.
    pub fn count_set(&mut self, version: Version, done: bool) {
        if done {
            count(&mut self.of(version).set_info);
        }
    }

    /// An UNSET was answered.
    pub fn count_unset(&mut self, version: Version, done: bool) {
        if done {
            count(&mut self.of(version).unset_info);
        }
    }

    /// An address was asked for, and found or not.
    pub fn count_address(
        &mut self,
        version: Version,
        (program, of): (u32, u32),
        netid: &str,
        found: bool,
    ) {
        let rows = &mut self.of(version).addr_info;
        let is_it = |row: &AddressCount| {
            (row.prog, row.vers) == (program, of) && row.netid == netid.as_bytes()
        };
        let new = || AddressCount {
            prog: program,
            vers: of,
            success: 0,
            failure: 0,
            netid: netid.into(),
        };
        if let Some(row) = row(rows, is_it, new) {
            count(if found {
                &mut row.success
            } else {
                &mut row.failure
            });
        }
    }

    /// A procedure was called through rpcbind.
    pub fn count_remote(&mut self, version: Version, remote: Remote<'_>) {
        let (prog, vers, proc) = remote.target;
        let rows = &mut self.of(version).remote_info;
        let is_it = |row: &RemoteCount| {
            (row.prog, row.vers, row.proc) == remote.target && row.netid == remote.netid.as_bytes()
        };
        let is_first = !rows.iter().any(is_it);
        let new = || RemoteCount {
            prog,
            vers,
            proc,
            success: 0,
            failure: 0,
            indirect: 0,
            netid: remote.netid.into(),
        };
        if let Some(row) = row(rows, is_it, new) {
            count(if remote.known {
                &mut row.success
            } else {
                &mut row.failure
            });
            // rpcbind takes the first call of a row for an indirect one in any case.
            if remote.indirect || is_first {
                count(&mut row.indirect);
            }
        }
    }

    /// All of it, as GETSTAT tells it.
    pub fn tell(&self) -> RpcbStats {
        RpcbStats {
            versions: self.0.clone(),
        }
    }
}

/// The row that is meant, made if there is room for it. New ones come first.
fn row<T>(
    rows: &mut Vec<T>,
    is_it: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> Option<&mut T> {
    if let Some(index) = rows.iter().position(is_it) {
        return rows.get_mut(index);
    }
    if rows.len() >= MOST_ROWS {
        return None;
    }
    rows.insert(0, new());
    rows.first_mut()
}

fn count(counter: &mut i32) {
    *counter = counter.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_procedure() {
        let mut statistics = Statistics::default();
        for version in Version::ALL {
            for procedure in [0, 3, 3, 5, 6, 8, 9, 12, 13, u32::MAX] {
                statistics.count_call(version, procedure);
            }
        }
        let counted = statistics.tell().versions.map(|of| of.info);
        assert_eq!(counted[0], [1, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(counted[1], [1, 0, 0, 2, 0, 1, 1, 0, 1, 0, 0, 0, 0]);
        assert_eq!(counted[2], [1, 0, 0, 2, 0, 1, 1, 0, 1, 1, 0, 0, 1]);
    }

    #[test]
    fn questions_are_counted_by_what_is_asked_the_newest_first() {
        let mut statistics = Statistics::default();
        for (program, netid, found) in [(7, "tcp", true), (8, "tcp", false), (7, "tcp", false)] {
            statistics.count_address(Version::Three, (program, 1), netid, found);
        }
        statistics.count_set(Version::Three, true);
        statistics.count_set(Version::Three, false);
        statistics.count_unset(Version::Three, true);
        let [two, three, _] = statistics.tell().versions;
        let rows: Vec<_> = three
            .addr_info
            .iter()
            .map(|row| (row.prog, row.success, row.failure))
            .collect();
        assert_eq!(rows, [(8, 0, 1), (7, 1, 1)]);
        assert_eq!((three.set_info, three.unset_info, two.set_info), (1, 1, 0));
    }

    #[test]
    fn calls_through_rpcbind_are_counted_as_rpcbind_does() {
        let mut statistics = Statistics::default();
        for (proc, indirect, known) in [
            (0, false, true),
            (0, false, false),
            (0, true, true),
            (1, true, true),
        ] {
            let remote = Remote {
                target: (7, 1, proc),
                netid: "udp",
                indirect,
                known,
            };
            statistics.count_remote(Version::Four, remote);
        }
        let [_, _, four] = statistics.tell().versions;
        let rows: Vec<_> = four
            .remote_info
            .iter()
            .map(|row| (row.proc, row.success, row.failure, row.indirect))
            .collect();
        assert_eq!(rows, [(1, 1, 0, 1), (0, 2, 1, 2)]);
    }

    #[test]
    fn strangers_cannot_make_the_lists_long() {
        let mut statistics = Statistics::default();
        for program in 0..100_000 {
            statistics.count_address(Version::Two, (program, 1), "udp", false);
            let remote = Remote {
                target: (program, 1, 1),
                netid: "udp",
                indirect: false,
                known: false,
            };
            statistics.count_remote(Version::Two, remote);
        }
        let [two, ..] = statistics.tell().versions;
        assert_eq!(
            (two.addr_info.len(), two.remote_info.len()),
            (MOST_ROWS, MOST_ROWS)
        );
    }
}
