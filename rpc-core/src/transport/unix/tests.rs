use super::*;
use crate::transport::{Link, Listener, StreamListener};
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::scope;

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("unix-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a new directory");
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A socket file whose server is gone.
    fn stale(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        // The standard library does not remove the file.
        drop(net::UnixListener::bind(&path).expect("bound"));
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    UnixListener::bind(&name(path))
}

fn name(path: &Path) -> SocketName {
    path.to_str().expect("text").parse().expect("a name")
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Does this as somebody whom permissions bind: root's threads become another user, each for itself.
fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let nobody = || {
        if rustix::process::geteuid().is_root() {
            let gid = rustix::process::Gid::from_raw(65534);
            rustix::thread::set_thread_gid(gid).expect("root may");
            let uid = rustix::process::Uid::from_raw(65534);
            rustix::thread::set_thread_uid(uid).expect("root may");
        }
        work()
    };
    scope(|scope| scope.spawn(nobody).join().expect("no panic"))
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn where_nobody_can_listen_the_error_says_what_to_do_and_nothing_is_removed() {
    let directory = Directory::new();
    let in_directory = |name| directory.path(name);
    fs::write(in_directory("file"), "precious").expect("written");
    fs::create_dir(in_directory("directory")).expect("made");
    symlink("nowhere", in_directory("dangling")).expect("linked");
    symlink(directory.stale("stale"), in_directory("link")).expect("linked");
    let _stream = net::UnixListener::bind(in_directory("stream")).expect("bound");
    let _datagrams = net::UnixDatagram::bind(in_directory("datagrams")).expect("bound");
    let no_socket = "something is there that is no socket, and is left as it is; ";
    let taken = "a server listens there already; ";
    let rows = [
        ("file", ErrorKind::AlreadyExists, no_socket),
        ("directory", ErrorKind::AlreadyExists, no_socket),
        ("dangling", ErrorKind::AlreadyExists, no_socket),
        ("link", ErrorKind::AlreadyExists, no_socket),
        ("stream", ErrorKind::AddrInUse, taken),
        ("datagrams", ErrorKind::AddrInUse, taken),
        (
            "missing/socket",
            ErrorKind::NotFound,
            "there is no directory /",
        ),
        ("file/socket", ErrorKind::NotADirectory, "/"),
    ];
    for (name, kind, text) in rows {
        let path = in_directory(name);
        let existed = exists(&path);
        let error = bind(&path).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.to_string().starts_with(text), "{name}: {error}");
        assert_eq!(exists(&path), existed, "{name}");
    }
    assert!(exists(&in_directory("stale")), "what a link leads to stays");
}

#[test]
fn who_has_no_permission_is_told_for_what() {
    let directory = Directory::new();
    let inner = |name: &str| {
        fs::create_dir(directory.path(name)).expect("made");
        directory.path(name).join("socket")
    };
    let (full, closed, open) = (inner("read-only"), inner("no-read"), inner("open"));
    drop(net::UnixListener::bind(&open).expect("bound"));
    mode(&directory.path("read-only"), 0o555);
    mode(&directory.path("no-read"), 0o333);
    mode(&directory.path("open"), 0o777);
    mode(&open, 0);
    let rows = [
        (&full, "this user may not make files in /"),
        (&closed, "this user may not read the directory /"),
        (
            &open,
            "another user's socket is there, and this user may not find out",
        ),
    ];
    for (path, text) in rows {
        let error = as_nobody(|| bind(path)).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        assert!(error.to_string().starts_with(text), "{error}");
    }
    assert!(exists(&open));
    let error = as_nobody(|| connect(&name(&open), Duration::ZERO)).expect_err("not allowed");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    mode(&directory.path("read-only"), 0o755);
    mode(&directory.path("no-read"), 0o755);
}

#[test]
fn what_a_killed_server_left_is_taken_over_and_removed_at_the_end() {
    let directory = Directory::new();
    let path = directory.stale("socket");
    let error = connect(&name(&path), Duration::ZERO).expect_err("nobody is there");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let listener = bind(&path).expect("its server is gone");
    assert!(
        path.metadata()
            .expect("it is there")
            .file_type()
            .is_socket()
    );
    let connected = connect(&name(&path), Duration::ZERO).expect("somebody is there");
    assert!(connected.is_some());
    drop(listener);
    assert!(!exists(&path));
    assert!(
        fs::read_dir(&directory.0)
            .expect("a directory")
            .next()
            .is_none()
    );
}

