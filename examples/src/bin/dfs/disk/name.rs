//! Names of entries.

use super::fault::Fault;
use rustix::io::Errno;

/// A name that an entry of a directory can have, or "." or "..". Any bytes but "/" and 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// Refuses what could lead out of the directory, as RFC 1813 (section 3.2) has it: with the error for "no access".
    pub fn new(name: &'a [u8]) -> Result<Self, Fault> {
        match name {
            [] => Err(Fault::BadName),
            name if name.contains(&b'/') || name.contains(&0) => Err(Fault::BadName),
            name => Ok(Self(name)),
        }
    }

    /// A name for something new, or for something that is to go: not "." nor "..", for which `errno` is the answer.
    pub fn entry(name: &'a [u8], errno: Errno) -> Result<Self, Fault> {
        let name = Self::new(name)?;
        if name.is_this() || name.is_above() {
            return Err(errno.into());
        }
        Ok(name)
    }

    /// Whether it is ".", the directory itself.
    pub fn is_this(self) -> bool {
        self.0 == b"."
    }

    /// Whether it is "..", the directory above.
    pub fn is_above(self) -> bool {
        self.0 == b".."
    }

    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_lead_elsewhere_is_no_name() {
        for name in ["", "/", "a/b", "/etc", "../x", "a\0", "\0"] {
            assert_eq!(Name::new(name.as_bytes()), Err(Fault::BadName), "{name:?}");
        }
        for name in [".", "..", "...", "a", "\u{fc}", "-", "a b", "\n"] {
            assert!(Name::new(name.as_bytes()).is_ok(), "{name:?}");
        }
        assert!(Name::new(&[0xff, 0xfe]).is_ok());
    }

    #[test]
    fn the_directory_itself_and_the_one_above_are_no_entries() {
        for name in [".", ".."] {
            let answer = Name::entry(name.as_bytes(), Errno::EXIST);
            assert_eq!(answer, Err(Fault::System(Errno::EXIST)), "{name}");
        }
        assert!(Name::entry(b"...", Errno::EXIST).is_ok());
    }
}
