//! The folder of a recording: made by us, for nobody else to read, and nothing that was there is overwritten.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::platform;

/// Makes the folder. It must not be there, not even as a symbolic link; the one above it must.
pub(super) fn make(path: &Path) -> io::Result<()> {
    platform::private_folder(path)
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
