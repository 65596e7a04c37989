//! The man page and the shell completions of `ahoy`, made from its command line.

use clap::{Arg, Command, CommandFactory as _};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use ahoy_client::control::END_REASONS;

use crate::args::Args;

#[cfg(test)]
mod tests;

/// Completions for a shell.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    generate(shell, &mut Args::command(), "ahoy", &mut out);
    out
}

/// One man page with all verbs.
pub(crate) fn man() -> std::io::Result<Vec<u8>> {
    let mut command = Args::command().disable_help_subcommand(true);
    command.build();
    let mut out = Vec::new();
    let man = Man::new(command.clone()).manual("Ahoy");
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    let mut roff = Roff::new();
    roff.control("SH", ["VERBS"]);
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        verbs(&mut roff, verb);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in CODES {
        item(&mut roff, [bold(code)], meaning);
    }
    roff.control("SH", ["ENDS OF CALLS"]);
    for end in END_REASONS {
        item(
            &mut roff,
            [bold(end.word)],
            &format!("{} (exit code {}). To do: {}.", end.meaning, end.exit_code, end.remedy),
        );
    }
    roff.control("SH", ["ENVIRONMENT"]);
    item(&mut roff, [bold("AHOY_HOME")], "home of the daemon, as --home names it");
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold("ahoyd"), roman("(1), /usr/share/doc/ahoy")]);
    roff.to_writer(&mut out)?;
    Ok(out)
}

const CODES: [(&str, &str); 7] = [
    ("0", "done"),
    ("1", "failed, unreachable, lost, cancelled or media_failed; the message says why and what to do"),
    ("2", "wrong usage"),
    ("3", "no daemon"),
    ("4", "no such (or no single) call, contact or device"),
    ("5", "no answer, or timed out"),
    ("6", "declined, busy, refused, or answered or declined elsewhere"),
];

/// A verb, or those below it.
fn verbs(roff: &mut Roff, verb: &Command) {
    let below: Vec<&Command> = verb.get_subcommands().filter(|verb| !verb.is_hide_set()).collect();
    if !verb.is_subcommand_required_set() {
        alone(roff, verb);
    }
    below.into_iter().for_each(|verb| verbs(roff, verb));
}

/// What a verb does by itself.
fn alone(roff: &mut Roff, verb: &Command) {
    let usage = verb.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    roff.control("SS", [usage]);
    if let Some(about) = verb.get_long_about().or_else(|| verb.get_about()) {
        roff.text([roman(about.to_string())]);
    }
    let shown =
        |argument: &&Arg| !argument.is_hide_set() && !argument.is_global_set() && argument.get_id().as_str() != "help";
    for argument in verb.get_arguments().filter(shown) {
        let help =
            argument.get_long_help().or_else(|| argument.get_help()).map(ToString::to_string).unwrap_or_default();
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|_| argument.get_action().takes_values())
            .map(|value| value.get_name().to_owned())
            .collect();
        let help = if values.is_empty() { help } else { format!("{help} One of: {}.", values.join(", ")) };
        item(
            roff,
            [if argument.is_positional() { italic(argument.to_string()) } else { bold(argument.to_string()) }],
            &help,
        );
    }
}

fn item(roff: &mut Roff, name: [clap_mangen::roff::Inline; 1], text: &str) {
    roff.control("TP", []);
    roff.text(name);
    roff.text([roman(text)]);
}
