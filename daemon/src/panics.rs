//! What a panic leaves behind: its place in the log, where a detached daemon can be asked about it later.

use crate::store;

/// Installs the process-wide hook; by the binary only. A damaged store is told as an error, so a panic of the thread
/// that opens one says nothing.
pub fn install() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some(store::OPENING) {
            return;
        }
        // The message may hold data of a call; the place does not.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a defect of ours: please report it");
        usual(panic);
    }));
}
