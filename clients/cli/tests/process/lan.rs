//! A local network of our own: mDNS finds a contact whose card has no addresses.

use std::process::Command;

use ahoy_tests::process::tell;

use crate::scene::AHOY;

/// A network with one private address, two daemons in it, and a call between them.
const SCRIPT: &str = r#"
set -eu
ip link set lo up
ip link add lan0 type veth peer name lan1
ip address add 10.9.0.1/24 dev lan0
ip link set lan1 up
ip link set lan0 up
ip route add default dev lan0
a=$(mktemp -d) b=$(mktemp -d)
at() { home=$1; shift; "$AHOY" --home "$home" --json "$@"; }
trap 'at "$a" stop || true; at "$b" stop || true; rm -rf "$a" "$b"' EXIT
at "$a" start --audio-in none --audio-out none
at "$b" start --audio-in none --audio-out none
card() { "$AHOY" --home "$1" card --no-addresses; }
at "$a" contact add "$(card "$b")" --name b
at "$b" contact add "$(card "$a")" --name a
at "$a" call b --wait ringing --timeout 30
at "$b" answer --wait active --timeout 30
"#;

fn in_a_network_of_its_own() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "sh", "-c"]);
    command
}

#[test]
fn with_mdns_a_card_without_addresses_is_enough() {
    let able = in_a_network_of_its_own().arg("ip link add lan0 type veth peer name lan1").output();
    if !able.is_ok_and(|output| output.status.success()) {
        tell("skipped: no network namespace can be made here (unshare and ip are needed), so mDNS is not tried");
        return;
    }
    let output = in_a_network_of_its_own().arg(SCRIPT).env("AHOY", AHOY).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(r#""state":"active""#), "{said}");
}
