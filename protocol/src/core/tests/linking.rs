//! Devices of one account: linked by a code and six letters, listed, revoked, and met by everybody.

use super::contacts::{acquainted, introduce};
use super::world::World;
use crate::control::{
    AccountCommand, AccountInfo, CallState, ControlError, DeviceCommand, DeviceInfo, ErrorKind, EventKind, LinkParams,
    LinkingState, OfferParams, Reply,
};
use crate::core::input::Command;

pub(super) fn show_code(world: &mut World, n: usize, forget: bool) -> Result<String, ControlError> {
    let params = LinkParams { code: None, account_key: false, forget };
    let Reply::Link(reply) = world.ask(n, Command::Device(DeviceCommand::Link(params)))? else { panic!("no code") };
    Ok(reply.code.expect("a code"))
}

pub(super) fn enter(world: &mut World, n: usize, code: &str, account_key: bool) -> Result<Reply, ControlError> {
    let params = LinkParams { code: Some(code.to_owned()), account_key, forget: false };
    world.ask(n, Command::Device(DeviceCommand::Link(params)))
}

pub(super) fn letters(world: &World, n: usize) -> Option<String> {
    world.nodes[n].events.iter().rev().find_map(|event| {
        let EventKind::Linking { state: LinkingState::Compare, letters, .. } = event else { return None };
        letters.clone()
    })
}

pub(super) fn confirm(world: &mut World, n: usize, letters: &str) -> Result<Reply, ControlError> {
    world.ask(n, Command::Device(DeviceCommand::Confirm { letters: letters.to_owned() }))
}

pub(super) fn linking(world: &World, n: usize, of: LinkingState) -> usize {
    let is = |event: &&EventKind| matches!(event, EventKind::Linking { state, .. } if *state == of);
    world.nodes[n].events.iter().filter(is).count()
}

/// `new` becomes a device of the account of `old`.
pub(super) fn link(world: &mut World, old: usize, new: usize, account_key: bool) {
    let code = show_code(world, new, true).unwrap();
    enter(world, old, &code, account_key).unwrap();
    let (there, here) = (letters(world, new).expect("letters"), letters(world, old).expect("letters"));
    assert_eq!(there, here);
    confirm(world, old, &there).unwrap();
    confirm(world, new, &here).unwrap();
    world.pass(2_000);
}

pub(super) fn devices(world: &mut World, n: usize) -> Vec<DeviceInfo> {
    match world.ask(n, Command::Device(DeviceCommand::List)) {
        Ok(Reply::Devices(reply)) => reply.devices,
        other => panic!("{other:?}"),
    }
}

pub(super) fn revoke(world: &mut World, n: usize, gone: usize) -> Result<Reply, ControlError> {
    let device = world.device(gone).text();
    world.ask(n, Command::Device(DeviceCommand::Revoke { device }))
}

fn account(world: &mut World, n: usize) -> AccountInfo {
    match world.ask(n, Command::Account(AccountCommand::Show)) {
        Ok(Reply::Account(info)) => *info,
        other => panic!("{other:?}"),
    }
}

/// Ada and Ben are contacts, and the third device is Ben's second one.
pub(super) fn ben_with_two() -> World {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("fresh");
    link(&mut world, 1, 2, false);
    world
}

fn rings(world: &World, n: usize) -> usize {
    world.nodes[n].events.iter().filter(|event| matches!(event, EventKind::IncomingCall { .. })).count()
}

fn call(world: &mut World, from: usize, to: &str) -> Result<Reply, ControlError> {
    world.ask(from, Command::Offer(OfferParams { to: vec![to.into()], media: None, context: None }))
}

#[test]
fn a_linked_device_is_one_of_the_account_with_its_contacts() {
    let mut world = ben_with_two();
    assert_eq!(world.nodes[2].core.account(), world.nodes[1].core.account());
    assert_eq!((linking(&world, 1, LinkingState::Done), linking(&world, 2, LinkingState::Done)), (1, 1));
    for n in [1, 2] {
        let devices = devices(&mut world, n);
        assert_eq!(devices.len(), 2);
        assert!(devices.iter().all(|device| device.online), "{devices:?}");
    }
    let info = account(&mut world, 2);
    assert_eq!(info.name, "Ben");
    call(&mut world, 2, "Ada").unwrap();
    assert_eq!(world.states(0), vec![CallState::Incoming]);
}

#[test]
fn a_linked_device_is_rung_by_contacts_at_once() {
    let mut world = ben_with_two();
    call(&mut world, 0, "Ben").unwrap();
    assert_eq!((rings(&world, 1), rings(&world, 2)), (1, 1));
}

#[test]
fn a_linked_device_is_one_of_the_account_after_a_restart_too() {
    let mut world = ben_with_two();
    for n in [2, 1] {
        world.restart(n, "Ben");
        world.pass(10_000);
    }
    assert_eq!(devices(&mut world, 2).len(), 2);
    assert!(devices(&mut world, 1).iter().all(|device| device.online));
    call(&mut world, 0, "Ben").unwrap();
    assert_eq!((rings(&world, 1), rings(&world, 2)), (1, 1));
}

