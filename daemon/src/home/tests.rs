//! What a home must be before a daemon starts in it.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use ahoy_protocol::control::HomePaths;

use super::{Home, HomeError};

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o777
}

#[test]
fn a_new_home_is_private() {
    let tmp = dir();
    let at = tmp.path().join("deep").join("home");
    let home = Home::open(HomePaths::under(&at)).unwrap();
    let _socket = home.bind_socket().unwrap();
    assert_eq!(mode(&at), 0o700);
    assert_eq!(mode(&at.join("data")), 0o700);
    assert_eq!(mode(&at.join("logs")), 0o700);
    assert_eq!(mode(&at.join("data/lock")), 0o600);
    assert_eq!(mode(&at.join("ahoyd.sock")), 0o600);
}

#[test]
fn a_second_instance_is_told_who_runs_there() {
    let tmp = dir();
    let first = Home::open(HomePaths::under(tmp.path())).unwrap();
    let second = Home::open(HomePaths::under(tmp.path())).unwrap_err();
    assert!(matches!(second, HomeError::Taken { pid } if pid == Some(std::process::id())), "{second}");
    assert!(second.to_string().contains("runs in this home already"));
    drop(first);
    Home::open(HomePaths::under(tmp.path())).unwrap();
}

#[test]
fn a_path_too_long_for_a_socket_is_explained_with_its_length() {
    let tmp = dir();
    let at = tmp.path().join("x".repeat(120));
    let error = Home::open(HomePaths::under(&at)).unwrap_err();
    assert!(matches!(error, HomeError::SocketPathTooLong { max: 107, .. }));
    assert!(error.to_string().contains("107"), "{error}");
    assert!(!at.exists(), "nothing is made before the check");
}

#[test]
fn the_longest_possible_socket_path_works() {
    let tmp = dir();
    let rest = 107 - tmp.path().as_os_str().len() - "/".len() - "/ahoyd.sock".len();
    let home = Home::open(HomePaths::under(&tmp.path().join("x".repeat(rest)))).unwrap();
    assert_eq!(home.paths().socket.as_os_str().len(), 107);
    home.bind_socket().unwrap();
    let tmp = dir();
    let over = tmp.path().join("x".repeat(rest + 1));
    assert!(matches!(Home::open(HomePaths::under(&over)), Err(HomeError::SocketPathTooLong { bytes: 108, .. })));
}

#[test]
fn somebody_elses_directory_is_refused() {
    // `/` belongs to root; root itself has no directory that is not its own.
    if crate::platform::our_uid() == 0 {
        let tmp = dir();
        std::os::unix::fs::chown(tmp.path(), Some(12_345), None).unwrap();
        let error = Home::open(HomePaths::under(tmp.path())).unwrap_err();
        assert!(matches!(error, HomeError::NotOurs { owner: 12_345, us: 0, .. }), "{error}");
    } else {
        let mut paths = HomePaths::under(dir().path());
        paths.socket = "/ahoyd.sock".into();
        assert!(matches!(Home::open(paths), Err(HomeError::NotOurs { owner: 0, .. })));
    }
}

#[test]
fn a_directory_that_others_may_write_to_is_refused() {
    let tmp = dir();
    let at = tmp.path().join("open");
    std::fs::create_dir(&at).unwrap();
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o777)).unwrap();
    let error = Home::open(HomePaths::under(&at)).unwrap_err();
    assert!(matches!(error, HomeError::Shared { .. }), "{error}");
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let tmp = dir();
    let real = tmp.path().join("real");
    std::fs::create_dir(&real).unwrap();
    let link = tmp.path().join("link");
    symlink(&real, &link).unwrap();
    let error = Home::open(HomePaths::under(&link)).unwrap_err();
    assert!(matches!(error, HomeError::NoDirectory { .. }), "{error}");

    let home = tmp.path().join("home");
    std::fs::create_dir_all(home.join("data")).unwrap();
    let target = tmp.path().join("victim");
    std::fs::write(&target, "precious").unwrap();
    symlink(&target, home.join("data/lock")).unwrap();
    assert!(matches!(Home::open(HomePaths::under(&home)), Err(HomeError::Io { .. })));
    assert_eq!(std::fs::read(&target).unwrap(), b"precious");
}

#[test]
fn a_file_in_the_place_of_the_home_is_explained() {
    let tmp = dir();
    let at = tmp.path().join("file");
    std::fs::write(&at, "").unwrap();
    assert!(matches!(Home::open(HomePaths::under(&at)), Err(HomeError::NoDirectory { .. })));
}

#[test]
fn a_stale_socket_is_replaced_and_anything_else_is_left_alone() {
    let tmp = dir();
    let home = Home::open(HomePaths::under(tmp.path())).unwrap();
    drop(home.bind_socket().unwrap());
    assert!(home.paths().socket.exists(), "a killed daemon leaves its socket");
    drop(home.bind_socket().unwrap());
    home.remove_socket();
    assert!(!home.paths().socket.exists());

    std::fs::write(&home.paths().socket, "mine").unwrap();
    assert!(matches!(home.bind_socket(), Err(HomeError::SocketTaken { .. })));
    assert_eq!(std::fs::read(&home.paths().socket).unwrap(), b"mine");
}
