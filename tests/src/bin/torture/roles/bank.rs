//! The bank's process. It serves until it is killed, or told to report and to end.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::panic;
use std::path::PathBuf;
use std::time::Duration;

use rpc_core::redb::WriteTransaction;
use rpc_core::{Context, DurableStore, Recovery, Server};

use super::{argument, books};
use crate::contract::{Archive, ArchiveService, Bank, BankError, BankService, Filed, Id, Receipt};
use crate::deed::{Request, Transfer};
use crate::papers::Papers;
use crate::stage::{LETTERS, NAME, PARCELS, STORE};

/// Arguments: the folder of the files, the matchmaker, the number of this life, a Unix socket of its own, and where else
/// clients shall come.
pub fn play(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = argument(arguments, 0)?;
    let matchmaker: String = argument(arguments, 1)?;
    let life = argument(arguments, 2)?;
    // The panics here are ordered.
    panic::set_hook(Box::new(|_| {}));
    let store = DurableStore::open(folder.join(STORE))?;
    store.write(books::open_accounts)?;
    let papers = Drawers {
        letters: Papers::open(&folder.join(LETTERS))?,
        parcels: Papers::open(&folder.join(PARCELS))?,
        life,
    };
    let mut server = Server::builder()
        .serve(BankService::new(Teller { life }).transactional())
        .serve(ArchiveService::new(papers))
        .listen("tcp://127.0.0.1:0")
        .listen("udp://127.0.0.1:0")
        .listen(argument::<String>(arguments, 3)?)
        .completions(store.clone())
        .register(format!("match://{matchmaker}/{NAME}"));
    for endpoint in &arguments[3..] {
        server = server.advertise(endpoint);
    }
    let server = server.start()?;
    for endpoint in server.endpoints() {
        println!("ready {endpoint}");
    }
    for order in io::stdin().lock().lines() {
        if order? == "finish" {
            report(&store)?;
            println!("stats {:?}", server.stats());
            server.shutdown(Duration::from_secs(10))?;
            println!("end");
            return Ok(());
        }
    }
    // The play is over, however that came: nothing is worth an orderly end.
    std::process::exit(1)
}

/// One line for each fact, read by `stage`.
fn report(store: &DurableStore) -> Result<(), Box<dyn Error>> {
    let contents = store.read(books::contents)?;
    let mut out = io::stdout().lock();
    for (account, cents) in contents.accounts {
        writeln!(out, "account {account} {cents}")?;
    }
    for (id, runs) in contents.executions {
        writeln!(out, "ran {} {runs}", Request::of(&id))?;
    }
    Ok(())
}

/// Has all its effects in the store.
struct Teller {
    life: u32,
}

impl Bank for Teller {
    fn transfer(
        &self,
        cx: &Context,
        id: Id,
        from: u64,
        to: u64,
        cents: u64,
    ) -> Result<Receipt, BankError> {
        let transfer = Transfer { from, to, cents };
        cx.transaction(|books: &WriteTransaction| books::transfer(books, &id, transfer, self.life))
    }
}

/// Has its effects in files.
struct Drawers {
    letters: Papers,
    parcels: Papers,
    life: u32,
}

impl Archive for Drawers {
    fn letter(&self, _: &Context, id: Id) -> Filed {
        file(&self.letters, &id, self.life)
    }

    fn recover_letter(&self, _: &Context, id: Id) -> Recovery<Filed> {
        match self.letters.find(Request::of(&id)) {
            Some(filed) => Recovery::Did(filed),
            None => Recovery::DidNot,
        }
    }

    fn parcel(&self, _: &Context, id: Id) -> Filed {
        file(&self.parcels, &id, self.life)
    }
}

/// A full disk ends the torture: it is not what is tested here.
fn file(papers: &Papers, id: &Id, life: u32) -> Filed {
    let filed = papers.file(Request::of(id), life);
    filed.unwrap_or_else(|error| {
        eprintln!("torture: the bank cannot write: {error}");
        std::process::abort()
    })
}
