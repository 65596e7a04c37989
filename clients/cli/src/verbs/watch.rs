//! watch.

use serde_json::{Value, json};

use ahoy_client::control::{Event, EventKind, LinkingState, Snapshot};
use ahoy_client::{Client, Notice};

use crate::failure::Failure;
use crate::out::Out;
use crate::say::{self, Names};

/// Shows events until the daemon stops or somebody interrupts us.
pub(crate) async fn watch(client: &mut Client, out: &Out) -> Result<(), Failure> {
    let subscribed = client.subscribe(None).await?;
    let mut clock = Clock::default();
    let mut names = Names::us(&client.hello().account);
    if let Some(snapshot) = subscribed.snapshot {
        names.learn(&snapshot.contacts);
        let event = Event { seq: subscribed.seq, at_ms: 0, kind: EventKind::Snapshot(snapshot.clone()) };
        out.show(&first_line(subscribed.seq, &snapshot), || say::line(&event, &names).unwrap_or_default())?;
    }
    loop {
        let Notice { raw, known } = client.event().await?;
        match known.as_ref().map(|event| &event.kind) {
            Some(EventKind::Snapshot(snapshot)) => {
                names.we_are(&snapshot.status.account);
                names.learn(&snapshot.contacts);
            }
            // It may be one of another account now, with other contacts.
            Some(EventKind::Linking { state: LinkingState::Done, account: Some(account), .. }) => {
                names.we_are(account);
                names.learn(&client.contacts().await?);
            }
            Some(EventKind::ContactChanged { .. }) => names.learn(&client.contacts().await?),
            Some(_) | None => {}
        }
        out.show(&raw, || {
            let text = known.as_ref().and_then(|event| say::line(event, &names));
            let text = text.unwrap_or_else(|| raw["kind"].as_str().unwrap_or("?").to_owned());
            format!("{} {text}", clock.since_first(raw["at_ms"].as_u64()))
        })?;
    }
}

/// The snapshot as the first event of the stream.
fn first_line(seq: u64, snapshot: &Snapshot) -> Value {
    let mut line = json!({ "kind": "snapshot", "seq": seq });
    if let (Some(line), Ok(Value::Object(fields))) = (line.as_object_mut(), serde_json::to_value(snapshot)) {
        line.extend(fields);
    }
    line
}

/// Shows when an event happened as seconds since the first one.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    first_ms: Option<u64>,
}

impl Clock {
    pub(crate) fn since_first(&mut self, at_ms: Option<u64>) -> String {
        let Some(at_ms) = at_ms else { return "         ".to_owned() };
        let first = *self.first_ms.get_or_insert(at_ms);
        let since = at_ms.saturating_sub(first);
        format!("{:>5}.{:03}", since / 1000, since % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_first_event() {
        let mut clock = Clock::default();
        assert_eq!(clock.since_first(Some(1_000_000)), "    0.000");
        assert_eq!(clock.since_first(Some(1_012_034)), "   12.034");
        assert_eq!(clock.since_first(Some(999_999)), "    0.000");
        assert_eq!(clock.since_first(None).len(), "    0.000".len());
    }
}
