//! A whole frontend: takes every call and tells what happens. `cargo run -p ahoy-examples --bin frontend -- [HOME]`
//!
//! It stops when the daemon does, or after the first call has ended if `--once` comes after the home.

use std::io::Write;
use std::path::PathBuf;

use ahoy_client::control::{CallState, EventKind, InCall};
use ahoy_client::{Client, ClientError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let home = arguments.next().map(PathBuf::from);
    let once = arguments.any(|argument| argument == "--once");

    let mut ahoy = Client::connect(home.as_deref(), "frontend example").await?;
    say(&format!("I am {}", ahoy.account().await?.name))?;
    ahoy.subscribe(None).await?;
    loop {
        let event = match ahoy.event().await {
            Ok(event) => event,
            Err(ClientError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        // Kinds that this library does not know yet are none of our business.
        let Some(kind) = event.known.map(|event| event.kind) else { continue };
        if let EventKind::IncomingCall { call, from, .. } = kind {
            say(&format!("{} calls", from.name.unwrap_or(from.account)))?;
            match ahoy.accept(Some(&call), InCall::Hold).await {
                Ok(_) => say("answered")?,
                // Another frontend was faster, or the caller gave up.
                Err(ClientError::Refused(why)) => say(&format!("not answered: {}", why.message))?,
                Err(error) => return Err(error.into()),
            }
        } else if let EventKind::CallState { state: CallState::Active, .. } = kind {
            say("talking")?;
        } else if let EventKind::CallState { state: CallState::Ended, reason, .. } = kind {
            say(&format!("ended: {}", reason.unwrap_or_default()))?;
            if once {
                return Ok(());
            }
        }
    }
}

fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}