#[test]
fn other_devices_are_nobody_s_contact() {
    let mut world = ben_with_two();
    let own = world.nodes[1].core.account().text();
    for n in [1, 2] {
        let names: Vec<_> = world.nodes[n].core.contact_infos().into_iter().map(|contact| contact.name).collect();
        assert_eq!(names, vec!["Ada"]);
        let refused = call(&mut world, n, &own).unwrap_err();
        assert!(refused.message.contains("our own account"), "{refused:?}");
        assert_eq!(call(&mut world, n, "Ben").unwrap_err().kind, ErrorKind::NoSuchContact);
        let changed = |event: &EventKind| matches!(event, EventKind::ContactChanged { account } if *account == own);
        assert!(!world.nodes[n].events.iter().any(changed));
    }
}

#[test]
fn an_account_in_use_is_forgotten_only_when_told_so() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let refused = show_code(&mut world, 1, false).unwrap_err();
    assert!(refused.kind == ErrorKind::WrongState && refused.hint.contains("--forget"), "{refused:?}");
    assert_eq!(world.nodes[1].core.contact_infos().len(), 1);
}

#[test]
fn an_account_that_is_forgotten_leaves_neither_history_nor_calls_nor_attempts() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("Eve");
    introduce(&mut world, 2, 1);
    call(&mut world, 2, "Ben").unwrap();
    call(&mut world, 0, "Ben").unwrap();
    super::calls::accept(&mut world, 1);
    super::calls::hang_up(&mut world, 1);
    world.pass(70_000);
    assert!(!world.nodes[1].lines.is_empty() && !world.nodes[1].core.call_infos(world.now()).is_empty());
    let before = world.nodes[1].core.who().account;
    show_code(&mut world, 1, true).unwrap();
    assert_ne!(world.nodes[1].core.who().account, before, "at once");
    assert!(world.nodes[1].lines.is_empty() && world.nodes[1].core.call_infos(world.now()).is_empty());
    assert!(world.nodes[1].events.iter().any(|event| matches!(event, EventKind::HistoryCleared { .. })));
    let left = |of: &crate::core::effect::Table| {
        use crate::core::effect::Table;
        matches!(of, Table::Contacts | Table::Strangers | Table::Notes | Table::Voicemail | Table::Changes)
    };
    let own = world.nodes[1].core.who().account;
    let left: Vec<_> = world.nodes[1].rows.keys().filter(|(of, key)| left(of) && *key != own.0).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn contacts_with_a_hundred_others_are_handed_over_whole() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("fresh");
    for n in 0..100u8 {
        let key = ahoy_crypto::SignKey::from_seed(&ahoy_crypto::Secret::new([n; 32]));
        let card = crate::wire::card::Card {
            account: key.account(),
            name: format!("friend {n}"),
            token: ahoy_crypto::Secret::new([n; 32]),
            devices: vec![key.device()],
            addresses: Vec::new(),
            keepers: Vec::new(),
        };
        let add = crate::control::ContactCommand::Add { card: card.to_text().unwrap(), name: None };
        world.ask(1, Command::Contact(add)).unwrap();
    }
    link(&mut world, 1, 2, false);
    let names = |n: usize| world.nodes[n].core.contact_infos().into_iter().map(|c| c.name).collect::<Vec<_>>();
    assert_eq!(names(2), names(1));
    assert_eq!(names(2).len(), 101);
}

#[test]
fn only_a_device_with_the_account_s_key_links_and_revokes() {
    let mut world = ben_with_two();
    assert_eq!(revoke(&mut world, 2, 1).unwrap_err().kind, ErrorKind::NoAccountKey);
    assert_eq!(enter(&mut world, 2, "ahoy:AAAA", false).unwrap_err().kind, ErrorKind::NoAccountKey);
    world.join("third");
    link(&mut world, 1, 3, true);
    assert_eq!(devices(&mut world, 2).len(), 3);
    revoke(&mut world, 3, 2).unwrap();
    world.pass(1_000);
    assert_eq!(devices(&mut world, 1).len(), 2);
}

#[test]
fn a_revoked_device_is_not_rung_and_not_heard_by_contacts() {
    let mut world = ben_with_two();
    revoke(&mut world, 1, 2).unwrap();
    assert_eq!((devices(&mut world, 1).len(), world.nodes[0].core.contact_infos()[0].devices.len()), (1, 1));
    call(&mut world, 0, "Ben").unwrap();
    assert_eq!((rings(&world, 1), rings(&world, 2)), (1, 0));
    let revoked = |event: &EventKind| matches!(event, EventKind::Warning { about, .. } if about == "revoked");
    assert!(world.nodes[2].events.iter().any(revoked), "it was there, and is told");
    assert_eq!(call(&mut world, 2, "Ada").unwrap_err().kind, ErrorKind::WrongState);
    // What it says to Ada from before the revocation on is dropped.
    assert!(!world.gossip(0, 2));
}

