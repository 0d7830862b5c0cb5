//! The desk: the three versions of rpcbind served from one table.

use super::caller::{Caller, Owner, read_privileged};
use super::indirect::{Indirect, NoResults, is_allowed};
use super::nearest::merge;
use super::netid::Netid;
use super::statistics::{Remote, Statistics, Version};
use super::table::{Place, Row, Table};
use super::{native, universal};
use crate::registry::{Registrant, Saved};
use rpc_core::Context;
use rpc_core::rpcbind::{
    Mapping, MappingItem, MappingList, Netbuf, PortmapV2, RemoteCall, RemotePortReply, RemoteReply,
    Rpcb, RpcbEntry, RpcbEntryItem, RpcbEntryList, RpcbItem, RpcbList, RpcbStats, RpcbindV3,
    RpcbindV4,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// The service, in all of its versions. Clones are the same desk.
#[derive(Clone, Debug, Default)]
pub struct Portmapper(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// None: calls through rpcbind are not made.
    indirect: Option<Indirect>,
}

#[derive(Debug, Default)]
struct State {
    table: Table,
    statistics: Statistics,
}

/// How a call through rpcbind is answered.
#[derive(Default)]
pub(super) struct Forwarded {
    /// Where the program answers, for the caller.
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) results: Vec<u8>,
}

impl Portmapper {
    /// An empty one. `indirect`: it calls procedures of this host for whoever asks.
    pub fn new(indirect: bool) -> Self {
        read_privileged();
        Self(Arc::new(Shared {
            state: Mutex::default(),
            indirect: indirect.then(Indirect::default),
        }))
    }

    /// Enters what rpcbind itself answers at.
    pub fn enter_own(&self, netid: Netid, address: &str) {
        // The newest version first, as rpcbind lists itself. Version 2 knows neither IPv6 nor local sockets.
        for version in Version::ALL.into_iter().rev() {
            if version != Version::Two || netid.protocol().is_some() {
                let row = Row {
                    program: PROGRAM,
                    version: version.number(),
                    netid: netid.name().to_owned(),
                    address: address.to_owned(),
                    owner: Owner::Superuser,
                };
                // Nothing much stands in the table yet: there is room. What is entered already stays.
                let _ = self.state().table.set(row);
            }
        }
    }

    /// Shows a server of the matchmaker. False: for want of room not all of it is shown.
    pub fn show(&self, saved: &Saved) -> bool {
        let rows = native::rows(&saved.registration, saved.registrant);
        let place = Place {
            is_proven: saved.registrant.is_proven(),
            is_root: saved.registrant == Registrant::User(0),
            number: saved.number,
        };
        self.state().table.show(saved.lease, place, rows)
    }

    /// Stops showing it. True: something of it was shown, so there is room for others now.
    pub fn hide(&self, lease: u64) -> bool {
        self.state().table.hide(lease)
    }

    pub(super) fn count_call(&self, version: Version, procedure: u32) {
        self.state().statistics.count_call(version, procedure);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the table whole: its inputs do not panic half-way.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, cx: &Context, version: Version, row: impl FnOnce(Owner) -> Option<Row>) -> bool {
        let row = Caller::of(cx).owner.and_then(row);
        let mut state = self.state();
        let done = row.is_some_and(|row| state.table.set(row).is_ok());
        state.statistics.count_set(version, done);
        done
    }

    fn set_rpcb(&self, cx: &Context, version: Version, asked: Rpcb) -> bool {
        self.set(cx, version, |owner| {
            Some(Row {
                program: asked.prog,
                version: asked.vers,
                netid: String::from_utf8(asked.netid).ok()?,
                address: String::from_utf8(asked.addr).ok()?,
                owner,
            })
        })
    }

    fn unset_rpcb(&self, cx: &Context, version: Version, asked: &Rpcb) -> bool {
        let owner = Caller::of(cx).owner;
        let netid = String::from_utf8_lossy(&asked.netid);
        let netid = (!netid.is_empty()).then_some(&*netid);
        let mut state = self.state();
        let unset = |owner| state.table.unset(asked.prog, asked.vers, netid, owner);
        let done = owner.is_some_and(unset);
        state.statistics.count_unset(version, done);
        done
    }

    /// The address for this caller, over the transport on which it asks; empty: there is none.
    fn address(&self, cx: &Context, version: Version, asked: &Rpcb, exactly: bool) -> Vec<u8> {
        let caller = Caller::of(cx);
        let netid = caller.netid.name();
        let mut state = self.state();
        let found = state.table.find(asked.prog, asked.vers, netid);
        let found = found.filter(|row| !exactly || row.version == asked.vers);
        let registered = found.map(|row| row.address.clone());
        let of = (asked.prog, asked.vers);
        let statistics = &mut state.statistics;
        statistics.count_address(version, of, netid, registered.is_some());
        drop(state);
        let hint = String::from_utf8_lossy(&asked.addr);
        registered.map_or_else(Vec::new, |registered| {
            merge(&caller, caller.netid, &registered, &hint).into_bytes()
        })
    }

