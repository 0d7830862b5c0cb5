use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

#[rpc_core::rpc(program = 1, version = 1)]
trait Everything {
    fn letter(&self, first: char) -> Vec<char>;
    fn shared(&self, text: &[Arc<String>]);
    fn weights(&self, by: &HashMap<f64, String>) -> BTreeSet<(u8, f32)>;
}

fn main() {}
