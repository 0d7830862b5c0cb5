//! Clients that are told a host only, and ask its rpcbind for the rest.

use crate::contract::mount3::MountV3Client;
use crate::stage::{self, Stage};
use crate::stock::{missing_tool, run};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;
use testkit::{Running, alone, eventually};

/// How long anything may take that should happen soon: long enough for a busy machine.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn clients_find_the_server_by_rpcbind() {
    let test = "registered::clients_find_the_server_by_rpcbind";
    let missing = missing_tool()
        .or_else(|| testkit::missing_program(&["rpcbind", "ip", "showmount"]))
        .or_else(testkit::obstacle);
    if let Some(missing) = missing {
        return testkit::skip(test, &missing);
    }
    if !alone(test, stage::built) {
        return;
    }
    let mut rpcbind = Command::new("rpcbind");
    rpcbind.args(["-f", "-w"]).stderr(Stdio::null());
    let _rpcbind = Running(rpcbind.spawn().expect("it starts"));
    eventually("rpcbind answers", SOON, || {
        UnixStream::connect(rpc_core::rpcbind::SOCKET).ok()
    });
    let listen = ["--listen", "udp://127.0.0.1:0", "--register"];
    let mut stage = Stage::new("registered", &listen);
    fs::write(stage.export().join("file"), "text").expect("it can be written");
    // The next one takes the place of what was registered for one that is dead.
    for _ in 0..2 {
        let url = format!("nfs://127.0.0.1{}", stage.export().display());
        let listed = run("nfs-ls", &[&url]);
        assert!(String::from_utf8_lossy(&listed).ends_with(" file\n"));
        assert_eq!(run("nfs-cat", &[&format!("{url}/file")]), b"text");
        for transport in ["tcp", "udp"] {
            let endpoint = format!("rpcbind://127.0.0.1?transport={transport}");
            let mount = MountV3Client::connect(&endpoint).expect("it is registered");
            let exports = mount.mountproc3_export().wait().expect("it answers").0;
            let path = stage.export();
            assert_eq!(exports.len(), 1);
            assert_eq!(*exports[0].ex_dir, path.as_os_str().as_bytes());
            let mounts = mount.mountproc3_dump().wait().expect("it answers").0;
            assert!(!mounts.is_empty(), "libnfs has mounted it");
        }
        let path = stage.export().display().to_string();
        for (option, shown) in [
            ("--exports", format!("{path} (everyone)\n")),
            ("--all", format!("127.0.0.1:{path}\n")),
            ("--directories", format!("{path}\n")),
        ] {
            let said = run("showmount", &["--no-headers", option, "127.0.0.1"]);
            assert_eq!(String::from_utf8_lossy(&said), shown);
        }
        stage.restart();
    }
}