#[test]
fn of_servers_that_start_at_once_one_listens_and_keeps_its_file() {
    let directory = Directory::new();
    for round in 0..40 {
        let path = directory.stale(&round.to_string());
        let begin = Barrier::new(8);
        let listening: Vec<_> = scope(|scope| {
            let start = || {
                begin.wait();
                bind(&path)
            };
            let starting: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            let started = starting
                .into_iter()
                .map(|thread| thread.join().expect("no panic"));
            // All that listen go on while others look.
            started.collect()
        });
        let refused = listening
            .iter()
            .filter_map(|listener| listener.as_ref().err());
        assert!(
            refused
                .clone()
                .all(|error| error.kind() == ErrorKind::AddrInUse)
        );
        assert_eq!(refused.count(), 7);
        assert!(exists(&path));
        drop(listening);
        assert!(!exists(&path));
    }
}

#[test]
fn servers_that_come_and_go_never_take_each_others_file() {
    let directory = Directory::new();
    let path = directory.stale("socket");
    scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut listened = 0;
                while listened < 100 {
                    let Ok(listener) = bind(&path) else {
                        std::thread::yield_now();
                        continue;
                    };
                    listened += 1;
                    let place = listener.place.as_ref().expect("it has a path");
                    std::thread::yield_now();
                    assert!(place.is_ours(), "somebody took the file of a living server");
                }
            });
        }
    });
    assert!(!exists(&path));
}

#[test]
fn a_server_leaves_the_file_alone_that_another_one_put_in_place_of_its_own() {
    let directory = Directory::new();
    let path = directory.path("socket");
    let first = bind(&path).expect("free");
    fs::remove_file(&path).expect("by hand");
    let second = bind(&path).expect("free again");
    drop(first);
    assert!(
        connect(&name(&path), Duration::ZERO)
            .expect("the second is there")
            .is_some()
    );
    drop(second);
    assert!(!exists(&path));
}

#[test]
fn a_directory_that_stays_locked_is_told() {
    let directory = Directory::new();
    let lock = place::lock(&directory.0, Duration::ZERO).expect("free");
    let error = place::lock(&directory.0, Duration::ZERO).expect_err("held");
    assert_eq!(error.kind(), ErrorKind::ResourceBusy);
    assert!(
        error
            .to_string()
            .ends_with("give the socket a directory of its own"),
        "{error}"
    );
    drop(lock);
    place::lock(&directory.0, Duration::ZERO).expect("free again");
}

#[test]
fn where_too_many_wait_to_be_accepted_a_client_goes_on_waiting() {
    let directory = Directory::new();
    let path = directory.path("socket");
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).expect("made");
    let name = name(&path);
    rustix::net::bind(&socket, &address(&name).expect("short")).expect("bound");
    rustix::net::listen(&socket, 0).expect("listens");
    let first = connect(&name, Duration::ZERO).expect("somebody is there");
    assert!(first.is_some());
    let second = connect(&name, Duration::ZERO).expect("somebody is there");
    assert!(second.is_none(), "one may wait");
    assert_eq!(
        bind(&path).expect_err("it lives").kind(),
        ErrorKind::AddrInUse
    );
    rustix::net::accept(&socket).expect("the first");
    assert!(
        connect(&name, Duration::ZERO)
            .expect("somebody is there")
            .is_some()
    );
}

#[test]
fn each_end_knows_who_the_other_one_is() {
    let directory = Directory::new();
    let endpoint = Endpoint::Unix(name(&directory.path("socket")));
    let Ok(Listener::Stream(StreamListener::Unix(listener))) = Listener::bind(&endpoint) else {
        panic!("not bound")
    };
    mode(&directory.path("socket"), 0o777);
    let link = as_nobody(|| Link::connect(&endpoint, Duration::from_secs(20)).expect("connected"));
    let accepted = listener.accept().expect("no error").expect("a connection");
    let credentials = |address: &Address| match address {
        Address::Unix { credentials, .. } => *credentials,
        other => panic!("{other}"),
    };
    let (own, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let pid = Some(std::process::id());
    let here = Credentials::new(own.as_raw(), gid.as_raw(), pid);
    assert_eq!(credentials(link.peer()), here);
    let there = if own.is_root() {
        Credentials::new(65534, 65534, pid)
    } else {
        here
    };
    assert_eq!(credentials(accepted.peer()), there);
    let text = accepted.peer().to_string();
    let (place, number) = text.split_once('#').expect("a number");
    assert_eq!(place, endpoint.to_string());
    assert!(
        number.starts_with(&format!("{}.", std::process::id())),
        "{text}"
    );
}
