//! Where a daemon keeps its things, so that daemon and clients look in the same place.
//!
//! `--home DIR` (or `AHOY_HOME`) puts everything under DIR; otherwise the XDG base directories
//! are used. Nothing here touches the disk, and the environment comes in as an argument.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// File name of the control socket.
pub const SOCKET_NAME: &str = "ahoyd.sock";

/// Reads one environment variable.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The paths of one home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomePaths {
    /// `config.toml`; need not exist.
    pub config: PathBuf,
    /// Directory of the store and the key of the account.
    pub data: PathBuf,
    /// Directory of the rotated logs.
    pub logs: PathBuf,
    /// The control socket; the daemon makes its directory with mode 0700.
    pub socket: PathBuf,
}

impl HomePaths {
    /// `home`, else `AHOY_HOME`, else the XDG directories. `None` if there is no home directory to start from:
    /// then the caller must give `--home`.
    #[must_use]
    pub fn find(home: Option<&Path>, env: Env<'_>) -> Option<Self> {
        if let Some(dir) = home {
            return Some(Self::under(dir));
        }
        if let Some(dir) = env("AHOY_HOME").filter(|dir| !dir.is_empty()) {
            return Some(Self::under(Path::new(&dir)));
        }
        Self::xdg(env)
    }

    /// Everything under one directory.
    #[must_use]
    pub fn under(dir: &Path) -> Self {
        Self {
            config: dir.join("config.toml"),
            data: dir.join("data"),
            logs: dir.join("logs"),
            socket: dir.join(SOCKET_NAME),
        }
    }

    /// The file a running daemon holds locked: whoever can lock it knows that none runs in this home.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.data.join("lock")
    }

    /// XDG base directories; without `XDG_RUNTIME_DIR` the socket lies beside the logs.
    fn xdg(env: Env<'_>) -> Option<Self> {
        // The XDG specification says that relative values are to be ignored.
        let absolute = |name: &str| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let user = absolute("HOME");
        let base = |name: &str, below: &str| absolute(name).or_else(|| Some(user.as_ref()?.join(below)));
        let state = base("XDG_STATE_HOME", ".local/state")?.join("ahoy");
        let runtime = absolute("XDG_RUNTIME_DIR").map_or_else(|| state.clone(), |dir| dir.join("ahoy"));
        Some(Self {
            config: base("XDG_CONFIG_HOME", ".config")?.join("ahoy").join("config.toml"),
            data: base("XDG_DATA_HOME", ".local/share")?.join("ahoy"),
            logs: state.join("logs"),
            socket: runtime.join(SOCKET_NAME),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(home: Option<&str>, vars: &[(&str, &str)]) -> Option<HomePaths> {
        let env = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        HomePaths::find(home.map(Path::new), &env)
    }

    #[test]
    fn a_given_home_holds_everything() {
        let paths = find(Some("/h"), &[("HOME", "/u"), ("AHOY_HOME", "/other")]).unwrap();
        assert_eq!(paths, HomePaths::under(Path::new("/h")));
        assert_eq!(paths.socket, Path::new("/h/ahoyd.sock"));
        assert_eq!(paths.lock(), Path::new("/h/data/lock"));
    }

    #[test]
    fn the_environment_names_a_home_unless_it_is_empty() {
        assert_eq!(find(None, &[("AHOY_HOME", "/e"), ("HOME", "/u")]).unwrap().data, Path::new("/e/data"));
        let paths = find(None, &[("AHOY_HOME", ""), ("HOME", "/u")]).unwrap();
        assert_eq!(paths.data, Path::new("/u/.local/share/ahoy"));
        assert_eq!(paths.socket, Path::new("/u/.local/state/ahoy/ahoyd.sock"));
    }

    #[test]
    fn xdg_variables_count_when_they_are_absolute() {
        let vars = [("HOME", "/u"), ("XDG_RUNTIME_DIR", "/run/user/7"), ("XDG_CONFIG_HOME", "relative")];
        let paths = find(None, &vars).unwrap();
        assert_eq!(paths.socket, Path::new("/run/user/7/ahoy/ahoyd.sock"));
        assert_eq!(paths.config, Path::new("/u/.config/ahoy/config.toml"));
    }

    #[test]
    fn without_any_home_there_is_no_answer() {
        assert_eq!(find(None, &[]), None);
        assert_eq!(find(None, &[("HOME", "not/absolute")]), None);
    }
}
