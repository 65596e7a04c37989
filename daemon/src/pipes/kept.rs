//! The file in which the microphone's pipeline survives a restart.

use std::io::{ErrorKind as IoKind, Read as _, Write as _};
use std::path::Path;

use ahoy_protocol::control::{ControlError, ErrorKind};
use serde_json::Value;

use crate::{limits, platform};

/// What is kept; none if nothing is.
pub(super) fn read(path: &Path) -> Result<Option<Value>, String> {
    let file = match platform::open_plain(path) {
        Ok(file) => file,
        Err(error) if error.kind() == IoKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let (mut text, most) = (String::new(), limits::LINE_BYTES as u64);
    file.take(most + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > most {
        return Err(format!("it is longer than {most} bytes"));
    }
    serde_json::from_str(&text).map(Some).map_err(|error| error.to_string())
}

/// Keeps this, or nothing. Whatever a power cut leaves is the old text or the new one.
pub(super) fn write(path: &Path, shown: Option<&Value>) -> Result<(), ControlError> {
    let written = match shown {
        Some(shown) => replace(path, &shown.to_string()),
        None => match std::fs::remove_file(path) {
            Err(error) if error.kind() == IoKind::NotFound => Ok(()),
            removed => removed,
        },
    };
    written.map_err(|error| {
        let message = format!("pipeline.set: {} cannot be written: {error}", path.display());
        ControlError::new(ErrorKind::NoResources, message, "make room or mend its permissions; nothing was changed")
    })
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("json.new");
    let mut file = platform::open_private(&new, true)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), platform::sync_dir)
}
