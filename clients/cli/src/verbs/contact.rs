//! id, card, contact.

use serde_json::json;

use ahoy_client::Client;
use ahoy_client::control::Contact;

use super::people;
use crate::args::ContactVerb;
use crate::failure::Failure;
use crate::out::Out;

/// Who we are.
pub(crate) async fn id(client: &mut Client, out: &Out) -> Result<(), Failure> {
    let account = client.account().await?;
    out.show(&account, || {
        let listen = account.listen.iter().map(|address| format!("\nlisten  {address}")).collect::<String>();
        let (id, device) = (&account.account, &account.device);
        format!("name    {}\naccount {id}\ndevice  {device}{listen}\ncard    {}", account.name, account.card)
    })
}

/// The contact card.
pub(crate) async fn card(client: &mut Client, no_addresses: bool, out: &Out) -> Result<(), Failure> {
    let card = client.card(no_addresses).await?;
    out.show(&json!({ "card": card }), || card.clone())
}

/// Contacts.
pub(crate) async fn contact(client: &mut Client, verb: &ContactVerb, out: &Out) -> Result<(), Failure> {
    match verb {
        ContactVerb::Add { card, name } => {
            let contact = client.add_contact(card.trim(), name.as_deref()).await?;
            out.show(&contact, || format!("{} is a contact now.", contact.name))
        }
        ContactVerb::List => {
            let contacts = client.contacts().await?;
            if contacts.is_empty() {
                out.note("No contacts yet: `ahoy contact add CARD` adds one.");
            }
            for contact in &contacts {
                out.show(contact, || contact_line(contact))?;
            }
            Ok(())
        }
        ContactVerb::Remove { name } => {
            client.remove_contact(name).await?;
            out.show(&json!({ "removed": name }), || format!("{name} is no contact any more."))
        }
        ContactVerb::Request { card, name, greeting } => {
            let contact = client.request_contact(card.trim(), name.as_deref(), greeting.as_deref()).await?;
            out.show(&contact, || format!("{} is a contact now, and is sent our card.", contact.name))
        }
        ContactVerb::Requests => people::requests(client, out).await,
        ContactVerb::Accept { who, name } => {
            let contact = client.accept_contact(who, name.as_deref()).await?;
            out.show(&contact, || format!("{} is a contact now.", contact.name))
        }
        ContactVerb::Refuse { who } => {
            client.refuse_contact(who).await?;
            out.show(&json!({ "refused": who }), || format!("{who} was turned away, and learns nothing of it."))
        }
        ContactVerb::Block { who } => {
            client.block(who).await?;
            out.show(&json!({ "blocked": who }), || {
                format!(
                    "{who} is blocked, and learns nothing of it. Under another key it would be a stranger with our card: `ahoy \
                     account rotate card` and `rotate contact` lock out whoever isn't told the new ones."
                )
            })
        }
        ContactVerb::Unblock { who } => {
            client.unblock(who).await?;
            out.show(&json!({ "unblocked": who }), || format!("{who} is not blocked any more."))
        }
        ContactVerb::Attempts => people::attempts(client, out).await,
        ContactVerb::Rename { name, new } => {
            let contact = client.rename_contact(name, new).await?;
            out.show(&contact, || format!("{name} is called {} now.", contact.name))
        }
        ContactVerb::Policy(args) => people::policy(client, args, out).await,
        ContactVerb::Verify { name, yes, no } => people::verify(client, name, *yes, *no, out).await,
    }
}

fn contact_line(contact: &Contact) -> String {
    let age_ms = contact.presence_at_ms.map(|at_ms| people::unix_ms().saturating_sub(at_ms));
    let state = match (contact.blocked, contact.presence, contact.online) {
        (true, ..) => "blocked".to_owned(),
        (false, Some(_), _) => people::presence_text(contact.presence, age_ms),
        (false, None, true) => "online".to_owned(),
        (false, None, false) => "offline".to_owned(),
    };
    let asked = if contact.requested { " (asked, not accepted yet)" } else { "" };
    format!("{:<20} {state:<14} {}{asked}", contact.name, contact.account)
}
