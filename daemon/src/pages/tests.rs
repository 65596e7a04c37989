//! Pages name what the command line and the settings have.

use clap::CommandFactory as _;

use super::*;

fn text(what: Printed) -> String {
    String::from_utf8(page(what).unwrap()).unwrap().replace("\\-", "-")
}

#[test]
fn the_man_page_has_every_option_setting_and_variable() {
    let text = text(Printed::Man);
    for argument in Args::command().get_arguments().filter(|argument| !argument.is_hide_set()) {
        let long = format!("--{}", argument.get_long().unwrap());
        assert!(text.contains(&long), "{long}");
    }
    for key in KEYS {
        assert!(text.contains(key.name) && key.env.is_none_or(|name| text.contains(name)), "{}", key.name);
    }
}

#[test]
fn completions_know_the_options_in_every_shell() {
    for shell in [Printed::Bash, Printed::Zsh, Printed::Fish] {
        let text = text(shell);
        assert!(text.contains("check-config") && text.contains("audio-in"), "{shell:?}");
    }
}
