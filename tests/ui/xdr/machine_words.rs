#[derive(rpc_core::Xdr)]
pub struct Page {
    number: usize,
    lines: Vec<(isize, String)>,
}

fn main() {}
