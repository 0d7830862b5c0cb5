//! A trait that another macro writes or removes is as good as one that a person wrote or removed.

use rpc_core::rpc;

macro_rules! echo {
    ($name:ident, $ty:ty, $borrowed:ty) => {
        #[rpc(program = 0x2000_0000, version = 1)]
        pub trait $name {
            fn echo(&self, value: $ty, borrowed: $borrowed) -> $ty;
        }
    };
}

echo!(Numbers, u64, &str);
echo!(Bytes, Vec<u8>, &[u8]);

/// A condition below the attribute holds for all that the attribute writes.
#[rpc(program = 0x2000_0001, version = 1)]
#[cfg(any())]
pub trait Absent {
    fn take(&self, value: NoSuchType);
}

fn main() {
    let Some(method) = NumbersClient::INTERFACE.method(1) else { panic!("procedure 1 is there") };
    assert!(matches!((method.args[1].ty)(), rpc_core::describe::Type::String));
}
