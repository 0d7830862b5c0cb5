#[rpc_core::rpc(program = 1, version = 1, codec = "json")]
trait Text {
    fn now(&self) -> std::ops::Range<u64>;
}

#[rpc_core::rpc(program = 1, version = 1, codec = "xdr")]
trait Usual {}

#[rpc_core::rpc(program = 1, version = 1, codec = postcard)]
trait Bare {}

fn main() {
    // Nothing more is wrong with it than its codec.
    let _ = TextClient::INTERFACE;
}