#[test]
fn a_call_with_a_device_ends_when_it_is_revoked() {
    let mut world = ben_with_two();
    call(&mut world, 0, "Ben").unwrap();
    super::calls::accept(&mut world, 2);
    assert_eq!(world.states(0).last(), Some(&CallState::Active));
    revoke(&mut world, 1, 2).unwrap();
    assert_eq!(world.reason(0).as_deref(), Some("refused"));
}

#[test]
fn a_revoked_device_can_be_linked_again() {
    let mut world = ben_with_two();
    revoke(&mut world, 1, 2).unwrap();
    link(&mut world, 1, 2, false);
    assert_eq!(devices(&mut world, 1).len(), 2);
    call(&mut world, 0, "Ben").unwrap();
    assert_eq!((rings(&world, 1), rings(&world, 2)), (1, 1));
}

#[test]
fn who_is_away_hears_of_new_devices_on_return() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("fresh");
    world.kill(0);
    link(&mut world, 1, 2, false);
    world.restart(0, "Ada");
    world.pass(60_000);
    assert_eq!(world.nodes[0].core.contact_infos()[0].devices.len(), 2);
    world.join("Eve");
    introduce(&mut world, 3, 0);
    assert_eq!(world.nodes[3].core.contact_infos()[0].devices.len(), 1);
}

#[test]
fn a_device_without_sound_leaves_ringing_to_the_one_that_has_it() {
    let mut world = ben_with_two();
    world.input(2, crate::core::input::Input::Sound { present: false });
    world.pass(1_000);
    assert_eq!(devices(&mut world, 1)[1].sound, Some(false));
    call(&mut world, 0, "Ben").unwrap();
    assert_eq!((rings(&world, 1), rings(&world, 2)), (1, 0));
    super::calls::accept(&mut world, 1);
    assert_eq!(world.states(0).last(), Some(&CallState::Active));
}

#[test]
fn devices_without_sound_ring_if_the_account_has_no_other() {
    let mut world = ben_with_two();
    for n in [1, 2] {
        world.input(n, crate::core::input::Input::Sound { present: false });
    }
    world.pass(1_000);
    call(&mut world, 0, "Ben").unwrap();
    assert_eq!((rings(&world, 1), rings(&world, 2)), (1, 1));
}

#[test]
fn sound_that_comes_back_rings_the_next_call() {
    let mut world = ben_with_two();
    for present in [false, true] {
        world.input(2, crate::core::input::Input::Sound { present });
        world.pass(1_000);
    }
    call(&mut world, 0, "Ben").unwrap();
    assert_eq!((rings(&world, 1), rings(&world, 2)), (1, 1));
}

#[test]
fn an_identity_that_is_not_this_device_s_is_refused() {
    use ahoy_crypto::{Certificate, Check, DeviceId, DeviceSet, Secret, SignKey};

    use crate::wire::bodies::LinkIdentity;
    let world = World::new(&["Ada"]);
    let (core, now_s) = (&world.nodes[0].core, world.now().unix_s());
    let key = |n: u8| SignKey::from_seed(&Secret::new([n; 32]));
    let (account, later_s, other) = (key(1), now_s + 1_000, DeviceId([9; 32]));
    let (own, dk) = (core.device(), *core.own.certificate().dk());
    let good = LinkIdentity {
        certificate: Certificate::make(&account, own, dk, later_s).bytes().to_vec(),
        card_token: Secret::new([2; 32]),
        contact_token: Secret::new([3; 32]),
        device_set: DeviceSet::make(&account, 2, later_s, &[own, other]).unwrap().bytes().to_vec(),
        account_key: Some(account.seed()),
    };
    let check = |identity: &LinkIdentity| core.check_identity(identity, account.account(), now_s).err();
    assert_eq!(check(&good), None);
    let certified = |device, dk, by: &SignKey, until_s| LinkIdentity {
        certificate: Certificate::make(by, device, dk, until_s).bytes().to_vec(),
        ..good.clone()
    };
    let set = |by: &SignKey, device, until_s| LinkIdentity {
        device_set: DeviceSet::make(by, 2, until_s, &[device]).unwrap().bytes().to_vec(),
        ..good.clone()
    };
    for (what, expected, identity) in [
        ("another device's certificate", Check::ENCLOSED, certified(other, dk, &account, later_s)),
        ("another static key", Check::ENCLOSED, certified(own, [8; 32], &account, later_s)),
        ("another account's certificate", Check::ENCLOSED, certified(own, dk, &key(4), later_s)),
        ("a certificate that is over", Check::CERTIFICATE_ENDED, certified(own, dk, &account, now_s - 1)),
        ("another account's set", Check::SET_SIGNATURE, set(&key(4), own, later_s)),
        ("a set without us", Check::NOT_IN_SET, set(&account, other, later_s)),
        ("a set that is over", Check::SET_TIME, set(&account, own, now_s - 1)),
        ("another account's key", Check::ENCLOSED, LinkIdentity { account_key: Some(key(4).seed()), ..good.clone() }),
        ("no certificate", Check::ENCLOSED, LinkIdentity { certificate: vec![1; 167], ..good.clone() }),
    ] {
        assert_eq!(check(&identity), Some(expected), "{what}");
    }
}
