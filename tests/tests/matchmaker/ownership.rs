//! What other users and people on the network can do to a registration.

use super::sockets::socket;
use super::stage::{self, Matchmaker};
use super::{LONG, registration};
use rpc_core::matchmaker::{DismissError, MatchmakerClient, RenewError};
use std::os::unix::process::CommandExt;

fn start(socket: &str) -> Matchmaker {
    let lease = LONG.to_string();
    Matchmaker::start_with(None, &["--listen", socket, "--longest-lease", &lease])
}

#[test]
fn what_was_registered_over_a_socket_is_out_of_the_networks_reach() {
    let socket = socket("reach");
    let matchmaker = start(&socket);
    let here = MatchmakerClient::connect(&socket).expect("it answers");
    let network = matchmaker.client();
    let lease = here.register(registration("bank"), LONG).wait();
    let lease = lease.expect("it answers").expect("it is taken").id;

    // Even who knows the lease, and claims to be a later life of the same server.
    let renewed = network.renew(lease).wait().expect("it answers");
    assert_eq!(renewed, Err(RenewError::UnknownLease));
    assert!(!network.withdraw(lease).wait().expect("it answers"));
    let dismissed = network.dismiss("bank").wait().expect("it answers");
    assert_eq!(dismissed, Err(DismissError::NotYours));
    let mut later = registration("bank");
    later.incarnation = 2;
    let theirs = network.register(later, LONG).wait().expect("it answers");
    let theirs = theirs.expect("it is one more server").id;

    let found = matchmaker.entries(&here, "bank");
    let lives: Vec<u64> = found
        .iter()
        .map(|entry| entry.registration.incarnation)
        .collect();
    assert_eq!(lives, [1, 2], "the user's stands first");
    let renewed = here.renew(lease).wait().expect("it answers");
    assert_eq!(renewed.map(|renewed| renewed.id), Ok(lease));

    // Who runs the matchmaker may clean up.
    assert!(here.withdraw(theirs).wait().expect("it answers"));
    assert!(network.register(registration("bank"), LONG).wait().is_ok());
    let shown = stage::matchmaker()
        .args(["withdraw", "bank", "--at", &socket])
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&shown.stdout), "2 withdrawn\n");
    let shown = matchmaker.ask(&["withdraw", "bank"]);
    assert_eq!(
        shown.status.code(),
        Some(1),
        "there is nothing to withdraw any more"
    );
}

#[test]
fn another_user_withdraws_nothing() {
    if !rustix::process::geteuid().is_root() || !stage::others_can_run_us() {
        return testkit::skip(
            "another_user_withdraws_nothing",
            "it takes root to be other users, and programs that these may run",
        );
    }
    let socket = socket("users");
    let matchmaker = start(&socket);
    let here = MatchmakerClient::connect(&socket).expect("it answers");
    let registered = here.register(registration("bank"), LONG).wait();
    registered.expect("it answers").expect("it is taken");
    let withdraw = |uid| {
        let mut command = stage::matchmaker();
        command.args(["withdraw", "bank", "--at", &socket]);
        command.uid(uid).output().expect("it runs")
    };
    let refused = withdraw(65_533);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("others registered `bank`"), "{told}");
    matchmaker.await_entries("bank", 1);
    assert!(withdraw(0).status.success());
    matchmaker.await_entries("bank", 0);
}
