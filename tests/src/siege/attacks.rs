//! What hostile clients do.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::{Client, LINE_BYTES, crowd};

/// An attack: a name, and what it does with a socket. `size` is the number of lines or connections.
pub type Attack = (&'static str, fn(&Path, usize) -> io::Result<()>);

/// Every attack.
pub const ALL: [Attack; 8] = [
    ("lines of 64 KiB + 1", long_lines),
    ("half lines", half_lines),
    ("binary", binary),
    ("nonsense of every kind", nonsense),
    ("before hello", before_hello),
    ("commands", commands),
    ("connection storm", storm),
    ("hello storm", hellos),
];

fn wrong(what: &str, answer: &Value) -> io::Error {
    io::Error::other(format!("{what} was answered {answer}"))
}

fn kind(answer: &Value) -> &str {
    answer["error"]["data"]["kind"].as_str().unwrap_or("no error")
}

/// Every line is answered with one of these kinds.
fn refused(client: &mut Client, lines: &mut dyn Iterator<Item = Vec<u8>>, kinds: &[&str]) -> io::Result<()> {
    let mut odd = None;
    client.pipeline(lines, &mut |answer| {
        if !kinds.contains(&kind(answer)) {
            odd.get_or_insert_with(|| answer.clone());
        }
    })?;
    odd.map_or(Ok(()), |answer| Err(wrong("a hostile line", &answer)))
}

fn long_lines(socket: &Path, size: usize) -> io::Result<()> {
    let mut client = Client::greeted(socket)?;
    for number in 0..size.div_ceil(64) {
        // The last byte decides; and one that is much too long.
        let length = LINE_BYTES + 1 + (number % 3) * LINE_BYTES;
        client.write(&vec![b' '; length - 1])?;
        client.write(b"x\n")?;
        let answer = client.read()?;
        if kind(&answer) != "bad_line" {
            return Err(wrong("a line too long", &answer));
        }
    }
    Ok(())
}

fn half_lines(socket: &Path, size: usize) -> io::Result<()> {
    let line = br#"{"jsonrpc":"2.0","id":1,"method":"shutdown","params":{}}"#;
    for number in 0..size.div_ceil(8) {
        let mut client = Client::greeted(socket)?;
        client.write(line.get(..number % (line.len() + 1)).unwrap_or(line))?;
    }
    Ok(())
}

/// A simple generator: the bytes need to be many, not good.
fn random(seed: u64) -> impl FnMut() -> u8 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    }
}

fn binary(socket: &Path, size: usize) -> io::Result<()> {
    let mut client = Client::greeted(socket)?;
    let mut next = random(size as u64);
    let mut lines = (0..size).map(|number| {
        let mut line: Vec<u8> = (0..1 + number % 300).map(|_| next()).filter(|byte| *byte != b'\n').collect();
        // A line of blanks is passed over without an answer.
        line.push(if number % 2 == 0 { 0 } else { 0xff });
        line
    });
    refused(&mut client, &mut lines, &["bad_line"])
}

