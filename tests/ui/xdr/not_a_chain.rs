type Names = Vec<String>;

#[derive(rpc_core::Xdr)]
pub struct Lists {
    #[xdr(chain)]
    boxed: Option<Box<u32>>,
    #[xdr(chain)]
    fixed: [u32; 4],
    #[xdr(chain)]
    aliased: Names,
    #[xdr(chain)]
    bounded: rpc_core::Bounded<Vec<u32>, 4>,
}

fn main() {}
