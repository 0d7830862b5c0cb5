//! Who a caller says it is, on every transport and over both kinds of sessions (M-11, S-7).

use rpc_core::{Claim, Client, Context, MemoryCompletions, Server, rpc};
use std::error::Error;
use std::time::Duration;

#[rpc(program = 0x2000_0c1a, version = 1)]
trait Desk {
    #[rpc(readonly)]
    fn who(&self, cx: &Context) -> String;
    #[rpc(exactly_once)]
    fn sign(&self, cx: &Context) -> String;
}

struct Clerk;

impl Desk for Clerk {
    fn who(&self, cx: &Context) -> String {
        match cx.peer().claimed() {
            Some(claim) => format!("{} {} {:?}", claim.machine(), claim.uid(), claim.gids()),
            None => "nobody".to_owned(),
        }
    }

    fn sign(&self, cx: &Context) -> String {
        self.who(cx)
    }
}

#[test]
fn a_session_carries_the_claim_that_it_was_asked_for_with() -> Result<(), Box<dyn Error>> {
    let name = format!("claims-{}", std::process::id());
    let server = Server::builder()
        .serve(DeskService::new(Clerk))
        .completions(MemoryCompletions)
        .listen("tcp://127.0.0.1:0")
        .listen("udp://127.0.0.1:0")
        .listen(format!("unix:@{name}"))
        .listen(format!("mem://{name}"))
        .start()?;
    // As long as a claim can be, which is more than a session credential, and as short.
    let host = "h".repeat(255);
    let claims = [
        Claim::new(&host, 7, 8, &[9; 16])?,
        Claim::new("", 0, 0, &[])?,
        Claim::of_process()?,
    ];
    for endpoint in server.endpoints() {
        let endpoint = endpoint.to_string();
        for claim in &claims {
            let desk = DeskClient::connect_as(&endpoint, claim)?;
            let said = format!("{} {} {:?}", claim.machine(), claim.uid(), claim.gids());
            assert_eq!(desk.who().wait()?, said, "{endpoint}");
            assert_eq!(desk.sign().wait()?, said, "{endpoint}");
        }
        let desk = DeskClient::connect(&endpoint)?;
        assert_eq!(desk.who().wait()?, "nobody", "{endpoint}");
    }
    Ok(server.shutdown(Duration::from_secs(5))?)
}
