//! The home: can a daemon live there?

use std::path::Path;

use ahoy_client::control::HomePaths;

use super::Finding;
use crate::platform;

/// Room a store and its logs need to go on, bytes: five logs of 8 MiB.
const ROOM_BYTES: u64 = 40 * 1024 * 1024;

/// The home's directories, its store, and the room on its disk.
pub(super) fn look(paths: &HomePaths) -> Vec<Finding> {
    vec![directories(paths), store(&paths.data), room(paths)]
}

fn directories(paths: &HomePaths) -> Finding {
    for dir in [paths.socket.parent(), Some(paths.data.as_path()), Some(paths.logs.as_path())].into_iter().flatten() {
        let shown = dir.display();
        match std::fs::symlink_metadata(dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Finding::fail("home", format!("{shown}: {error}"), "name another one with --home"),
            Ok(facts) if !facts.is_dir() => {
                return Finding::fail(
                    "home",
                    format!("{shown} is no directory"),
                    "name the directory itself as --home",
                );
            }
            Ok(facts) if platform::others_may_write(&facts) => {
                let hint = format!("chmod go-w {shown}");
                return Finding::fail("home", format!("other users may write to {shown}"), hint);
            }
            Ok(_) => {}
        }
    }
    if paths.data.exists() {
        return Finding::ok("home", paths.data.display().to_string());
    }
    Finding::ok("home", format!("{} is made by the first start", paths.data.display()))
}

fn store(data: &Path) -> Finding {
    let (store, key) = (data.join("store.redb"), data.join("store.key"));
    let full = |path: &Path| std::fs::symlink_metadata(path).is_ok_and(|facts| facts.is_file() && facts.len() > 0);
    match (full(&store), full(&key)) {
        (false, false) => Finding::ok("store", "none yet: the first start makes one"),
        (true, false) => {
            let hint = "restore it from a backup, or move the store away to begin with a new account";
            Finding::fail("store", format!("its key {} is missing", key.display()), hint)
        }
        (false, true) => {
            let hint = "restore it from a backup, or move its key away as well to begin with a new account";
            Finding::fail("store", format!("{} is missing or empty, though its key is there", store.display()), hint)
        }
        (true, true) if std::fs::symlink_metadata(&key).is_ok_and(|facts| platform::others_may_read(&facts)) => {
            let hint = format!("chmod 600 {}; the next start of ahoyd does it too", key.display());
            Finding::warn("store", "other users may read its key", hint)
        }
        (true, true) => Finding::ok("store", store.display().to_string()),
    }
}

fn room(paths: &HomePaths) -> Finding {
    let there = paths.data.ancestors().find(|dir| dir.exists());
    let Some(bytes) = there.and_then(platform::free_bytes) else {
        return Finding::warn("disk", "how much room there is cannot be told", "look at it with df");
    };
    let mib = bytes / (1024 * 1024);
    let hint = "make room: without it contacts, calls and logs are not kept";
    match bytes {
        0..4096 => Finding::fail("disk", "there is no room left", hint),
        4096..ROOM_BYTES => Finding::warn("disk", format!("only {mib} MiB are left"), hint),
        ROOM_BYTES.. => Finding::ok("disk", format!("{mib} MiB are free")),
    }
}
