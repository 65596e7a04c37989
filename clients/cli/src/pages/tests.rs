//! The man page names everything the command line has.

use super::*;

#[test]
fn the_man_page_has_every_verb_with_its_options() {
    let text = String::from_utf8(man().unwrap()).unwrap().replace("\\-", "-");
    let mut seen = 0;
    let mut command = Args::command();
    command.build();
    let mut commands: Vec<&Command> = command.get_subcommands().filter(|verb| verb.get_name() != "help").collect();
    while let Some(verb) = commands.pop() {
        let name = verb.get_bin_name().unwrap();
        assert_eq!(text.contains(name), !verb.is_hide_set(), "{name}");
        if verb.is_hide_set() {
            continue;
        }
        for argument in verb.get_arguments().filter(|argument| !argument.is_hide_set()) {
            if let Some(long) = argument.get_long().filter(|long| *long != "help") {
                assert!(text.contains(&format!("--{long}")), "{name} --{long}");
                seen += 1;
            }
        }
        commands.extend(verb.get_subcommands().filter(|below| below.get_name() != "help"));
    }
    assert!(seen > 20, "only {seen} options");
    assert!(!text.contains("completions"), "hidden verbs stay hidden");
}
