//! From a unit to its model.

use super::Options;
use super::tree::Unit;
use crate::diag::Diagnostics;
use crate::model::Model;

/// The model of a unit, unless there is a mistake in it or was one before.
pub(crate) fn lower(_unit: &Unit, _options: &Options, _diags: &mut Diagnostics) -> Option<Model> {
    None
}
