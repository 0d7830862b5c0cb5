//! The model as a classic `.x` file (RFC 4506, RFC 5531, section 12) that `rpcgen` accepts.
//!
//! Every type gets the declaration with the same bytes. What the language of `.x` cannot nest gets
//! a name of its own (`lower`), what C has to know first comes first (`order`), and names that C
//! has for itself are changed (`names`).

mod empty;
mod lower;
mod names;
mod notes;
mod order;
mod programs;
mod tree;
mod types;
mod values;
mod write;

use crate::model::Model;
use lower::Lowering;
use write::Writer;

/// The `.x` file of a checked contract; `file` is the name of the contract.
pub(crate) fn text(model: &Model, file: &str) -> String {
    let mut lowering = Lowering::new(model);
    let mut programs = programs::named(&mut lowering);
    lowering.items();
    programs::typed(&mut lowering, &mut programs);
    let mut defs = lowering.defs;
    let order = order::arrange(&mut defs);
    let mut writer = Writer::new(&defs, &notes::head(model, file));
    for id in order {
        writer.definition(id);
    }
    for program in &programs {
        writer.program(program);
    }
    writer.finish()
}
