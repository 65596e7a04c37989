//! The same with PipeWire in place of PulseAudio: what most desktops run.

use super::*;

#[test]
fn pipewire_plays_and_records_and_its_death_and_return_are_told_while_the_call_lives() {
    apart(Kind::PipeWire, "inside");
}

#[test]
fn a_card_of_pipewire_that_is_unplugged_is_told_and_used_again_once_it_is_plugged_in() {
    apart(Kind::PipeWire, "plug::unplugged");
}

#[test]
fn the_default_of_pipewire_is_followed_to_another_card_without_a_loss() {
    apart(Kind::PipeWire, "plug::default_moves");
}

#[test]
fn a_card_of_pipewire_that_goes_and_comes_again_and_again_leaves_nothing_behind() {
    apart(Kind::PipeWire, "plug::again_and_again");
}

#[test]
fn another_card_of_pipewire_is_chosen_in_a_call_and_microphone_and_speaker_are_tried_before_it() {
    apart(Kind::PipeWire, "plug::chosen");
}

#[test]
fn devices_of_pipewire_that_are_listed_and_looked_for_over_and_over_leave_nothing_behind() {
    apart(Kind::PipeWire, "asked::over_and_over");
}
