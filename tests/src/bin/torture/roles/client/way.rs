//! How a client comes back to its calls, and gives them what they are recognised by.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rpc_core::{Call, Client, Decode, Describe, KeySpace, SessionFile, Unfinished};

use crate::deed::Request;

pub enum Way {
    /// Its calls have names, and it knows from its ledger which it has used.
    Keys(KeySpace),
    /// The framework names its calls, and notes them in a file.
    File(SessionFile),
    /// Not at all: it is never killed, and all that it has is what a call that came to its deadline leaves it.
    Handle,
}

impl Way {
    pub fn open(name: &str, folder: &Path, client: u32) -> io::Result<Self> {
        let path = folder.join(format!("client-{client}.{name}"));
        match name {
            "keys" => KeySpace::open(path).map(Self::Keys),
            "file" => SessionFile::open(path).map(Self::File),
            "handle" => Ok(Self::Handle),
            _ => return Err(io::Error::other(format!("{name} is no way back"))),
        }
        .map_err(io::Error::other)
    }

    /// Equips a client for it.
    pub fn equip<C: Client>(&self, client: &C) -> C {
        match self {
            Self::Keys(space) => client.with_key_space(space),
            Self::File(file) => client.with_session_file(file),
            Self::Handle => client.clone(),
        }
    }

    /// Gives the call the name of its request, where calls have names.
    pub fn name<R>(&self, call: Call<R>, request: Request, issued: u64) -> Call<R> {
        match self {
            Self::Keys(_) => {
                let issued = SystemTime::UNIX_EPOCH + Duration::from_secs(issued);
                call.key(&request.to_string(), issued)
            }
            Self::File(_) | Self::Handle => call,
        }
    }

    /// The call of this request that is out, if it is on file.
    pub fn resume<C: Client, R: Describe + for<'a> Decode<'a>>(
        &self,
        client: &C,
        request: Request,
    ) -> Option<Call<R>> {
        let unfinished = self.unfinished(request)?;
        Some(client.resume(&unfinished))
    }

    /// The file may forget this request, whose end is in the ledger: it will not be asked for again.
    pub fn abandon(&self, request: Request) {
        if let Some(unfinished) = self.unfinished(request) {
            unfinished.abandon();
        }
    }

    /// Whether what was answered can be asked for again.
    pub fn repeats(&self) -> bool {
        matches!(self, Self::Keys(_))
    }

    /// Whether a call that was not answered can be found again only by what it left behind in this process.
    pub fn needs_handle(&self) -> bool {
        matches!(self, Self::Handle)
    }

    pub fn has_on_file(&self, request: Request) -> bool {
        self.unfinished(request).is_some()
    }

    fn unfinished(&self, request: Request) -> Option<Unfinished> {
        let Self::File(file) = self else {
            return None;
        };
        // Every method takes the id first.
        let mut calls = file.unfinished().into_iter();
        calls.find(|call| call.args().starts_with(&request.id()))
    }
}
