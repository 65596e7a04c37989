//! Two people compare what both devices show: only then is a device linked, and whatever goes wrong is told at both.

use super::contacts::acquainted;
use super::linking::{confirm, devices, enter, letters, linking, show_code};
use super::world::World;
use crate::control::{DeviceCommand, ErrorKind, EventKind, LinkingState};
use crate::core::input::Command;

/// Ada and Ben are contacts; a fresh third device shows its code, and it was entered at Ben's.
fn comparing(account_key: bool) -> (World, String) {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("fresh");
    let code = show_code(&mut world, 2, false).unwrap();
    enter(&mut world, 1, &code, account_key).unwrap();
    (world, code)
}

#[test]
fn nothing_is_given_until_both_have_compared_letters() {
    for first in [1, 2] {
        let (mut world, _) = comparing(false);
        let alone = world.nodes[2].core.account();
        let same = letters(&world, 1).unwrap();
        confirm(&mut world, first, &same).unwrap();
        world.pass(5_000);
        assert_eq!(world.nodes[2].core.account(), alone);
        confirm(&mut world, 3 - first, &same).unwrap();
        world.pass(2_000);
        assert_eq!(world.nodes[2].core.account(), world.nodes[1].core.account());
    }
}

#[test]
fn the_first_device_says_linked_only_when_the_person_at_the_new_one_agreed() {
    let (mut world, _) = comparing(false);
    let same = letters(&world, 1).unwrap();
    confirm(&mut world, 1, &same).unwrap();
    world.pass(60_000);
    assert_eq!((linking(&world, 1, LinkingState::Done), linking(&world, 2, LinkingState::Done)), (0, 0));
    confirm(&mut world, 2, &same).unwrap();
    world.pass(2_000);
    assert_eq!((linking(&world, 1, LinkingState::Done), devices(&mut world, 1).len()), (1, 2));
}

#[test]
fn a_device_at_which_nobody_agreed_is_none_of_the_account_after_five_minutes() {
    let (mut world, _) = comparing(false);
    let same = letters(&world, 1).unwrap();
    confirm(&mut world, 1, &same).unwrap();
    world.pass(301_000);
    assert_eq!((linking(&world, 1, LinkingState::Failed), devices(&mut world, 1).len()), (1, 1));
    assert_eq!(world.nodes[0].core.contact_infos()[0].devices.len(), 1);
}

#[test]
fn a_device_that_was_given_everything_and_not_linked_does_not_know_the_inbox_of_contacts() {
    for wrong_letters in [false, true] {
        let (mut world, _) = comparing(false);
        let contact_token = |world: &World| *world.nodes[1].core.own.contact_token().expose();
        let given = contact_token(&world);
        let same = letters(&world, 1).unwrap();
        confirm(&mut world, 1, &same).unwrap();
        assert_eq!(contact_token(&world), given, "it may still be linked");
        if wrong_letters {
            assert!(confirm(&mut world, 2, "zzzzzz").is_err());
        }
        world.pass(301_000);
        assert_eq!(linking(&world, 1, LinkingState::Failed), 1);
        assert_ne!(contact_token(&world), given, "what it was given is worth nothing");
        let ben = world.nodes[1].core.account();
        let known = world.nodes[0].core.contacts.get(&ben).unwrap().contact_token.clone();
        assert_eq!(known.map(|token| *token.expose()), Some(contact_token(&world)), "and contacts know the new one");
    }
}

#[test]
fn an_offer_to_link_that_was_recorded_keeps_nobody_out_later() {
    let (mut world, _) = comparing(false);
    let is_offer = |(n, _, data): &&(usize, crate::topic::Topic, Vec<u8>)| *n == 1 && data[1] == 0x11;
    let offers: Vec<_> = world.published.iter().filter(is_offer).cloned().collect();
    // What is remembered of envelopes is gone with a restart; prekeys are not.
    world.kill(1);
    world.restart(2, "fresh");
    let code = show_code(&mut world, 2, false).unwrap();
    for (_, topic, data) in offers {
        world.deliver(0, 2, topic, data);
    }
    world.run();
    enter(&mut world, 0, &code, false).unwrap();
    world.pass(2_000);
    assert!(letters(&world, 0).is_some() && letters(&world, 0) == letters(&world, 2));
}

#[test]
fn a_linked_device_is_not_locked_out() {
    let (mut world, _) = comparing(false);
    let given = *world.nodes[1].core.own.contact_token().expose();
    let same = letters(&world, 1).unwrap();
    confirm(&mut world, 1, &same).unwrap();
    confirm(&mut world, 2, &same).unwrap();
    world.pass(301_000);
    for n in [1, 2] {
        assert_eq!(*world.nodes[n].core.own.contact_token().expose(), given);
    }
}

