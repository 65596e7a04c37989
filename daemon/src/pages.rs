//! The man page and the shell completions of `ahoyd`, made from its command line and its table of settings.

#[cfg(test)]
mod tests;

use std::io;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::config::{Args, KEYS, Key, Printed};

/// The text of a page.
///
/// # Errors
/// Never in practice: it is written to memory.
pub fn page(what: Printed) -> io::Result<Vec<u8>> {
    match what {
        Printed::Man => man(),
        Printed::Bash => Ok(completions(Shell::Bash)),
        Printed::Zsh => Ok(completions(Shell::Zsh)),
        Printed::Fish => Ok(completions(Shell::Fish)),
    }
}

fn completions(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    generate(shell, &mut Args::command(), "ahoyd", &mut out);
    out
}

fn man() -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let man = Man::new(Args::command()).manual("Ahoy");
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    let mut roff = Roff::new();
    settings(&mut roff);
    section(&mut roff, "ENVIRONMENT");
    item(&mut roff, "AHOY_HOME", "the home, as --home names it");
    for (name, key) in KEYS.iter().filter_map(|key| Some((key.env?, key))) {
        item(&mut roff, name, &format!("sets {}", key.name));
    }
    item(&mut roff, "NOTIFY_SOCKET, WATCHDOG_USEC", "readiness and signs of life for a service manager, sd_notify(3)");
    section(&mut roff, "FILES");
    item(&mut roff, "$XDG_CONFIG_HOME/ahoy/config.toml", "settings");
    item(&mut roff, "$XDG_DATA_HOME/ahoy", "account, contacts, history: sealed by a key beside them");
    item(&mut roff, "$XDG_STATE_HOME/ahoy/logs", "rotated logs");
    item(&mut roff, "$XDG_RUNTIME_DIR/ahoy/ahoyd.sock", "control socket; with --home DIR everything is under DIR");
    section(&mut roff, "EXIT STATUS");
    item(&mut roff, "0", "it was asked to stop (SIGTERM, SIGINT, ahoy stop)");
    item(&mut roff, "1", "it could not start, or failed; the message says why and what to do");
    item(&mut roff, "2", "the command line or the settings are wrong");
    section(&mut roff, "SEE ALSO");
    roff.text([bold("ahoy"), roman("(1), /usr/share/doc/ahoy")]);
    roff.to_writer(&mut out)?;
    Ok(out)
}

fn settings(roff: &mut Roff) {
    section(roff, "SETTINGS");
    roff.text([roman("Keys of config.toml; docs/config.md has them with unit, range and default.")]);
    for Key { name, what, .. } in KEYS {
        item(roff, name, what);
    }
}

fn section(roff: &mut Roff, name: &str) {
    roff.control("SH", [name]);
}

fn item(roff: &mut Roff, name: &str, text: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(text)]);
}
