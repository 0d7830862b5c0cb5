//! The model as a classic `.x` file (RFC 4506, RFC 5531, section 12) that `rpcgen` accepts.
//!
//! Every type gets the declaration with the same bytes. What the language of `.x` cannot nest gets
//! a name of its own (`lower`), what C has to know first comes first (`order`), and names that C
//! has for itself are changed (`names`). Of a `.x` file nothing is lost: what `rpcgen` does not read
//! stands in `#ifdef IDLC` (`write`).

mod comment;
mod empty;
mod labels;
mod lines;
mod lower;
mod named;
mod names;
mod notes;
mod order;
mod programs;
mod renamed;
mod tree;
mod types;
mod values;
mod write;

use crate::model::{Item, Model};
use lower::Lowering;
use write::Writer;

/// The `.x` file of a checked contract; `file` is the name of the contract. What is `in_headers`, C has already.
pub(crate) fn text(model: &Model, file: &str, in_headers: impl Fn(&Item) -> bool) -> String {
    let mut lowering = Lowering::new(model, in_headers);
    let mut programs = programs::named(&mut lowering);
    lowering.items();
    programs::typed(&mut lowering, &mut programs);
    let is_x = lowering.is_x();
    let mut defs = lowering.defs;
    let order = order::arrange(&mut defs);
    let mut writer = Writer::new(&defs, &notes::head(model, file), is_x);
    writer.replaced(&lowering.names.into_replaced());
    for id in order {
        writer.definition(id);
    }
    for program in &programs {
        writer.program(program);
    }
    writer.finish()
}