    fn all(&self) -> RpcbList {
        let state = self.state();
        let item = |row: &Row| RpcbItem {
            map: Rpcb {
                prog: row.program,
                vers: row.version,
                netid: row.netid.clone().into_bytes(),
                addr: row.address.clone().into_bytes(),
                owner: row.owner.to_string().into_bytes(),
            },
        };
        RpcbList {
            first: state.table.rows().into_iter().map(item).collect(),
        }
    }

    /// Carries a call through rpcbind out. Without `--indirect`, such calls are not made.
    pub(super) fn forward(
        &self,
        cx: &Context,
        version: Version,
        asked: &RemoteCall,
        tells_failure: bool,
    ) -> Result<Forwarded, NoResults> {
        let caller = Caller::of(cx);
        let netid = caller.netid;
        if !netid.is_datagram() || !is_allowed(asked.prog, asked.proc) {
            return Err(NoResults::NotRun);
        }
        let target = (asked.prog, asked.vers, asked.proc);
        let mut state = self.state();
        let found = state.table.find(asked.prog, asked.vers, netid.name());
        let found = found.filter(|row| row.version == asked.vers);
        let registered = found.map(|row| row.address.clone());
        let remote = Remote {
            target,
            netid: netid.name(),
            indirect: tells_failure,
            known: registered.is_some(),
        };
        state.statistics.count_remote(version, remote);
        drop(state);
        let indirect = self.0.indirect.as_ref().ok_or(NoResults::NotRun)?;
        let registered = registered.ok_or(NoResults::NotRun)?;
        let address = universal::parse(netid, &registered).ok_or(NoResults::NotRun)?;
        let results = indirect.call(address, target, &asked.args)?;
        Ok(Forwarded {
            address: merge(&caller, netid, &registered, ""),
            port: address.port(),
            results,
        })
    }
}

impl PortmapV2 for Portmapper {
    fn set(&self, cx: &Context, asked: Mapping) -> bool {
        self.set(cx, Version::Two, |owner| {
            let [high, low] = u16::try_from(asked.port).ok()?.to_be_bytes();
            Some(Row {
                program: asked.prog,
                version: asked.vers,
                netid: Netid::of_protocol(asked.prot)?.name().to_owned(),
                address: format!("0.0.0.0.{high}.{low}"),
                owner,
            })
        })
    }

    fn unset(&self, cx: &Context, asked: Mapping) -> bool {
        let owner = Caller::of(cx).owner;
        let mut state = self.state();
        // Of both transports, whatever `prot` says.
        let mut unset = |owner| {
            [Netid::Tcp, Netid::Udp].map(|netid| {
                let table = &mut state.table;
                table.unset(asked.prog, asked.vers, Some(netid.name()), owner)
            })
        };
        let done = owner.is_some_and(|owner| unset(owner) == [true; 2]);
        state.statistics.count_unset(Version::Two, done);
        done
    }

    fn getport(&self, _cx: &Context, asked: Mapping) -> u32 {
        let Some(netid) = Netid::of_protocol(asked.prot) else {
            return 0;
        };
        let mut state = self.state();
        let found = state.table.find(asked.prog, asked.vers, netid.name());
        let port = found.and_then(Row::port).map_or(0, |(_, port)| port);
        let of = (asked.prog, asked.vers);
        let statistics = &mut state.statistics;
        statistics.count_address(Version::Two, of, netid.name(), port != 0);
        port.into()
    }

    fn dump(&self, _cx: &Context) -> MappingList {
        let state = self.state();
        let item = |row: &Row| {
            let (netid, port) = row.port()?;
            Some(MappingItem {
                map: Mapping {
                    prog: row.program,
                    vers: row.version,
                    prot: netid.protocol()?,
                    port: port.into(),
                },
            })
        };
        MappingList {
            first: state.table.rows().into_iter().filter_map(item).collect(),
        }
    }

    /// Never called, as its like in the other versions: [`Metered`](super::metered::Metered) answers, since a method cannot keep quiet.
    fn callit(&self, _cx: &Context, _asked: RemoteCall) -> RemotePortReply {
        Forwarded::default().into()
    }
}

impl RpcbindV3 for Portmapper {
    fn set(&self, cx: &Context, asked: Rpcb) -> bool {
        self.set_rpcb(cx, Version::Three, asked)
    }

    fn unset(&self, cx: &Context, asked: Rpcb) -> bool {
        self.unset_rpcb(cx, Version::Three, &asked)
    }