fn nonsense(socket: &Path, size: usize) -> io::Result<()> {
    let mut client = Client::greeted(socket)?;
    let deep = |open: &str, levels: usize| open.repeat(levels).into_bytes();
    let request = |rest: &str| format!(r#"{{"jsonrpc":"2.0","id":1,{rest}}}"#).into_bytes();
    let lines: Vec<Vec<u8>> = vec![
        deep("[", 60_000),
        deep(r#"{"a":"#, 10_000),
        request(&format!(r#""method":"status","params":{}1{}"#, "[".repeat(30_000), "]".repeat(30_000))),
        b"[]".to_vec(),
        br#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#.to_vec(),
        request(r#""method":"status","method":"shutdown""#),
        request(r#""method":"shutdown","params":{},"params":{}"#),
        request(r#""method":"no.such.method""#),
        request(r#""method":7"#),
        request(r#""method":"status","extra":true"#),
        request(r#""method":"status","params":{"extra":1}"#),
        request(r#""method":"status","params":[]"#),
        request(r#""method":"call.offer","params":{"to":7}"#),
        request(r#""method":"call.offer","params":{"to":[null]}"#),
        request(r#""method":"call.hang_up","params":{"call":"zz"}"#),
        request(r#""method":"subscribe","params":{"after":1e400}"#),
        request(r#""method":"subscribe","params":{"after":18446744073709551616}"#),
        request(r#""method":"hello","params":{"client":"again","api":"1.0"}"#),
        br#"{"jsonrpc":"2.0","id":{"a":1},"method":"status"}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":null,"method":"shutdown"}"#.to_vec(),
        br#"{"jsonrpc":"2.0","method":"shutdown"}"#.to_vec(),
        b"null".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
    ];
    // Long ones as well, so not too many lines under way at once.
    let mut all = lines.iter().cloned().cycle().take(size.div_ceil(4).max(lines.len()));
    loop {
        let mut few = all.by_ref().take(4).peekable();
        if few.peek().is_none() {
            return Ok(());
        }
        refused(&mut client, &mut few, &["bad_line", "bad_request", "bad_params", "unknown_method"])?;
    }
}

fn before_hello(socket: &Path, size: usize) -> io::Result<()> {
    let methods = ["status", "shutdown", "subscribe", "contact.remove", "call.list", "account.card", "config.get"];
    for number in 0..size.div_ceil(8) {
        let mut client = Client::silent(socket)?;
        let method = methods.get(number % methods.len()).copied().unwrap_or("status");
        let params = if method == "contact.remove" { json!({"contact": "x"}) } else { json!({}) };
        let answer = client.ask(method, &params)?;
        if kind(&answer) != "hello_first" {
            return Err(wrong(method, &answer));
        }
        let odd = ["2.0", "1", "+1.0", "1.0.0", " 1.0"];
        let api = odd.get(number % odd.len()).copied().unwrap_or("2.0");
        let answer = client.ask("hello", &json!({"client": "c", "api": api}))?;
        if kind(&answer) != "wrong_api" {
            return Err(wrong(api, &answer));
        }
    }
    Ok(())
}

fn commands(socket: &Path, size: usize) -> io::Result<()> {
    let mut client = Client::greeted(socket)?;
    let methods = ["status", "call.list", "contact.list", "account.show", "call.mute", "call.hang_up", "call.decline"];
    let line = |number: usize| {
        let method = methods.get(number % methods.len()).copied().unwrap_or("status");
        json!({"jsonrpc": "2.0", "id": number, "method": method}).to_string().into_bytes()
    };
    let mut expected = 0;
    let mut odd = None;
    let answered = client.pipeline(&mut (0..size).map(line), &mut |answer| {
        let known = answer["result"].is_object() || kind(answer) == "no_such_call";
        if answer["id"] != json!(expected) || !known {
            odd.get_or_insert_with(|| answer.clone());
        }
        expected += 1;
    })?;
    match odd {
        Some(answer) => Err(wrong("a command", &answer)),
        None if answered == size as u64 => Ok(()),
        None => Err(io::Error::other(format!("{answered} of {size} commands were answered"))),
    }
}

/// Connects and leaves. Whoever finds the queue full tries again, as the kernel asks of clients.
fn storm(socket: &Path, size: usize) -> io::Result<()> {
    let socket = socket.to_owned();
    crowd(8, move |_| {
        for _ in 0..size.div_ceil(8) {
            drop(Client::silent(&socket)?);
        }
        Ok(())
    });
    Ok(())
}

fn hellos(socket: &Path, size: usize) -> io::Result<()> {
    let socket = socket.to_owned();
    crowd(8, move |_| {
        for _ in 0..size.div_ceil(32) {
            drop(Client::greeted(&socket)?);
        }
        Ok(())
    });
    Ok(())
}
