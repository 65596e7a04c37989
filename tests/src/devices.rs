//! Several devices of one account.

use ahoy_client::control::{EventKind, LinkParams, LinkingState};

use crate::node::Node;

/// Makes `new` a device of the account of `old`, as two people would: a code, and letters that are compared.
///
/// # Panics
/// If that is refused.
pub async fn link(old: &mut Node, new: &mut Node) {
    let code = new.frontend.ask.link_device(LinkParams::default()).await.expect("a code").code.expect("a code");
    let params = LinkParams { code: Some(code), ..LinkParams::default() };
    old.frontend.ask.link_device(params).await.expect("it is entered");
    let (there, here) = (letters(new).await, letters(old).await);
    old.frontend.ask.confirm_device(&there).await.expect("the same letters");
    new.frontend.ask.confirm_device(&here).await.expect("the same letters");
    for node in [old, new] {
        node.frontend.until("the linked device", done).await;
    }
}

async fn letters(node: &mut Node) -> String {
    node.frontend
        .until("the letters", |event| {
            let EventKind::Linking { state: LinkingState::Compare, letters, .. } = event else { return None };
            letters.clone()
        })
        .await
}

fn done(event: &EventKind) -> Option<()> {
    matches!(event, EventKind::Linking { state: LinkingState::Done, .. }).then_some(())
}

/// Waits until a contact is known with so many devices, and all of them are connected.
///
/// # Panics
/// If the node does not answer.
pub async fn knows_devices(node: &mut Node, name: &str, count: usize) {
    loop {
        let contacts = node.frontend.ask.contacts().await.expect("the contacts");
        if contacts.iter().any(|contact| contact.name == name && contact.devices.len() == count) {
            return;
        }
        node.frontend.next("the contact's devices").await;
    }
}
