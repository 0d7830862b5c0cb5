//! Unix sockets as a user meets them: who calls, and what is left behind.

use rpc_core::{Context, Server, rpc};
use std::path::PathBuf;
use std::time::Duration;

/// Longer than any test takes that passes.
const AMPLE: Duration = Duration::from_secs(20);

/// Tells the caller who it is.
#[rpc(program = 0x2000_0c06, version = 1)]
trait Mirror {
    /// How the caller displays.
    fn peer(&self, cx: &Context) -> String;

    /// The caller's user, group and process, as far as the kernel vouches for them.
    fn credentials(&self, cx: &Context) -> Option<(u32, u32, Option<u32>)>;
}

struct Glass;

impl Mirror for Glass {
    fn peer(&self, cx: &Context) -> String {
        cx.peer().to_string()
    }

    fn credentials(&self, cx: &Context) -> Option<(u32, u32, Option<u32>)> {
        let caller = cx.peer().credentials()?;
        Some((caller.uid, caller.gid, caller.pid))
    }
}

fn serve(endpoint: &str) -> Server {
    Server::builder()
        .serve(MirrorService::new(Glass))
        .listen(endpoint)
        .start()
        .expect("started")
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("{name}-{}.sock", std::process::id()))
}

#[test]
fn a_handler_knows_who_calls() {
    let pid = std::process::id();
    let (uid, gid) = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    let here = Some((uid, gid, Some(pid)));
    let path = file("mirror");
    let rows = [
        (format!("unix:{}", path.display()), here),
        (format!("unix:@mirror-{pid}"), here),
        ("tcp://127.0.0.1:0".to_owned(), None),
        (format!("mem://mirror-{pid}"), None),
    ];
    for (endpoint, expected) in rows {
        let server = serve(&endpoint);
        let client = MirrorClient::connect(&server.endpoints()[0].to_string()).expect("connected");
        let credentials = client.credentials().wait().expect("an answer");
        assert_eq!(credentials, expected, "{endpoint}");
        let peer = client.peer().wait().expect("an answer");
        if expected.is_some() {
            assert!(peer.starts_with(&format!("{endpoint}#{pid}.")), "{peer}");
        }
    }
}

#[test]
fn the_file_goes_with_the_server() {
    let path = file("goes-with-the-server");
    let endpoint = format!("unix:{}", path.display());
    for way in ["shut down", "dropped", "not started"] {
        match way {
            "shut down" => serve(&endpoint)
                .shutdown(AMPLE)
                .expect("nothing held it up"),
            "dropped" => drop(serve(&endpoint)),
            _ => {
                let builder = Server::builder().serve(MirrorService::new(Glass));
                let started = builder.listen(&endpoint).listen(&endpoint).start();
                let error = started.expect_err("twice").to_string();
                let text = format!("cannot listen at {endpoint}: a server listens there already");
                assert!(error.starts_with(&text), "{error}");
            }
        }
        assert!(!path.exists(), "{way}");
    }
}

#[test]
fn a_client_goes_on_with_the_next_server_at_its_socket() {
    let path = file("next-server");
    let endpoint = format!("unix:{}", path.display());
    let first = serve(&endpoint);
    let client = MirrorClient::connect(&endpoint).expect("connected");
    client.peer().wait().expect("an answer");
    drop(first);
    let error = MirrorClient::connect(&endpoint).expect_err("nobody is there");
    let text =
        format!("{endpoint} cannot be reached: there is no such socket; is the server running?");
    assert_eq!(error.to_string(), text);
    // As a killed server leaves it. The standard library does not remove the file.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("free"));
    let _second = serve(&endpoint);
    client.peer().deadline(AMPLE).wait().expect("an answer");
}
