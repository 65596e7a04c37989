//! What every engine must do: one suite, run on real WebRTC over 127.0.0.1 and on the fake.
#![expect(clippy::print_stdout, reason = "counts and seeds belong into the output of a test that fails")]

#[cfg(test)]
mod breach;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod feedback;
#[cfg(test)]
mod handshake;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod path;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod road;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod strangers;
#[cfg(test)]
mod traffic;

/// Each behaviour as a test of its own for each engine.
macro_rules! behaviours {
    ($($module:ident::$name:ident,)*) => {
        mod real {
            $(#[tokio::test] async fn $name() { crate::$module::$name(crate::pair::real()).await; })*
        }
        mod fake {
            $(#[tokio::test] async fn $name() { crate::$module::$name(crate::pair::fake()).await; })*
        }
    };
}

behaviours! {
    setup::links_connect_whoever_offers,
    setup::a_description_comes_before_its_candidates_and_holds_none,
    setup::connected_comes_before_ctl_is_open,
    setup::several_links_of_one_pair_are_independent,
    setup::a_name_is_used_once,
    setup::the_number_of_links_is_bounded,
    setup::a_link_without_an_address_to_bind_fails_in_words,
    traffic::audio_crosses_both_ways_and_keeps_sequence_and_timestamps,
    traffic::a_full_queue_drops_the_oldest_frames,
    traffic::ctl_crosses_both_ways_in_order,
    traffic::an_oversized_ctl_message_is_refused,
    traffic::audio_goes_on_while_nobody_reads_events,
    traffic::figures_tell_what_crossed_and_by_which_way,
    signals::nothing_is_known_of_a_link_that_was_never_opened,
    signals::sending_before_the_connection_is_a_wrong_state,
    signals::a_description_that_does_not_fit_the_role_is_a_wrong_state,
    signals::an_answer_to_an_offer_never_made_is_a_wrong_state,
    signals::candidates_may_come_before_the_description,
    signals::repeated_and_reordered_signals_change_nothing,
    signals::the_twenty_first_candidate_is_refused,
    signals::a_full_order_queue_is_told,
    signals::a_description_that_is_none_ends_the_link,
    ending::a_remote_close_is_noticed,
    ending::a_local_close_releases_everything,
    ending::closing_is_possible_at_every_stage,
    ending::a_closing_link_takes_no_more,
    ending::fifty_immediate_reconnects,
    ending::a_panic_in_a_sink_ends_that_link_only,
    ending::all_links_may_close_at_once,
    ending::a_dropped_engine_closes_its_links,
    restart::a_restart_brings_a_new_generation_and_traffic_goes_on,
    restart::a_restart_before_the_answer_replaces_the_offer,
    restart::only_the_offerer_restarts_and_only_forward,
    restart::candidates_of_an_old_generation_are_ignored,
    restart::candidates_of_the_next_generation_wait_for_it,
    restart::an_old_description_after_a_restart_changes_nothing,
}
