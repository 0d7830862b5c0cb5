//! The command line.

use super::squash::{Ids, Mapping};
use std::ffi::OsString;
use std::path::PathBuf;

pub const HELP: &str = "\
Exports a directory by NFS version 3 (RFC 1813), with MOUNT version 3 at the same place.

Usage: dfs --export DIR [OPTION]...

  --export DIR         what is in it, and nothing outside of it, can be read and changed
  --listen ENDPOINT    where, tcp://ADDRESS:PORT or udp://ADDRESS:PORT; may be repeated (tcp://127.0.0.1:2049)
  --squash WHICH       all: every caller acts as the user who runs dfs, or as nobody if that is root (all)
                       root: callers act as the users they claim to be, root as nobody; dfs must run as root
                       none: callers act as the users they claim to be, root too; dfs must run as root
  --anonymous UID:GID  who callers are that are squashed or claim nothing (nobody, 65534:65534); dfs must run as root
  --key FILE           where the key of the file handles is kept (DIR.dfs-key, beside DIR)
  --register           tells this host's rpcbind where it listens, for clients that ask there
  --help               this text

Nothing proves what callers claim, and nothing is encrypted: whoever can connect is trusted. Stop it with a signal.
";

const USUAL_PLACE: &str = "tcp://127.0.0.1:2049";

/// What the user asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub export: PathBuf,
    pub listen: Vec<String>,
    pub mapping: Mapping,
    pub anonymous: Option<Ids>,
    pub key: Option<PathBuf>,
    pub register: bool,
}

/// What the arguments say.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    Help,
    Serve(Options),
}

impl Wish {
    /// Reads the arguments, or says which of them is wrong.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut export = None;
        let (mut mapping, mut anonymous, mut key) = (Mapping::All, None, None);
        let (mut listen, mut register) = (Vec::new(), false);
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let name = text(name)?;
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{name} needs a value"))
            };
            match name.as_str() {
                "--export" => export = Some(PathBuf::from(value()?)),
                "--listen" => listen.push(text(value()?)?),
                "--squash" => mapping = text(value()?)?.parse()?,
                "--anonymous" => anonymous = Some(text(value()?)?.parse()?),
                "--key" => key = Some(PathBuf::from(value()?)),
                "--register" => register = true,
                "--help" | "-h" => return Ok(Self::Help),
                _ => return Err(format!("there is no option {name}")),
            }
        }
        if listen.is_empty() {
            listen.push(USUAL_PLACE.to_owned());
        }
        let export = export.ok_or("there is nothing to export; write --export DIR")?;
        Ok(Self::Serve(Options {
            export,
            listen,
            mapping,
            anonymous,
            key,
            register,
        }))
    }
}

fn text(argument: OsString) -> Result<String, String> {
    argument
        .into_string()
        .map_err(|argument| format!("{} is no text", argument.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Wish, String> {
        Wish::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn everything_can_be_chosen() {
        let line = "--export /srv --listen tcp://[::1]:0 --listen udp://127.0.0.1:0 --squash root --anonymous 7:8 --key k --register";
        let expected = Options {
            export: "/srv".into(),
            listen: vec!["tcp://[::1]:0".into(), "udp://127.0.0.1:0".into()],
            mapping: Mapping::Root,
            anonymous: Some(Ids { uid: 7, gid: 8 }),
            key: Some("k".into()),
            register: true,
        };
        assert_eq!(parse(line), Ok(Wish::Serve(expected)));
        assert_eq!(parse("--export /srv --help"), Ok(Wish::Help));
    }

    #[test]
    fn a_mistake_is_named() {
        for (line, complaint) in [
            ("", "there is nothing to export; write --export DIR"),
            ("--export", "--export needs a value"),
            ("--colour", "there is no option --colour"),
            (
                "--squash some",
                "--squash is all, root or none, and not some",
            ),
            (
                "--anonymous 4294967295:0",
                "--anonymous takes the numbers of a user and a group, such as 65534:65534, and not 4294967295:0",
            ),
        ] {
            assert_eq!(parse(line), Err(complaint.to_owned()), "{line}");
        }
    }
}
