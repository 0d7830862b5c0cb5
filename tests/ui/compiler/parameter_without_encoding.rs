pub struct Opaque;

#[derive(rpc_core::Xdr)]
pub struct Page<T> {
    pub items: Vec<T>,
}

fn main() {
    let page = Page {
        items: vec![Opaque],
    };
    let _ = rpc_core::xdr::to_vec(&page);
}
