//! From the files that were named to one unit.

use super::Options;
use super::tree::Unit;
use crate::compiler::Error;
use crate::diag::Diagnostics;
use crate::source::Sources;
use std::path::{Path, PathBuf};

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) unit: Unit,
    /// The files on the disk that it was made of.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads files, or texts that stand for files, as one unit. Mistakes are in `diags`.
pub(crate) fn read(
    _inputs: &[(&Path, Option<&str>)],
    _options: &Options,
    _sources: &mut Sources,
    _diags: &mut Diagnostics,
) -> Result<Read, Error> {
    Ok(Read::default())
}