    fn getaddr(&self, cx: &Context, asked: Rpcb) -> Vec<u8> {
        self.address(cx, Version::Three, &asked, false)
    }

    fn dump(&self, _cx: &Context) -> RpcbList {
        self.all()
    }

    fn callit(&self, _cx: &Context, _asked: RemoteCall) -> RemoteReply {
        Forwarded::default().into()
    }

    fn gettime(&self, _cx: &Context) -> u32 {
        time()
    }

    fn uaddr2_taddr(&self, cx: &Context, address: &[u8]) -> Netbuf {
        to_system(cx, address)
    }

    fn taddr2_uaddr(&self, cx: &Context, address: Netbuf) -> Vec<u8> {
        from_system(cx, &address)
    }
}

impl RpcbindV4 for Portmapper {
    fn set(&self, cx: &Context, asked: Rpcb) -> bool {
        self.set_rpcb(cx, Version::Four, asked)
    }

    fn unset(&self, cx: &Context, asked: Rpcb) -> bool {
        self.unset_rpcb(cx, Version::Four, &asked)
    }

    fn getaddr(&self, cx: &Context, asked: Rpcb) -> Vec<u8> {
        self.address(cx, Version::Four, &asked, false)
    }

    fn dump(&self, _cx: &Context) -> RpcbList {
        self.all()
    }

    fn bcast(&self, _cx: &Context, _asked: RemoteCall) -> RemoteReply {
        Forwarded::default().into()
    }

    fn gettime(&self, _cx: &Context) -> u32 {
        time()
    }

    fn uaddr2_taddr(&self, cx: &Context, address: &[u8]) -> Netbuf {
        to_system(cx, address)
    }

    fn taddr2_uaddr(&self, cx: &Context, address: Netbuf) -> Vec<u8> {
        from_system(cx, &address)
    }

    fn getversaddr(&self, cx: &Context, asked: Rpcb) -> Vec<u8> {
        self.address(cx, Version::Four, &asked, true)
    }

    fn indirect(&self, _cx: &Context, _asked: RemoteCall) -> RemoteReply {
        Forwarded::default().into()
    }

    fn getaddrlist(&self, cx: &Context, asked: Rpcb) -> RpcbEntryList {
        let caller = Caller::of(cx);
        let hint = String::from_utf8_lossy(&asked.addr);
        let mut state = self.state();
        let rows = state.table.rows();
        let is_asked = |row: &&&Row| (row.program, row.version) == (asked.prog, asked.vers);
        let found: Vec<(Netid, String)> = rows
            .iter()
            .filter(is_asked)
            .filter_map(|row| Some((Netid::named(&row.netid)?, row.address.clone())))
            .filter(|(netid, _)| netid.family() == caller.netid.family())
            .collect();
        let of = (asked.prog, asked.vers);
        let statistics = &mut state.statistics;
        // rpcbind counts this with the questions for one address.
        statistics.count_address(Version::Four, of, caller.netid.name(), !found.is_empty());
        drop(state);
        let item = |(netid, address): (Netid, String)| RpcbEntryItem {
            entry: RpcbEntry {
                maddr: merge(&caller, netid, &address, &hint).into_bytes(),
                netid: netid.name().into(),
                semantics: netid.semantics(),
                family: netid.family().into(),
                proto: netid.proto().into(),
            },
        };
        RpcbEntryList {
            first: found.into_iter().map(item).collect(),
        }
    }

    fn getstat(&self, _cx: &Context) -> RpcbStats {
        self.state().statistics.tell()
    }
}

impl From<Forwarded> for RemotePortReply {
    fn from(forwarded: Forwarded) -> Self {
        Self {
            port: forwarded.port.into(),
            results: forwarded.results,
        }
    }
}

impl From<Forwarded> for RemoteReply {
    fn from(forwarded: Forwarded) -> Self {
        Self {
            addr: forwarded.address.into_bytes(),
            results: forwarded.results,
        }
    }
}

/// Seconds since 1970, until the year 2106.
fn time() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as u32)
}

fn to_system(cx: &Context, address: &[u8]) -> Netbuf {
    let netid = Caller::of(cx).netid;
    let text = str::from_utf8(address).ok();
    match text.and_then(|text| universal::to_system(netid, text)) {
        Some(buf) => Netbuf {
            maxlen: universal::system_room(netid),
            buf,
        },
        None => Netbuf {
            maxlen: 0,
            buf: Vec::new(),
        },
    }
}

fn from_system(cx: &Context, address: &Netbuf) -> Vec<u8> {
    let text = universal::from_system(Caller::of(cx).netid, &address.buf);
    text.unwrap_or_default().into_bytes()
}

/// rpcbind's own program number.
const PROGRAM: u32 = 100_000;
