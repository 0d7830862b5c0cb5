use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

#[derive(rpc_core::Xdr)]
pub struct Index {
    by_weight: BTreeMap<f64, String>,
    points: HashSet<(f32, [f32; 2])>,
    deep: Vec<HashMap<Option<Box<f64>>, f64>>,
    sets: BTreeSet<BTreeSet<f32>>,
}

fn main() {}
