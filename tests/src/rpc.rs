//! gossipsub's packets by hand (its rpc.proto), so that anything can be said.

fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n.to_le_bytes()[0] | 0x80);
        n >>= 7;
    }
    out.push(n.to_le_bytes()[0]);
}

fn field(number: u64, bytes: &[u8], out: &mut Vec<u8>) {
    varint(number << 3 | 2, out);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn message(fields: &[(u64, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, bytes) in fields {
        field(*number, bytes, &mut out);
    }
    out
}

/// A packet of these parts, with its length before it.
#[must_use]
pub fn packet(parts: &[Vec<u8>]) -> Vec<u8> {
    let all = parts.concat();
    let mut out = Vec::new();
    varint(all.len() as u64, &mut out);
    out.extend(all);
    out
}

/// A topic is held, or no longer.
#[must_use]
pub fn subscription(topic: &str, held: bool) -> Vec<u8> {
    let mut inner = vec![1 << 3, u8::from(held)];
    field(2, topic.as_bytes(), &mut inner);
    message(&[(1, &inner)])
}

/// A message.
#[must_use]
pub fn publish(topic: &str, data: &[u8]) -> Vec<u8> {
    message(&[(2, &message(&[(2, data), (4, topic.as_bytes())]))])
}

/// IHAVE, IWANT and IDONTWANT of these ids, GRAFT and PRUNE of the topic.
#[must_use]
pub fn control(topic: &str, ids: &[Vec<u8>]) -> Vec<u8> {
    let listed = |number: u64| ids.iter().flat_map(|id| message(&[(number, id)])).collect::<Vec<u8>>();
    let ihave = [message(&[(1, topic.as_bytes())]), listed(2)].concat();
    let graft = message(&[(1, topic.as_bytes())]);
    let control = message(&[(1, &ihave), (2, &listed(1)), (3, &graft), (4, &graft), (5, &listed(1))]);
    message(&[(3, &control)])
}

/// A topic of the product's form, by number.
#[must_use]
pub fn topic(number: u64) -> String {
    (0..32).map(|at| char::from(b'a' + ((number >> (at % 12 * 4)) as u8 & 15))).collect()
}
