use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

#[derive(rpc_core::Xdr)]
pub struct Session<'a> {
    raw: *const u8,
    hook: Option<fn(u32) -> u32>,
    handler: Box<dyn Fn() + Send>,
    shared: Arc<String>,
    nodes: BTreeMap<u32, Rc<u32>>,
    buffer: &'a mut [u8],
}

fn main() {}