#[test]
fn other_letters_at_the_new_device_are_told_at_once_and_nothing_stays_given() {
    for wrong in [1, 2] {
        let (mut world, _) = comparing(true);
        let same = letters(&world, 1).unwrap();
        confirm(&mut world, 3 - wrong, &same).unwrap();
        assert!(confirm(&mut world, wrong, "zzzzzz").is_err());
        for n in [1, 2] {
            assert_eq!(linking(&world, n, LinkingState::Failed), 1, "device {n} at once");
        }
        let why = |event: &EventKind| {
            let EventKind::Linking { reason, .. } = event else { return None };
            reason.clone()
        };
        let why = world.nodes[3 - wrong].events.iter().find_map(why).unwrap();
        assert!(why.contains("something else was entered at the other device"), "{why}");
        assert_eq!(devices(&mut world, 1).len(), 1);
        world.pass(120_000);
        assert!(!world.gossip(1, 2), "and is let go of then");
    }
}

#[test]
fn whoever_is_told_that_nothing_comes_of_it_keeps_gossip_to_hear_it() {
    use crate::core::effect::{Effect, NetCommand};
    for wrong in [1, 2] {
        let (mut world, _) = comparing(false);
        let confirm = Command::Device(DeviceCommand::Confirm { letters: "zzzzzz".to_owned() });
        let ticket = crate::ids::Ticket(1_000);
        let input = crate::core::input::Input::Command { ticket, client: "test".into(), command: confirm };
        let (now, node) = (world.now(), &mut world.nodes[wrong]);
        let effects = node.core.handle(input, now, &mut node.random);
        let shut = |effect: &Effect| matches!(effect, Effect::Net(NetCommand::Gossip { allowed: false, .. }));
        let said = |effect: &Effect| matches!(effect, Effect::Net(NetCommand::Publish { .. }));
        assert!(effects.iter().any(said) && !effects.iter().any(shut), "{effects:?}");
    }
}

#[test]
fn whoever_enters_the_code_again_begins_anew_and_links() {
    let (mut world, code) = comparing(false);
    let first = letters(&world, 1).unwrap();
    enter(&mut world, 1, &code, false).unwrap();
    world.pass(5_000);
    let (here, there) = (letters(&world, 1).unwrap(), letters(&world, 2).unwrap());
    assert!(here == there && here != first);
    confirm(&mut world, 2, &here).unwrap();
    confirm(&mut world, 1, &there).unwrap();
    world.pass(2_000);
    assert_eq!((linking(&world, 1, LinkingState::Done), linking(&world, 2, LinkingState::Done)), (1, 1));
    assert_eq!(linking(&world, 2, LinkingState::Failed), 0);
}

#[test]
fn the_same_device_may_begin_anew_a_few_times_and_no_more() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("fresh");
    let code = show_code(&mut world, 2, false).unwrap();
    let shown = |world: &World| {
        let is = |event: &&EventKind| matches!(event, EventKind::Linking { letters: Some(_), .. });
        world.nodes[2].events.iter().filter(is).count()
    };
    for _ in 0..30 {
        enter(&mut world, 1, &code, false).unwrap();
        world.pass(3_000);
    }
    assert!((2..=10).contains(&shown(&world)), "{}", shown(&world));
}

#[test]
fn other_letters_link_nobody() {
    let (mut world, _) = comparing(false);
    assert!(confirm(&mut world, 1, "zzzzzz").is_err());
    world.pass(2_000);
    assert_eq!((linking(&world, 1, LinkingState::Failed), linking(&world, 2, LinkingState::Failed)), (1, 1));
    let same = letters(&world, 2).unwrap();
    assert_eq!(confirm(&mut world, 2, &same).unwrap_err().kind, ErrorKind::WrongState);
    assert_eq!(devices(&mut world, 1).len(), 1);
    assert_ne!(world.nodes[2].core.account(), world.nodes[1].core.account());
}

#[test]
fn who_hears_the_code_and_offers_an_account_of_his_own_shows_other_letters() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("fresh");
    let code = show_code(&mut world, 2, false).unwrap();
    // Ada overheard it and is first; Ben isn't answered any more, and Ada has no letters of Ben's.
    enter(&mut world, 0, &code, false).unwrap();
    enter(&mut world, 1, &code, false).unwrap();
    world.pass(70_000);
    assert_eq!(letters(&world, 1), None);
    assert_eq!(linking(&world, 1, LinkingState::Failed), 1);
    assert_ne!(world.nodes[2].core.account(), world.nodes[0].core.account());
}

#[test]
fn a_device_that_shows_no_code_is_not_linked() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("fresh");
    let code = super::contacts::card(&mut world, 2);
    enter(&mut world, 1, &code, false).unwrap();
    world.pass(70_000);
    assert_eq!((letters(&world, 1), letters(&world, 2)), (None, None));
    assert_eq!(linking(&world, 1, LinkingState::Failed), 1);
}

#[test]
fn linking_is_given_up_after_five_minutes() {
    let (mut world, _) = comparing(false);
    world.pass(301_000);
    for n in [1, 2] {
        assert_eq!(linking(&world, n, LinkingState::Failed), 1);
    }
    assert!(world.nodes[1].core.contacts.of_device(&world.device(2)).is_none());
}
