//! The folder of a recording: made by us, for nobody else to read, and nothing that was there is overwritten.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::platform;

/// Names that are tried for a folder that nobody named: as many recordings of a call in one second.
const NAMES: u32 = 9;

/// Makes the folder. It must not be there, not even as a symbolic link; the one above it must. `or_another`: then one with
/// a number behind its name. Which.
pub(super) fn make(path: &Path, or_another: bool) -> io::Result<PathBuf> {
    let mut made = platform::private_folder(path).map(|()| path.to_owned());
    for n in 2..=if or_another { NAMES } else { 1 } {
        match &made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Ok(_) | Err(_) => break,
        }
        let mut name = path.as_os_str().to_owned();
        name.push(format!("-{n}"));
        made = platform::private_folder(Path::new(&name)).map(|()| name.into());
    }
    made
}

/// Makes the folder that ours are in, unless it is there.
pub(super) fn make_above(path: &Path) -> io::Result<()> {
    match platform::private_folder(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Makes a file that is not there yet, not even as a symbolic link.
pub(super) fn create(path: &Path) -> io::Result<File> {
    platform::private_file().write(true).create_new(true).open(path)
}

/// Puts a whole file in the place of the one that is there: whoever reads it finds the old or the new one.
pub(super) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let beside: PathBuf = path.with_extension("new");
    match fs::remove_file(&beside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    create(&beside)?.write_all(text)?;
    fs::rename(&beside, path)
}
