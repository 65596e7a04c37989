//! id, card, contact.

use serde_json::json;

use ahoy_client::Client;
use ahoy_client::control::Contact;

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
    }
}

fn contact_line(contact: &Contact) -> String {
    let state = if contact.online { "online" } else { "offline" };
    format!("{:<20} {state:<8} {}", contact.name, contact.account)
}
